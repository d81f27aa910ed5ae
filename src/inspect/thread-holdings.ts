/** What each thread keeps from others: for a report of who holds what. Any thread, any context: no lock, no wait. */
import { type Geometry, HEADER } from '../layout/heap-header.js';
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
import { readBetween, readCaches, readSheaf, readSlots } from './plausible.js';

/** One thread that has joined. */
export interface ThreadHolding {
  readonly slot: number;
  readonly name: string;
  /** Pages on its lists. */
  readonly listPages: number;
  /** Objects that it has waiting for a grace period. */
  readonly objectsWaiting: number;
  /** It is in a turn: no grace period that starts now ends before the turn does. */
  readonly inTurn: boolean;
}

export function readThreadHoldings(words: Words, geometry: Geometry): ThreadHolding[] {
  const threads: ThreadHolding[] = [];
  const slots = readSlots(words, geometry);
  for (let slot = 0; slot < slots; slot++) {
    const start = slotStart(geometry, slot);
    if (words.loadPlain(start + SLOT.state) !== SLOT_STATE.free)
      threads.push(readThread(words, geometry, slot));
  }
  return threads;
}

function readThread(words: Words, geometry: Geometry, slot: number): ThreadHolding {
  const start = slotStart(geometry, slot);
  const bytes = new Uint8Array(readBetween(words, start + SLOT.nameBytes, 0, NAME_WORDS * BYTES_PER_WORD));
  words.readBytesPlain(start + SLOT.name, bytes, bytes.length);
  return {
    slot,
    name: decodeUtf8(bytes),
    listPages: readBetween(words, start + SLOT.listPages, 0, geometry.totalPages),
    objectsWaiting: readWaiting(words, geometry, start),
    inTurn: (words.loadPlain(start + SLOT.turn) & TURN_OPEN) !== 0,
  };
}

/** In sealed sheaves, on the callback list, and in sheaves that are being filled. */
function readWaiting(words: Words, geometry: Geometry, start: number): number {
  const sealed = words.loadPlain(start + SLOT.waitingObjects);
  const listed = words.loadPlain(start + SLOT.callbacks + CALLBACK_LIST.length);
  let objects = Math.max(0, sealed) + Math.max(0, listed);
  const caches = readCaches(words, geometry);
  for (let id = 0; id < caches; id++) {
    const sheaf = words.loadPlain(start + SLOT.caches + id * CACHE_SLOT_WORDS + CACHE_SLOT.rcu);
    if (sheaf !== HEADER.bootstrapSheaf) objects += readSheaf(words, geometry, sheaf);
  }
  return objects;
}
