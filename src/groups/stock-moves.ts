/**
 * Stock moves: what changes in a thread's stock together with other words of its own, told in its slot, so that who reaps
 * the thread makes it whole, wherever it stopped.
 *
 *     swap          the front and another place: four words, written down first
 *     with a sheaf  an object and its charge: the front says what it holds, and as of what count of which main sheaf:
 *                   cache:9 | count + 1:6 | granules:17. It is stored before the count is, and so, where that is one off,
 *                   the front is off by what an object costs. The upper bits are 0 where nothing is said.
 *     uncharged     an object's last word is 0, and then its charge is in the front
 *
 * Who may call: the slot's thread, in a turn. repairStock() who reaps the slot, first of all: other steps change sheaves.
 *
 * I1  Words of a swap, and of what is uncharged, are 0 but during it.
 * I2  Whoever changes a main sheaf of accounted objects otherwise has the front say nothing about it first: settleFront().
 */
import { CACHE } from '../layout/cache-record.js';
import { GRANULE_WORDS } from '../layout/group-record.js';
import { type Geometry, HEADER } from '../layout/heap-header.js';
import { cacheStart } from '../layout/heap-layout.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { CACHE_SLOT_WORDS, SLOT, STOCK, STOCK_GRANULES_MASK, STOCK_WORDS } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';

const COUNT_SHIFT = 17;
const COUNT_MASK = (1 << 6) - 1;
const CACHE_SHIFT = 23;
const CACHE_MASK = (1 << 9) - 1;

/** Gives `record` the front place with `granules`, and what was there the place at `place`. */
export function swapWithFront(
  words: Words,
  slot: number,
  place: number,
  record: number,
  granules: number,
): void {
  const front = slot + SLOT.stock;
  const note = slot + SLOT.stockSwap;
  words.storePlain(note + 1, words.loadPlain(front + STOCK.group));
  words.storePlain(note + 2, words.loadPlain(front + STOCK.granules) & STOCK_GRANULES_MASK);
  words.storePlain(note + 3, record);
  words.storePlain(note + 4, granules);
  words.storePlain(note, place);
  finishSwap(words, slot);
}

/** Makes the stock whole that a thread was stopped in the middle of using. As often as one likes. */
export function repairStock(words: Words, geometry: Geometry, slot: number): void {
  if (words.loadPlain(slot + SLOT.stockSwap) !== 0) finishSwap(words, slot);
  const word = words.loadPlain(slot + SLOT.unchargedWord);
  const front = slot + SLOT.stock + STOCK.granules;
  if (word !== 0 && words.loadPlain(word) === 0) {
    words.storePlain(front, words.loadPlain(slot + SLOT.unchargedFront));
  }
  words.storePlain(slot + SLOT.unchargedWord, 0);
  const held = words.loadPlain(front);
  if (held >>> COUNT_SHIFT !== 0) words.storePlain(front, frontAsItIs(words, geometry, slot, held));
}

/** From here on the front says what it holds, and nothing of a sheaf. */
export function settleFront(words: Words, slot: number): void {
  const front = slot + SLOT.stock + STOCK.granules;
  const held = words.loadPlain(front);
  if (held >>> COUNT_SHIFT !== 0) words.storePlain(front, held & STOCK_GRANULES_MASK);
}

function finishSwap(words: Words, slot: number): void {
  const front = slot + SLOT.stock;
  const note = slot + SLOT.stockSwap;
  const place = words.loadPlain(note);
  for (let i = 0; i < STOCK_WORDS; i++) {
    words.storePlain(place + i, words.loadPlain(note + 1 + i));
    words.storePlain(front + i, words.loadPlain(note + 1 + STOCK_WORDS + i));
  }
  words.storePlain(note, 0);
}

/** What the front holds as things stand: an object is out of its sheaf, or in it, or not yet. */
function frontAsItIs(words: Words, geometry: Geometry, slot: number, held: number): number {
  const id = accountedCache(words, held >>> CACHE_SHIFT);
  const sheaf = words.loadPlain(slot + SLOT.caches + id * CACHE_SLOT_WORDS);
  const more = words.loadPlain(sheaf + SHEAF.count) + 1 - ((held >>> COUNT_SHIFT) & COUNT_MASK);
  const cost = words.loadPlain(cacheStart(geometry, id) + CACHE.objectWords) / GRANULE_WORDS;
  return (held & STOCK_GRANULES_MASK) + more * cost;
}

/** The accounted cache of which these are the lowest bits: there are fewer of them than such numbers. */
function accountedCache(words: Words, bits: number): number {
  // slab-caches:P1: the dead thread knew it.
  const first = words.load(HEADER.accountedCaches);
  return first + ((bits - first) & CACHE_MASK);
}
