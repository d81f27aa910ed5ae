import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { ValidatedHeap } from '../../tests/support/validated-heap.js';
import { formatJournal, SharedJournal } from '../lockdep/shared-journal.js';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { TurnStacks } from './turn-stacks.js';

function makeThreads(bytes = 2 ** 18) {
  const words = new NativeWords(reserveBuffer(bytes));
  formatJournal(words);
  let stack = 'nowhere';
  const join = (tag: number) =>
    new TurnStacks(new SharedJournal(words, { tag, spinRounds: 10, onClose: () => {} }), () => stack);
  return {
    one: join(0x101),
    two: join(0x102),
    journal: new SharedJournal(words, { tag: 0x103, spinRounds: 10, onClose: () => {} }),
    at: (place: string) => {
      stack = place;
    },
  };
}

test('TurnStacks, gives a stack the same number in all threads, which each can turn into the stack', () => {
  const { one, two, at } = makeThreads();
  at('a');
  assert.equal(one.capture(0), 1);
  assert.equal(two.capture(0), 1);
  at('b');
  assert.equal(two.capture(10), 2);
  assert.equal(one.capture(10), 2);
  assert.deepEqual([one.textOf(1), one.textOf(2), two.textOf(1), two.textOf(2)], ['a', 'b', 'a', 'b']);
  assert.deepEqual([one.textOf(0), one.textOf(3)], ['', '']);
});

test('TurnStacks, reads what another thread has added meanwhile', () => {
  const { one, two, at } = makeThreads();
  at('a');
  const number = one.capture(0);
  assert.equal(two.textOf(number), 'a');
});

test('capture(), looks at the stack now and then only', () => {
  const { one, at } = makeThreads();
  at('a');
  assert.deepEqual([one.capture(0), one.capture(1), one.capture(1.9), one.capture(2)], [1, 0, 0, 1]);
});

test('capture(), leaves room in the journal for locks', () => {
  const { one, journal, at } = makeThreads();
  for (let i = 0; i < 500; i++) {
    at(`place ${i}`);
    assert.equal(one.capture(10 * i), i < 200 ? i + 1 : 0);
  }
  assert.equal(journal.closedReason(), undefined);
});

test('a stall in a validating heap says where the turn began', (t) => {
  const scene = new ValidatedHeap(t, { heap: { stallMillis: 50 } });
  const { heap, host } = scene;
  const other = scene.attach('stuck');
  const spy = mock.method(console, 'error', () => {});
  try {
    const stacks: string[] = [];
    heap.rcu.on('stall', ({ holdouts }) => stacks.push(...holdouts.map(({ stack }) => stack)));
    beginTurnHere(() => other.kmalloc(8));
    heap.kfreeRcu(heap.kmalloc(64));
    host.advance(120);
    assert.equal(stacks.length, 1);
    assert.match(stacks[0]!, /beginTurnHere/);
    assert.equal(spy.mock.callCount(), 1);
  } finally {
    spy.mock.restore();
  }
});

function beginTurnHere(act: () => unknown): void {
  act();
}
