/** What each thread is, and what it keeps from others: the one reader of slots. Any thread, any context: no lock, no wait. */
import type { Geometry } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import {
  CACHE_SLOT,
  CACHE_SLOT_WORDS,
  CALLBACK_LIST,
  NAME_WORDS,
  SLOT,
  SLOT_STATE,
  TURN_OPEN,
} from '../layout/thread-slot.js';
import { BYTES_PER_WORD } from '../words/units.js';
import { decodeUtf8 } from '../words/utf8.js';
import type { Words } from '../words/words.js';
import { readBetween, readCaches, readObjects, readSheaf, readSlots } from './plausible.js';

/** A thread that has joined the heap. */
export interface ThreadStats {
  readonly slot: number;
  readonly name: string;
  /** How many threads have had the slot so far, this one included. */
  readonly generation: number;
  /** It is in a turn: no grace period that starts now ends before the turn does. */
  readonly inTurn: boolean;
}

/** What a slot keeps, its thread's or what a thread has left there. */
export interface SlotHolding {
  /** Pages on its lists. */
  readonly listPages: number;
  /** Objects that it has waiting for a grace period. */
  readonly objectsWaiting: number;
  /** Callbacks that it has waiting for a grace period, or to be called. */
  readonly callbacksWaiting: number;
}

export interface ThreadHolding extends ThreadStats, SlotHolding {}

/** Of all threads that have joined, by slot. */
export function readThreadHoldings(words: Words, geometry: Geometry): ThreadHolding[] {
  const threads: ThreadHolding[] = [];
  const slots = readSlots(words, geometry);
  for (let slot = 0; slot < slots; slot++) {
    const thread = readThread(words, geometry, slot);
    if (thread !== undefined) threads.push({ ...thread, ...readSlotHolding(words, geometry, slot) });
  }
  return threads;
}

/** The thread in a slot; undefined where none is. */
export function readThread(words: Words, geometry: Geometry, slot: number): ThreadStats | undefined {
  const start = slotStart(geometry, slot);
  if (words.loadPlain(start + SLOT.state) === SLOT_STATE.free) return undefined;
  const bytes = new Uint8Array(readBetween(words, start + SLOT.nameBytes, 0, NAME_WORDS * BYTES_PER_WORD));
  words.readBytesPlain(start + SLOT.name, bytes, bytes.length);
  return {
    slot,
    name: decodeUtf8(bytes),
    generation: words.loadPlain(start + SLOT.generation) >>> 0,
    inTurn: (words.loadPlain(start + SLOT.turn) & TURN_OPEN) !== 0,
  };
}

export function readSlotHolding(words: Words, geometry: Geometry, slot: number): SlotHolding {
  const start = slotStart(geometry, slot);
  return {
    listPages: readBetween(words, start + SLOT.listPages, 0, geometry.totalPages),
    objectsWaiting: readWaiting(words, geometry, start),
    callbacksWaiting: readObjects(words, geometry, start + SLOT.callbacks + CALLBACK_LIST.length),
  };
}

/** Objects that the slot has waiting: in sealed sheaves, by their RcuHeads, in sheaves that are still being filled. */
function readWaiting(words: Words, geometry: Geometry, start: number): number {
  let objects =
    readObjects(words, geometry, start + SLOT.waitingObjects) +
    readObjects(words, geometry, start + SLOT.heads + CALLBACK_LIST.length);
  const caches = readCaches(words, geometry);
  for (let id = 0; id < caches; id++) {
    const place = start + SLOT.caches + id * CACHE_SLOT_WORDS;
    objects += readSheaf(words, geometry, words.loadPlain(place + CACHE_SLOT.rcu));
  }
  return objects;
}
