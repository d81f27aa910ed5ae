/**
 * The header's share of an audit: are the constants a heap's, do the regions follow from them, and do the
 * header's own shared words make sense. Everything else is found through these numbers, so an audit goes no
 * further where they contradict each other.
 */
import {
  type ConstantWord,
  type Geometry,
  HEADER,
  HEADER_WORDS,
  LAYOUT_VERSION,
  MAGIC_0,
  MAGIC_1,
  readGeometry,
} from '../layout/heap-header.js';
import { planHeap } from '../layout/heap-layout.js';
import { MAX_LEVEL } from '../layout/map-record.js';
import { MAX_SHEAF_CAPACITY, SHEAF } from '../layout/sheaf-record.js';
import { TURN_OPEN } from '../layout/thread-slot.js';
import { MAX_HEAP_BYTES, PAGE_BYTES, PAGE_WORDS } from '../words/units.js';
import type { Words } from '../words/words.js';
import type { Books } from './books.js';
import { PHASE_MASK } from './sequence-numbers.js';

const MAX_SLOTS = 255;
/** Owners of pages have 20 bits. */
const MAX_CACHES = 2 ** 20;
const MAX_INT32 = 2 ** 31 - 1;

/** Constants that are chosen, with the values that the rest of the layout can stand. */
const RANGES: readonly (readonly [name: ConstantWord, from: number, to: number])[] = [
  ['totalPages', 1, MAX_HEAP_BYTES / PAGE_BYTES],
  ['slots', 1, MAX_SLOTS],
  ['maxCaches', 1, MAX_CACHES],
  ['sheafCapacity', 1, MAX_SHEAF_CAPACITY],
  ['barnSheaves', 0, MAX_INT32],
  ['minPartialSlabs', 0, MAX_INT32],
  ['maxSlabObjects', 1, MAX_INT32],
  ['pageListHighMin', 0, MAX_INT32],
  ['pageListHighMax', 0, MAX_INT32],
  ['pageListFloor', 0, MAX_INT32],
  ['minFreePages', 0, MAX_INT32],
  ['pageListBatch', 0, MAX_INT32],
  ['turnOperations', 0, MAX_INT32],
  ['spinRounds', 0, MAX_INT32],
  ['mapBucketsLog2', 1, MAX_LEVEL],
];

/** Constants that planHeap() derives from the others. */
const DERIVED: readonly ConstantWord[] = [
  'firstPage',
  'slotWords',
  'slotsStart',
  'zones',
  'zonesStart',
  'zonePages',
  'cachesStart',
  'descriptorsStart',
  'turnSnapshotsStart',
];

/** What is wrong with the constants; empty when everything may be found through them. */
export function constantProblems(words: Words): string[] {
  if (words.lengthWords < HEADER_WORDS) {
    return [`the buffer holds ${words.lengthWords} words, the header of a heap takes ${HEADER_WORDS}`];
  }
  const geometry = readGeometry(words);
  if (geometry.magic0 !== MAGIC_0 || geometry.magic1 !== MAGIC_1) {
    return [
      `the buffer starts with ${geometry.magic0} ${geometry.magic1}, a heap with ${MAGIC_0} ${MAGIC_1}`,
    ];
  }
  if (geometry.version !== LAYOUT_VERSION) {
    return [`the layout has version ${geometry.version}, this code reads version ${LAYOUT_VERSION}`];
  }
  const problems: string[] = [];
  for (const [name, from, to] of RANGES) {
    if (geometry[name] >= from && geometry[name] <= to) continue;
    problems.push(`the header's ${name} is ${geometry[name]}, allowed are ${from} to ${to}`);
  }
  if (problems.length > 0) return problems;
  if (geometry.totalPages * PAGE_WORDS !== words.lengthWords) {
    return [`the header counts ${geometry.totalPages} pages, the buffer holds ${words.lengthWords} words`];
  }
  return derivedProblems(geometry);
}

function derivedProblems(geometry: Geometry): string[] {
  const problems: string[] = [];
  const planned = planHeap(geometry);
  for (const name of DERIVED) {
    if (geometry[name] === planned[name]) continue;
    problems.push(`the header's ${name} is ${geometry[name]}, its other constants make it ${planned[name]}`);
  }
  return problems;
}

/** Looks at the header's shared words that no list hangs on. */
export function checkHeader(books: Books): void {
  const { words } = books;
  const sheafCount = words.loadPlain(HEADER.bootstrapSheaf + SHEAF.count);
  const sheafCapacity = words.loadPlain(HEADER.bootstrapSheaf + SHEAF.capacity);
  if (sheafCount !== 0 || sheafCapacity !== 0) {
    books.report(`the bootstrap sheaf holds ${sheafCount} objects of ${sheafCapacity}, it must hold 0 of 0`);
  }
  checkGracePeriod(books);
}

function checkGracePeriod(books: Books): void {
  const { words, geometry } = books;
  const sequence = words.loadPlain(HEADER.gracePeriodSequence);
  const phase = sequence & PHASE_MASK;
  if (phase > 1) books.report(`the grace-period sequence is ${sequence}: phase ${phase}, phases are 0 and 1`);
  for (let slot = 0; slot < geometry.slots; slot++) {
    const noted = words.loadPlain(geometry.turnSnapshotsStart + slot);
    if (noted !== 0 && (noted & TURN_OPEN) === 0) {
      books.report(`the turn that the grace period noted of slot ${slot} is ${noted}, which is no open turn`);
    } else if (noted !== 0 && phase === 0) {
      books.report(`no grace period runs, and turn ${noted} of slot ${slot} is noted`);
    }
  }
}
