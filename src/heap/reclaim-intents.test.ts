/** What reclaim calls in the middle of an operation: a function of the program, which allocates, and may be where the thread dies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBalanced } from '../../tests/support/balanced.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { attachMortal, reap } from '../../tests/support/mortal.js';
import { partsOf, plainHeapsOnly, Stage } from '../../tests/support/stage.js';
import { INTENT_FRAMES, SLOT } from '../layout/thread-slot.js';
import type { Heap } from '../shared-heap.js';
import type { Address } from '../words/units.js';

plainHeapsOnly();

const SIZES = { tiny: { pages: 256, threads: 4, maxCaches: 160 } };
const BYTES = 64;
/** More than the heap has room for. */
const ROUNDS = 150;

function newStage(): Stage {
  return new Stage(CONFIGURATIONS[1]!, SIZES);
}

function ignoreErrors(act: () => void): void {
  try {
    act();
  } catch (error) {
    assert.ok(/OutOfMemoryError|GroupLimitError/.test((error as Error).name), String(error));
  }
}

test('reclaimInGroup, of a thread that dies in a shrinker leaves that what it has taken', () => {
  const stage = newStage();
  const victim = attachMortal(stage, 'victim');
  const { heap } = victim;
  const places = stage.hold(stage.heap.kmalloc(BYTES)) as number;
  stage.words.fillPlain(places, places + 2, 0);
  const group = heap.group('g', { maxBytes: 4096 });
  let taken = 0 as Address;
  group.registerShrinker({
    name: 'taker',
    count: () => 1,
    scan() {
      taken = heap.kmalloc(BYTES);
      heap.words.store(places + 1, taken);
      victim.dieAt(0, () => heap.words.load(places));
      return 0;
    },
  });
  const died = victim.dieAt(Number.POSITIVE_INFINITY, () => {
    group.run(() => heap.map<number, string>('m', { group }).set(1, 'x'.repeat(5000)));
  });
  assert.ok(died && taken !== 0);
  reap(stage.heap, victim);
  assert.equal(stage.words.load(places + 1), taken);
  assertBalanced(stage.heap, [...stage.held, taken]);
  stage.heap.kfree(taken);
});

/** Everything that has memory in hand, one inside the other. */
function allocateAll(heap: Heap, name: string): void {
  const group = heap.group('g');
  ignoreErrors(() => void heap.map<string, string>('m', { group }).set(name, 'x'.repeat(300)));
  ignoreErrors(() => void heap.map(name, { group }).set(name, name));
  ignoreErrors(() => void heap.mempool(`pool ${name}`, 4, { bytes: BYTES }));
}

test('reclaimFor, in what reclaim calls does nothing: intents never nest deeper than a slot has room for', () => {
  const stage = newStage();
  const { heap } = stage;
  const reader = stage.attach('reader');
  const { words, membership } = partsOf(heap);
  let deepest = 0;
  const { storePlain } = words;
  words.storePlain = (word, value) => {
    if (word === membership.start + SLOT.intentDepth) deepest = Math.max(deepest, value);
    storePlain.call(words, word, value);
  };
  let called = 0;
  let calls = 0;
  let scans = 0;
  const id = heap.rcu.register('f', (head) => {
    calls += heap.words.load(membership.start + SLOT.reclaiming);
    allocateAll(heap, `called ${called++}`);
    heap.kfree(head as Address);
  });
  heap.registerShrinker({
    name: 'taker',
    count: () => 1,
    scan() {
      allocateAll(heap, `scanned ${scans++}`);
      // What was called for waits until here: it is called by who reclaims.
      reader.host.runMicrotasks();
      return 0;
    },
  });
  for (let round = 0; round < ROUNDS; round++) {
    partsOf(reader.heap).turn.pin();
    ignoreErrors(() => heap.rcu.call(heap.kmalloc(BYTES), id));
    // From here on no address is held, and reclaim may end the turn.
    heap.idle(() => {});
    ignoreErrors(
      () => void heap.map<number, string>('m', { group: heap.group('g') }).set(round, 'y'.repeat(900)),
    );
    ignoreErrors(() => void heap.mempool(`p ${round}`, 4, { bytes: 3000 }));
  }
  assert.ok(calls > 0 && scans > 0, `${calls} calls while it reclaims, ${scans} scans`);
  assert.ok(deepest > 3 && deepest <= INTENT_FRAMES, `${deepest} intents`);
});
