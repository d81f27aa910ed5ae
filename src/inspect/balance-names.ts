/**
 * The registry's share of an audit: walks the names, and what each stands for. All that threads can find by
 * themselves hangs on this list.
 *
 *     header.registryHead -> name record -> name record -> 0        record: kind, target, name
 */
import { HEADER } from '../layout/heap-header.js';
import { NAME, NAME_KIND } from '../layout/name-record.js';
import { wordsFor } from '../words/units.js';
import { decodeUtf8 } from '../words/utf8.js';
import { checkCallbackRecord } from './balance-callbacks.js';
import { checkLockRecord, isLockKind, lockKindName } from './balance-lock-records.js';
import { checkMap } from './balance-maps.js';
import { checkMempool } from './balance-mempools.js';
import type { Books } from './books.js';
import { REACH, reach, reachOnce, roomWords } from './reach.js';
import { whatIs } from './what-is.js';

/** The list of names, where it breaks off. */
export const NAMES = 'names';

export function checkNames(books: Books, isQuiescent: boolean): void {
  const { words } = books;
  const seen = new Set<string>();
  for (let record = words.loadPlain(HEADER.registryHead); record !== 0; ) {
    if (!reachOnce(books, record, NAME.name, 'a name record')) {
      books.brokenLists.add(NAMES);
      return;
    }
    checkRecord(books, record, seen, isQuiescent);
    record = words.loadPlain(record + NAME.next);
  }
}

function checkRecord(books: Books, record: number, seen: Set<string>, isQuiescent: boolean): void {
  const { words } = books;
  const nameBytes = words.loadPlain(record + NAME.nameBytes);
  const room = (roomWords(books, record) - NAME.name) * 4;
  if (nameBytes < 1 || nameBytes > room) {
    books.report(
      `the name record at ${record} has a name of ${nameBytes} bytes, it has room for 1 to ${room}`,
    );
    return;
  }
  const name = readName(books, record, nameBytes);
  const kind = words.loadPlain(record + NAME.kind);
  const target = words.loadPlain(record + NAME.target);
  if (seen.has(`${kind} ${name}`)) books.report(`two name records of kind ${kind} are named '${name}'`);
  seen.add(`${kind} ${name}`);
  if (kind === NAME_KIND.map) checkMap(books, target, `map '${name}'`, isQuiescent);
  else if (kind === NAME_KIND.slabCache) checkCacheName(books, target, name);
  else if (kind === NAME_KIND.mempool) checkMempool(books, target, `mempool '${name}'`, isQuiescent);
  else if (isLockKind(kind)) checkLockRecord(books, target, kind, `${lockKindName(kind)} '${name}'`);
  else if (kind === NAME_KIND.rcuCallback) checkCallbackRecord(books, target, `callback '${name}'`);
  else books.report(`the name record at ${record} of '${name}' has kind ${kind}, kinds are 1 to 9`);
}

function checkCacheName(books: Books, target: number, name: string): void {
  const last = books.caches.length - 1;
  if (target >= 1 && target <= last) return;
  books.report(`slab cache '${name}' is cache ${target}, named caches are 1 to ${last}`);
}

function readName(books: Books, record: number, nameBytes: number): string {
  const bytes = new Uint8Array(wordsFor(nameBytes) * 4);
  books.words.readBytesPlain(record + NAME.name, bytes, nameBytes);
  return decodeUtf8(bytes.subarray(0, nameBytes));
}

/** Marks what the caller of the audit holds in its hands. */
export function reachHeld(books: Books, held: Iterable<number>): void {
  for (const address of held) {
    const isInUse = reach(books, address, 1) !== REACH.notInUse;
    if (isInUse || books.isObscure(address)) continue;
    books.report(`held address ${address} is ${whatIs(books, address)}`);
  }
}
