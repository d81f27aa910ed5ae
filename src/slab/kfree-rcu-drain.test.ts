/** When what waits moves on, and how much it is said to be. */
import assert from 'node:assert/strict';
import { cacheWord, classOf } from '../../tests/support/cache-words.js';
import { exhaust } from '../../tests/support/exhaust.js';
import { heapTest, partsOf, type Stage } from '../../tests/support/stage.js';
import { PAGE_WORDS } from '../words/units.js';

const BYTES = 64;
const ID = classOf(BYTES);
const DRAIN = 20;
const POLL = 3;
const SIZES = { all: { drainMillis: DRAIN, pollMillis: POLL, debug: false }, tiny: { pages: 64 } };

function retire({ heap }: Stage, count: number): void {
  for (let i = 0; i < count; i++) heap.kfreeRcu(heap.kmalloc(BYTES));
}

heapTest(
  'a part-filled sheaf waits for drainMillis; once one is sealed, the timer that is set comes after pollMillis',
  (stage) => {
    const { heap, host } = stage;
    const reader = stage.attach();
    partsOf(reader.heap).turn.pin();
    retire(stage, 1);
    host.runMicrotasks();
    assert.deepEqual(host.timers, [DRAIN]);
    host.advance(5);
    assert.deepEqual(host.timers, [DRAIN - 5]);
    // Seals the full one.
    retire(stage, cacheWord(heap, ID, 'sheafCapacity'));
    host.runMicrotasks();
    assert.deepEqual(host.timers, [POLL]);
    reader.host.runMicrotasks();
    host.advance(POLL);
    assert.equal(stage.stats().objectsWaiting, 0);
    assert.deepEqual(host.timers, []);
  },
  SIZES,
);

heapTest(
  'a block of pages does not wait for the drain timer',
  (stage) => {
    const { heap, host } = stage;
    const reader = stage.attach();
    partsOf(reader.heap).turn.pin();
    heap.kfreeRcu(heap.kmalloc(10_000));
    host.runMicrotasks();
    assert.deepEqual(host.timers, [POLL]);
    reader.host.runMicrotasks();
    host.advance(POLL);
    assert.equal(stage.stats().objectsWaiting, 0);
  },
  SIZES,
);

heapTest(
  'waitingWords counts sealed sheaves, heads and blocks, and goes with what is handed over',
  (stage) => {
    const leaver = stage.attach();
    const reader = stage.attach();
    partsOf(reader.heap).turn.pin();
    const { heap } = leaver;
    const objectWords = BYTES / 4;
    for (let i = 0; i < 3; i++) heap.kfreeRcu(heap.kmalloc(BYTES));
    heap.kfreeRcu(heap.kmalloc(10_000));
    assert.equal(stage.stats().waitingWords, stage.isTiny ? 2 * objectWords : 0, 'in hand it does not count');
    partsOf(heap).driver.seal();
    const sealed = 3 * objectWords + 4 * PAGE_WORDS;
    assert.equal(stage.stats().waitingWords, sealed);
    const [p, block] = [heap.kmalloc(1024), heap.kmalloc(10_000)];
    const { giveBack } = exhaust(heap);
    heap.kfreeRcu(p, 4);
    heap.kfreeRcu(block, 40);
    giveBack();
    const all = sealed + 256 + 4 * PAGE_WORDS;
    assert.equal(stage.stats().waitingWords, all);
    heap.detach();
    assert.equal(stage.stats().waitingWords, 0);
    partsOf(stage.heap).turn.pin();
    stage.host.advance(DRAIN);
    assert.equal(stage.stats().waitingWords, all, 'who takes it over counts it');
    reader.host.runMicrotasks();
    stage.settle();
    assert.equal(stage.stats().waitingWords, 0);
  },
  SIZES,
);
