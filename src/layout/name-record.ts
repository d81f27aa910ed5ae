/**
 * A name: how a thread finds what another has made. Records are linked from the header, newest first, and are
 * never taken away.
 *
 *     word 0  next       published under registryLock, walked without it
 *     word 1  kind       NAME_KIND
 *     word 2  target     address of the thing (map record, lock record, mempool record, callback record), or cache id
 *     word 3  nameBytes
 *     word 4  name       UTF-8
 *
 * P1  The record's words are published by the store to header.registryHead, observed by dereferencing it.
 */
import { LOCK_KIND } from './lock-record.js';

export const NAME = { next: 0, kind: 1, target: 2, nameBytes: 3, name: 4 } as const;

export const NAME_KIND = { map: 1, slabCache: 2, ...LOCK_KIND, mempool: 8, rcuCallback: 9 } as const;

/**
 * What is in hand while a name is made (INTENT_KIND.name): memory of which nothing is to be known to give it back; a mempool,
 * whose elements go back first; a memory group and perhaps the first table of them, which no name record leads to.
 */
export const NAME_INTENT = { plain: 0, mempool: 1, group: 2 } as const;
