import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CALLBACK_LIST, RCU_HEAD } from '../layout/thread-slot.js';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { CallbackList } from './callback-list.js';
import { endOf, isDone, snapOf } from './sequence.js';

const LIST = 16;
const FIRST_HEAD = 64;

interface Scene {
  readonly words: NativeWords;
  readonly list: CallbackList;
  /** A fresh RcuHead. */
  readonly nextHead: () => number;
}

function makeList(): Scene {
  const words = new NativeWords(reserveBuffer(64 * 1024));
  let head = FIRST_HEAD;
  return {
    words,
    list: new CallbackList(words, LIST),
    nextHead: () => {
      head += 2;
      return head;
    },
  };
}

function takeAllDone(list: CallbackList): number[] {
  const taken: number[] = [];
  for (let head = list.takeDone(); head !== 0; head = list.takeDone()) taken.push(head);
  return taken;
}

test('enqueue() writes func into the head and counts it; it waits', () => {
  const { words, list } = makeList();
  assert.deepEqual([list.length(), list.isWaiting(), list.takeDone()], [0, false, 0]);
  words.store(100, 77);
  list.enqueue(100, 5);
  assert.deepEqual([words.load(100 + RCU_HEAD.next), words.load(100 + RCU_HEAD.func)], [0, 5]);
  assert.deepEqual([list.length(), list.isWaiting(), list.takeDone()], [1, true, 0]);
});

test('advance() lets nothing go that has no number', () => {
  const { list } = makeList();
  list.enqueue(100, 0);
  list.advance(0x7fffffff);
  list.advance(-4);
  assert.equal(list.takeDone(), 0);
  assert.equal(list.length(), 1);
});

test('accelerate() gives a number, advance() to it lets the heads go in their order', () => {
  const { list } = makeList();
  for (const head of [100, 102, 104]) list.enqueue(head, 0);
  list.accelerate(8);
  list.advance(4);
  assert.equal(list.takeDone(), 0);
  list.advance(8);
  assert.deepEqual(takeAllDone(list), [100, 102, 104]);
  assert.deepEqual([list.length(), list.isWaiting()], [0, false]);
});

test('heads with different numbers go at different times', () => {
  const { list } = makeList();
  list.enqueue(100, 0);
  list.accelerate(4);
  list.enqueue(102, 0);
  list.accelerate(8);
  list.enqueue(104, 0);
  list.advance(4);
  assert.deepEqual(takeAllDone(list), [100]);
  list.accelerate(12);
  list.advance(8);
  assert.deepEqual(takeAllDone(list), [102]);
  assert.equal(list.isWaiting(), true);
  list.advance(12);
  assert.deepEqual(takeAllDone(list), [104]);
  assert.equal(list.isWaiting(), false);
});

test('accelerate() with both numbers taken leaves the rest without one until a segment has moved on', () => {
  const { list } = makeList();
  list.enqueue(100, 0);
  list.accelerate(4);
  list.enqueue(102, 0);
  list.accelerate(8);
  list.enqueue(104, 0);
  list.accelerate(12);
  list.advance(8);
  assert.deepEqual(takeAllDone(list), [100, 102]);
  list.advance(12);
  assert.deepEqual(takeAllDone(list), []);
  list.accelerate(16);
  list.advance(16);
  assert.deepEqual(takeAllDone(list), [104]);
});

test('accelerate() with a number that a segment waits for already joins it', () => {
  const { list } = makeList();
  list.enqueue(100, 0);
  list.accelerate(8);
  list.enqueue(102, 0);
  list.accelerate(8);
  list.enqueue(104, 0);
  list.accelerate(8);
  list.advance(8);
  assert.deepEqual(takeAllDone(list), [100, 102, 104]);
});

test('accelerate() of an empty list does nothing', () => {
  const { list, words } = makeList();
  list.accelerate(8);
  for (let word = 0; word <= CALLBACK_LIST.length; word++) assert.equal(words.load(LIST + word), 0);
  list.enqueue(100, 0);
  list.advance(8);
  assert.equal(list.takeDone(), 0);
});

test('numbers are compared across the wrap', () => {
  for (const [before, cookie, after] of [
    [0x7ffffffc, -(2 ** 31), -(2 ** 31) + 4],
    [-4, 0, 4],
  ] as const) {
    const { list } = makeList();
    list.enqueue(100, 0);
    list.accelerate(cookie);
    list.advance(before);
    assert.equal(list.takeDone(), 0);
    list.advance(after);
    assert.equal(list.takeDone(), 100);
  }
});

test('enqueueChain() appends so many linked heads, behind those that are there', () => {
  const { words, list } = makeList();
  for (const [head, next] of [
    [200, 202],
    [202, 204],
    [204, 0],
  ] as const)
    words.store(head + RCU_HEAD.next, next);
  list.enqueue(100, 0);
  list.enqueueChain(200, 3);
  list.enqueue(102, 0);
  assert.equal(list.length(), 5);
  list.accelerate(4);
  list.advance(4);
  assert.deepEqual(takeAllDone(list), [100, 200, 202, 204, 102]);
});

test('accelerate() gives a number at once to what comes behind heads that are done and not taken', () => {
  const { list } = makeList();
  list.enqueue(100, 0);
  list.accelerate(4);
  list.enqueue(102, 0);
  list.accelerate(8);
  list.advance(8);
  list.enqueue(104, 0);
  list.accelerate(12);
  list.advance(12);
  assert.deepEqual(takeAllDone(list), [100, 102, 104]);
});

test('advance() twice to the same number lets nothing more go', () => {
  const { list } = makeList();
  list.enqueue(100, 0);
  list.accelerate(4);
  list.enqueue(102, 0);
  list.accelerate(8);
  list.advance(4);
  list.advance(4);
  assert.deepEqual(takeAllDone(list), [100]);
});

test('takeAll() empties the list, and its heads stay linked in order', () => {
  const { words, list } = makeList();
  list.enqueue(100, 0);
  list.accelerate(4);
  list.enqueue(102, 0);
  list.accelerate(8);
  list.enqueue(104, 0);
  list.advance(4);
  assert.equal(list.takeAll(), 100);
  assert.deepEqual(
    [100, 102, 104].map((head) => words.load(head + RCU_HEAD.next)),
    [102, 104, 0],
  );
  assert.deepEqual([list.length(), list.isWaiting(), list.takeDone(), list.takeAll()], [0, false, 0, 0]);
  list.enqueue(106, 0);
  list.accelerate(12);
  list.advance(8);
  assert.equal(list.takeDone(), 0);
  list.advance(12);
  assert.equal(list.takeDone(), 106);
});

interface Waiting {
  readonly head: number;
  /** The number at which it may go at the earliest. */
  readonly earliest: number;
}

type Step = 'enqueue' | 'chain' | 'accelerate' | 'start' | 'end' | 'advance' | 'take' | 'take all';

const STEPS: readonly Step[] = [
  'enqueue',
  'chain',
  'accelerate',
  'start',
  'end',
  'advance',
  'take',
  'take all',
];

/** Plays the steps beside a plain queue that knows when each head may go. */
function checkRun(first: number, run: readonly Step[]): void {
  const { words, list, nextHead } = makeList();
  const model: Waiting[] = [];
  let sequence = first;
  const enter = (head: number): void => {
    model.push({ head, earliest: snapOf(sequence) });
  };
  const leave = (head: number): void => {
    const expected = model.shift()!;
    assert.equal(head, expected.head, 'heads leave in the order in which they came');
    assert.equal(isDone(sequence, expected.earliest), true, 'a head left before its grace period was over');
  };
  const takeDone = (): void => {
    for (const head of takeAllDone(list)) leave(head);
    assert.equal(list.isWaiting(), model.length > 0);
  };
  const steps: Record<Step, () => void> = {
    enqueue: () => {
      const head = nextHead();
      list.enqueue(head, 3);
      enter(head);
    },
    chain: () => {
      const [one, two] = [nextHead(), nextHead()];
      words.store(one + RCU_HEAD.next, two);
      words.store(two + RCU_HEAD.next, 0);
      list.enqueueChain(one, 2);
      enter(one);
      enter(two);
    },
    accelerate: () => list.accelerate(snapOf(sequence)),
    start: () => {
      sequence |= 1;
    },
    end: () => {
      sequence = endOf(sequence);
    },
    advance: () => list.advance(sequence),
    take: takeDone,
    'take all': () => {
      const chain: number[] = [];
      for (let head = list.takeAll(); head !== 0; head = words.load(head + RCU_HEAD.next)) chain.push(head);
      assert.deepEqual(
        chain,
        model.splice(0).map(({ head }) => head),
      );
    },
  };
  for (const step of run) {
    steps[step]();
    assert.equal(list.length(), model.length);
  }
  for (let period = 0; period < 3; period++) {
    list.accelerate(snapOf(sequence));
    sequence = endOf(endOf(sequence));
    list.advance(sequence);
    takeDone();
  }
  assert.equal(model.length, 0, 'heads still wait after three grace periods of their own');
}

test('the list agrees with a plain queue: in order, never too early, and all go in the end', () => {
  const firsts = fc.constantFrom(0, -1200, 0x7ffffff0, 0x7ffffffc, -(2 ** 31), -8, -4);
  const runs = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...STEPS.slice(0, 7)) },
      { weight: 1, arbitrary: fc.constantFrom(...STEPS) },
    ),
    { maxLength: 120, size: 'max' },
  );
  fc.assert(fc.property(firsts, runs, checkRun), { numRuns: 500 });
});
