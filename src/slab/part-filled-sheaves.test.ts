/** Sheaves that come back from a grace period less than half full, or where the barn has its fill. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cacheWord, classOf, objectsOf, sheafAt } from '../../tests/support/cache-words.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { partsOf, plainHeapsOnly, Stage } from '../../tests/support/stage.js';
import { HEADER } from '../layout/heap-header.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { CACHE_SLOT, CACHE_SLOT_WORDS, SLOT } from '../layout/thread-slot.js';
import { GFP_NOWAIT } from '../pages/gfp.js';
import type { Heap } from '../shared-heap.js';
import type { Address } from '../words/units.js';

plainHeapsOnly();

const BYTES = 64;
const ID = classOf(BYTES);
/** Sheaves of 8: half is 4. */
const CAPACITY = 8;

function makeStage(barnSheaves = 4): Stage {
  const all = { sheafCapacity: CAPACITY, barnSheaves, debug: false, validate: false };
  return new Stage(CONFIGURATIONS[0]!, { all });
}

const take = (heap: Heap, count: number): Address[] =>
  Array.from({ length: count }, () => heap.kmalloc(BYTES));
const counts = (heap: Heap): number[] =>
  (['main', 'spare'] as const).map((place) => objectsOf(heap, sheafAt(heap, ID, place)).length);
const counter = ({ words, heap }: Stage, word: number): number =>
  words.loadPlain(partsOf(heap).membership.start + word);

/** Retires objects, and lets their grace period pass. */
function retire(stage: Stage, objects: readonly Address[]): void {
  stage.heap.kfreeRcuBulk(objects);
  stage.settle();
}

function finish(stage: Stage): void {
  stage.endTurns();
  stage.balance();
}

test('putFullSheaf(), gives what is in a sheaf less than half full to main, and the empty one to the barn', () => {
  const stage = makeStage();
  const { heap } = stage;
  const objects = take(heap, 4);
  const [main] = counts(heap);
  assert.equal(main, CAPACITY - 4);
  const small = objects.slice(0, 3);
  retire(stage, small);
  assert.deepEqual(counts(heap), [main! + 3, 0]);
  assert.deepEqual(new Set(objectsOf(heap, sheafAt(heap, ID, 'main')).slice(main)), new Set(small));
  assert.deepEqual([cacheWord(heap, ID, 'fullSheaves'), cacheWord(heap, ID, 'emptySheaves')], [0, 1]);
  assert.deepEqual([counter(stage, SLOT.sheavesReused), counter(stage, SLOT.sheavesFlushed)], [0, 0]);
  heap.kfree(objects[3]!);
  finish(stage);
});

test('putFullSheaf(), passes on a sheaf that is half full whole', () => {
  const stage = makeStage();
  const { heap } = stage;
  const objects = take(heap, 4);
  retire(stage, objects);
  assert.deepEqual(counts(heap), [CAPACITY - 4, 0]);
  assert.deepEqual(objectsOf(heap, cacheWord(heap, ID, 'fullHead')), objects);
  assert.equal(counter(stage, SLOT.sheavesReused), 1);
  finish(stage);
});

test('putFullSheaf(), fills the spare too, and passes the sheaf on whole where both have not enough room', () => {
  const stage = makeStage();
  const { heap } = stage;
  const objects = take(heap, 3 * CAPACITY);
  // Main full but for one, the spare full but for two.
  heap.shrink();
  heap.kfreeBulk(objects.splice(0, CAPACITY + 1));
  heap.kfreeBulk(objects.splice(0, CAPACITY - 2));
  assert.deepEqual(counts(heap), [CAPACITY - 1, CAPACITY]);
  const spare = take(heap, CAPACITY - 1 + 2);
  heap.kfreeBulk(spare.splice(0, 1));
  const [main, other] = counts(heap);
  const room = 2 * CAPACITY - main! - other!;
  assert.ok(room >= 3);
  retire(stage, spare.splice(0, 3));
  assert.equal(counter(stage, SLOT.sheavesReused), 0);
  const [mainNow, otherNow] = counts(heap);
  assert.equal(mainNow! + otherNow!, main! + other! + 3);
  while (counts(heap)[0]! + counts(heap)[1]! < 2 * CAPACITY - 1) heap.kfree(objects.pop() ?? spare.pop()!);
  const rest = [...objects, ...spare];
  retire(stage, rest.splice(0, 2));
  assert.equal(counter(stage, SLOT.sheavesReused), 1);
  heap.kfreeBulk(rest);
  finish(stage);
});

test('putFullSheaf(), of a thread without sheaves goes to the barn', () => {
  const stage = makeStage();
  const { heap } = stage;
  const consumer = stage.attach();
  consumer.heap.kfreeRcu(heap.kmalloc(BYTES));
  stage.settle();
  assert.equal(cacheWord(heap, ID, 'fullSheaves'), 1);
  assert.deepEqual(counts(consumer.heap), [0, 0]);
  finish(stage);
});

test('putFullSheaf(), with the barn full fills main and spare, and only flushes the rest', () => {
  const stage = makeStage(0);
  const { heap } = stage;
  const objects = take(heap, CAPACITY + 3);
  const [main, spare] = counts(heap);
  const room = CAPACITY - main!;
  assert.equal(spare, 0);
  assert.ok(room > 0 && room < CAPACITY);
  retire(stage, objects.splice(0, CAPACITY));
  assert.deepEqual(counts(heap), [CAPACITY, 0]);
  assert.equal(counter(stage, SLOT.sheavesFlushed), 1);
  assert.equal(counter(stage, SLOT.sheavesReused), 0);
  heap.kfreeBulk(objects);
  finish(stage);
});

test('putFullSheaf(), inside a slow path of the thread leaves main and spare alone', () => {
  const stage = makeStage();
  const { heap } = stage;
  const cache = partsOf(heap).caches.view(ID);
  const objects = take(heap, 2);
  const before = counts(heap)[0];
  const sheaf = cache.takeEmptySheaf(GFP_NOWAIT);
  stage.words.storePlain(sheaf, 2);
  for (const [i, p] of objects.entries()) stage.words.storePlain(sheaf + SHEAF.objects + i, p);
  const { start } = partsOf(heap).membership;
  const main = start + SLOT.caches + ID * CACHE_SLOT_WORDS;
  const held = stage.words.loadPlain(main);
  // As SlabCache has it while it is inside: the sheaf in hand, and the bootstrap sheaf for main.
  stage.words.storePlain(main + CACHE_SLOT.inHand, held);
  stage.words.storePlain(main, HEADER.bootstrapSheaf);
  assert.equal(cache.putFullSheaf(sheaf), true);
  stage.words.storePlain(main, held);
  stage.words.storePlain(main + CACHE_SLOT.inHand, 0);
  assert.equal(counts(heap)[0], before);
  finish(stage);
});
