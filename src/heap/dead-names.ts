/**
 * What a dead thread was making that is found by name, and what the lock of names guards.
 *
 *     named already?   done                                     finishName()
 *     not?             its memory and its name's record are given back, and a mempool's elements
 *
 * Who may call: who reaps the slot; repairRegistry() and repairs of mempools: who has taken the lock from the dead.
 *
 * I1  Each can be stopped anywhere and done again: what is freed is told in an intent of its own first.
 */

import { isClosed } from '../groups/group-counter.js';
import { GROUP } from '../layout/group-record.js';
import { HEADER } from '../layout/heap-header.js';
import { MEMPOOL } from '../layout/mempool-record.js';
import { NAME, NAME_INTENT, NAME_KIND } from '../layout/name-record.js';
import { INTENT } from '../layout/thread-slot.js';
import { MEMPOOL_LOCK } from '../locks/lull-classes.js';
import { repairPool } from '../pages/mempool.js';
import type { Words } from '../words/words.js';
import type { Estate } from './estate.js';
import { freeInHand } from './estate-memory.js';
import { GroupTable } from './group-table.js';
import type { HeapParts } from './heap-parts.js';
import { freeAtWord } from './name-intent.js';
import { confirmCaches } from './named-cache-creation.js';

/** Finishes an intent of kind `name`. */
export function finishName({ caches }: HeapParts, estate: Estate, frame: number): void {
  const { words } = estate;
  const kind = words.loadPlain(frame + INTENT.place);
  if (kind === NAME_INTENT.group) {
    finishGroup(estate, frame);
    return;
  }
  const record = words.loadPlain(frame + INTENT.b);
  if (isNamed(words, record)) {
    // named-cache-creation:I1: it counts as made.
    if (words.loadPlain(record + NAME.kind) === NAME_KIND.slabCache) {
      caches.confirm(words.loadPlain(record + NAME.target));
    }
    return;
  }
  if (kind === NAME_INTENT.mempool) discardElements(estate, frame);
  freeUnused(estate, frame + INTENT.b);
  freeUnused(estate, frame + INTENT.a);
}

/** Makes whole what the lock of names guards: the number of caches, and of the groups that are part of each. */
export function repairRegistry({ words, geometry, caches }: HeapParts): void {
  confirmCaches(words, caches);
  caches.forgetUnused();
  const records = new GroupTable(words, geometry).records();
  const children = new Map<number, number>();
  for (const record of records) {
    const parent = isClosed(words, record) ? 0 : words.loadPlain(record + GROUP.parent);
    if (parent !== 0) children.set(parent, (children.get(parent) ?? 0) + 1);
  }
  for (const record of records) words.storePlain(record + GROUP.children, children.get(record) ?? 0);
}

/** Takes over the lock of a mempool where its owner is dead. Returns its name, if it was. */
export function takePoolLock({ words, geometry, locks }: HeapParts, record: number, name: string): string[] {
  const lock = locks.rawSpinLock(record + MEMPOOL.lock, MEMPOOL_LOCK, `mempool ${name}`);
  if (!lock.takeFromDead(geometry)) return [];
  repairPool(words, record);
  lock.release();
  return [lock.name];
}

/** True where the list of names leads to the record. */
function isNamed(words: Words, record: number): boolean {
  // name-record:P1: observes the records, newest first.
  let at = words.dereference(HEADER.registryHead);
  while (at !== 0 && at !== record) at = words.loadPlain(at + NAME.next);
  return at !== 0;
}

/** Of a mempool without a name. */
function discardElements(estate: Estate, frame: number): void {
  const { words, intents } = estate;
  const record = words.loadPlain(frame + INTENT.a);
  if (record === 0) return;
  const last = words.loadPlain(frame + INTENT.b);
  for (;;) {
    // Publishes nothing: nobody else has seen the record.
    const elements = words.load(record + MEMPOOL.elements);
    if (elements === 0) return;
    const place = record + MEMPOOL.objects + elements - 1;
    // It was on the way from the thread's hands into the pool, and is there.
    if (last !== 0 && words.loadPlain(place) === last) intents.takeSecond(frame, 0);
    freeAtWord(words, intents, place, (p) => freeInHand(estate, p));
    // Publishes nothing: as above.
    words.store(record + MEMPOOL.elements, elements - 1);
  }
}

/** A group's record, and the first table of groups: what is not in use is given back. */
function finishGroup(estate: Estate, frame: number): void {
  const { words, geometry } = estate;
  // group-record:P1: observes the table.
  const used = [words.dereference(HEADER.groupTable), ...new GroupTable(words, geometry).records()];
  for (const place of [frame + INTENT.b, frame + INTENT.a]) {
    if (!used.includes(words.loadPlain(place))) freeUnused(estate, place);
  }
}

function freeUnused(estate: Estate, place: number): void {
  const { words, intents } = estate;
  freeAtWord(words, intents, place, (p) => freeInHand(estate, p));
}
