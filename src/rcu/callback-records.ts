/**
 * What all threads know of the registered callbacks: which there are, who has a function for each, and how many wait
 * whose thread is gone.
 *
 * Who may call: any thread of the heap, in any context. Names are never given back, so no turn is needed.
 */
import { CALLBACK, CALLBACK_SLOT_WORDS } from '../layout/callback-record.js';
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { NAME, NAME_KIND } from '../layout/name-record.js';
import { RCU_HEAD, SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import { decodeUtf8 } from '../words/utf8.js';
import type { Words } from '../words/words.js';

/** A callback that was registered, in whatever thread. */
export interface CallbackRecord {
  /** Address of its record (CALLBACK). */
  readonly record: number;
  readonly id: number;
  readonly name: string;
}

/** Callbacks of one id. `record` is 0 where nobody has registered it: its head was overwritten. */
export type CallbackCount = CallbackRecord & { readonly callbacks: number };

/** All of them, the newest first. */
export function callbackRecords(words: Words): CallbackRecord[] {
  const records: CallbackRecord[] = [];
  // name-record:P1: observes each record of the list.
  for (let at = words.dereference(HEADER.registryHead); at !== 0; at = words.loadPlain(at + NAME.next)) {
    if (words.loadPlain(at + NAME.kind) !== NAME_KIND.rcuCallback) continue;
    const record = words.loadPlain(at + NAME.target);
    const bytes = new Uint8Array(words.loadPlain(at + NAME.nameBytes));
    words.readBytesPlain(at + NAME.name, bytes, bytes.length);
    records.push({ record, id: words.loadPlain(record + CALLBACK.id), name: decodeUtf8(bytes) });
  }
  return records;
}

/** How many callbacks of which id are on the list that begins with head `first`. */
export function countCallbacks(words: Words, first: number): CallbackCount[] {
  const counts = new Map<number, number>();
  for (let head = first; head !== 0; head = words.loadPlain(head + RCU_HEAD.next)) {
    const id = words.loadPlain(head + RCU_HEAD.func);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  if (counts.size === 0) return [];
  const known = new Map<number, CallbackRecord>();
  for (const record of callbackRecords(words)) known.set(record.id, record);
  const found: CallbackCount[] = [];
  for (const [id, callbacks] of counts) {
    found.push({ ...(known.get(id) ?? { record: 0, id, name: '' }), callbacks });
  }
  return found;
}

/** The thread of slot number `slot` runs callbacks of that record no more. Returns whether it did before. */
export function forgetCallback(words: Words, record: number, slot: number): boolean {
  const bit = 1 << (slot & 31);
  // callback-record:P1: publishes that it no longer will.
  return (words.and(record + CALLBACK.slots + (slot >>> 5), ~bit) & bit) !== 0;
}

/** The same of all records. Returns those that it ran before. */
export function forgetCallbacks(words: Words, slot: number): CallbackRecord[] {
  const ran: CallbackRecord[] = [];
  for (const known of callbackRecords(words)) if (forgetCallback(words, known.record, slot)) ran.push(known);
  return ran;
}

/** True when a live thread has a function for the record, so that what waits for one there need not be given up. */
export function isRunnable(words: Words, geometry: Geometry, record: number): boolean {
  for (let at = 0; at < CALLBACK_SLOT_WORDS; at++) {
    // callback-record:P1: observes that the thread can run it.
    let bits = words.load(record + CALLBACK.slots + at);
    for (let slot = at << 5; bits !== 0; slot++, bits >>>= 1) {
      if ((bits & 1) !== 0 && isLive(words, geometry, slot)) return true;
    }
  }
  return false;
}

function isLive(words: Words, geometry: Geometry, slot: number): boolean {
  // Publishes nothing: a thread that leaves just now has taken its bit back.
  return words.load(slotStart(geometry, slot) + SLOT.state) === SLOT_STATE.live;
}
