/**
 * Registering callbacks: a name gets an id that is the same in every thread, and this thread a function for it.
 *
 *     register(name, fn)   name -> record: id, and a bit for each thread that has a function     (callback-record.ts)
 *                          id -> fn, in this thread                                              (callback-functions.ts)
 *
 * I1  Ids are given out under the lock of names, in the order of the names.
 */
import { CALLBACK, CALLBACK_WORDS } from '../layout/callback-record.js';
import { HEADER } from '../layout/heap-header.js';
import { NAME, NAME_KIND } from '../layout/name-record.js';
import { FIRST_CALLBACK_ID } from '../layout/thread-slot.js';
import type { CallbackFunction } from '../rcu/callback-functions.js';
import { shown } from '../words/shown.js';
import { BYTES_PER_WORD } from '../words/units.js';
import type { Words } from '../words/words.js';
import type { HeapParts } from './heap-parts.js';

/** Finding and making names, of the heap. */
export interface CallbackNames {
  /**
   * What a name stands for; what `make` returns where it is new: `number` runs for that under the lock of names. Where it is
   * not used, its memory is given back.
   */
  findOrPublish(kind: number, name: string, make: () => number, number: (record: number) => void): number;
  /** Takes memory; throws OutOfMemoryError. */
  take(bytes: number): number;
}

/** Has this thread run `fn` for callbacks of that name from now on. Returns their id. */
export function registerCallback(
  { words, membership, callbackFunctions, orphans, orphanWatch }: HeapParts,
  names: CallbackNames,
  name: string,
  fn: CallbackFunction,
): number {
  requireFunction(name, fn);
  const record = names.findOrPublish(
    NAME_KIND.rcuCallback,
    name,
    () => makeRecord(words, names),
    (fresh) => words.storePlain(fresh + CALLBACK.id, nextId(words)),
  );
  const id = words.loadPlain(record + CALLBACK.id);
  callbackFunctions.set(id, name, fn);
  // callback-record:P1: publishes that this thread can run it.
  words.or(record + CALLBACK.slots + (membership.slot >>> 5), 1 << (membership.slot & 31));
  // What threads that are gone have left of it can be called here.
  orphans.lookAgain();
  orphanWatch.start();
  return id;
}

function requireFunction(name: string, fn: unknown): void {
  if (typeof fn === 'function') return;
  throw new TypeError(
    `registered the RCU callback ${shown(name)} with ${shown(fn)}; it takes a function (head) => void, which this thread ` +
      'calls after a grace period',
  );
}

function makeRecord(words: Words, names: CallbackNames): number {
  const record = names.take(CALLBACK_WORDS * BYTES_PER_WORD);
  words.fillPlain(record, record + CALLBACK_WORDS, 0);
  return record;
}

/** I1: one more than the newest has. */
function nextId(words: Words): number {
  // name-record:P1: observes the record; names are linked newest first.
  let at = words.dereference(HEADER.registryHead);
  while (at !== 0 && words.loadPlain(at + NAME.kind) !== NAME_KIND.rcuCallback) {
    at = words.loadPlain(at + NAME.next);
  }
  if (at === 0) return FIRST_CALLBACK_ID;
  return words.loadPlain(words.loadPlain(at + NAME.target) + CALLBACK.id) + 1;
}
