import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ValidatedHeap } from '../../tests/support/validated-heap.js';
import type { Address } from '../words/units.js';
import type { Words } from '../words/words.js';
import { isMarked } from './marked-address.js';

/** A heap with an object of 8 words, whose address stands in the first word of another. */
function makeScene(t: TestContext, validate: false | object = {}) {
  const stage = new ValidatedHeap(t, { validate });
  const { heap } = stage;
  const [place, object] = [heap.kmalloc(64), heap.kmalloc(64)];
  for (let i = 0; i < 16; i++) heap.words.storePlain(object + i, 100 + i);
  heap.words.store(place, object);
  return { stage, heap, words: heap.words, place, object };
}

const bytes = new Uint8Array(8);

const ACCESSES: Record<string, (words: Words, p: number) => unknown> = {
  load: (words, p) => words.load(p + 1),
  store: (words, p) => words.store(p + 1, 7),
  exchange: (words, p) => words.exchange(p + 1, 8),
  compareExchange: (words, p) => words.compareExchange(p + 1, 8, 9),
  add: (words, p) => words.add(p + 1, 5),
  and: (words, p) => words.and(p + 1, 12),
  or: (words, p) => words.or(p + 1, 3),
  notify: (words, p) => words.notify(p + 1, 1),
  loadPlain: (words, p) => words.loadPlain(p + 2),
  storePlain: (words, p) => words.storePlain(p + 2, 70),
  dereference: (words, p) => words.dereference(p + 15) | 0,
  fillPlain: (words, p) => words.fillPlain(p + 4, p + 6, 1),
  writeBytesPlain: (words, p) => words.writeBytesPlain(p + 6, new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]), 8),
  readBytesPlain: (words, p) => words.readBytesPlain(p + 6, bytes, 8),
};

for (const [name, access] of Object.entries(ACCESSES)) {
  test(`ValidatedWords, ${name} at a marked address does what it does at the address, and reports a later turn`, (t) => {
    const { stage, heap, words, place, object } = makeScene(t);
    const marked = words.dereference(place);
    assert.ok(isMarked(marked));
    const plain = makeScene(t, false);
    assert.deepEqual(access(words, marked), access(plain.words, plain.object));
    for (let i = 0; i < 16; i++) {
      assert.equal(words.loadPlain(object + i), plain.words.loadPlain(plain.object + i), `word ${i}`);
    }
    assert.deepEqual(stage.take(), []);
    heap.quiesce();
    access(words, marked);
    // In one place of the program, so once, however many accesses it makes there.
    const [report, ...more] = stage.reports.splice(0);
    assert.match(report!.message, new RegExp(`address ${object + 1}|address ${object}|address \\d+`));
    assert.match(report!.message, /was read in a turn that has ended/);
    assert.equal(more.length <= 1, true);
  });
}

test('ValidatedWords, waitAsync and wait take marked addresses and marked values', (t) => {
  const { stage, words, place } = makeScene(t);
  const marked = words.dereference(place);
  assert.equal(words.waitAsync(marked, 1, 1)?.async, false);
  assert.deepEqual(stage.take(), []);
  stage.endTurn();
  assert.equal(words.wait(place, 1, 0), 'not-equal');
  assert.equal(words.wait(place, marked, 0), 'timed-out');
  assert.deepEqual(stage.take(), []);
});

test('ValidatedWords, a marked address is stored as the address', (t) => {
  const { words, place, object } = makeScene(t);
  const other = words.dereference(place);
  words.store(place + 1, other);
  words.storePlain(place + 2, other);
  assert.equal(words.exchange(place + 3, other) | 0, words.loadPlain(place + 3) && 0);
  for (const at of [1, 2, 3]) assert.equal(words.loadPlain(place + at), object);
});

test('compareExchange, of a marked address ends a loop as in a plain heap', (t) => {
  const { stage, words, place, object } = makeScene(t);
  const head = words.dereference(place);
  assert.equal(words.compareExchange(place, head, 4711), head);
  assert.equal(words.loadPlain(place), 4711);
  // Another value than expected comes back as it is.
  assert.equal(words.compareExchange(place, head, 5), 4711);
  assert.equal(words.compareExchange(place, 4711, object), 4711);
  let rounds = 0;
  for (let seen = words.dereference(place); ; rounds++) {
    const found = words.compareExchange(place, seen, 12);
    if (found === seen) break;
    assert.ok(rounds < 3, 'the loop does not end');
    seen = found;
  }
  assert.equal(rounds, 0);
  assert.deepEqual(stage.take(), []);
});

test('compareExchange, returns what stood in the word where the expected value is no address', (t) => {
  const [validated, plain] = [makeScene(t), makeScene(t, false)];
  for (const [held, expected] of [
    [-1, 0xffffffff],
    [-1, -1],
    [5, 5],
    [0, 2 ** 40 + 0.5],
  ] as const) {
    const results = [validated, plain].map(({ words, place }) => {
      words.store(place, held);
      return words.compareExchange(place, expected, 1);
    });
    assert.equal(results[0], results[1], `held ${held}, expected ${expected}`);
  }
});

test('dereference, returns what is no address as it stands', (t) => {
  const { stage, words, place } = makeScene(t);
  for (const value of [0, -5, -(2 ** 31)]) {
    words.store(place, value);
    assert.equal(words.dereference(place), value);
  }
  assert.deepEqual(stage.take(), []);
});

test('dereference, outside of a turn is reported once for each place, and returns the bare address', (t) => {
  const { stage, words, place, object } = makeScene(t);
  stage.endTurn();
  for (let i = 0; i < 3; i++) assert.equal(words.dereference(place), object);
  const report = stage.takeOne();
  assert.equal(report.kind, 'turn');
  assert.match(report.message, new RegExp(`dereference\\(${place}\\) outside of a turn`));
  assert.match(report.message, /validated-words\.test/);
  assert.equal(words.dereference(place), object);
  assert.equal(stage.take().length, 1);
});

test('a dereferenced address, is fine in its turn, also after other operations of the heap', (t) => {
  const { stage, heap, words, place } = makeScene(t);
  const seen = heap.turn(() => {
    const p = words.dereference(place);
    heap.kfree(heap.kmalloc(24));
    heap.map<string, number>('m').set('a', 1);
    return words.loadPlain(p + 2);
  });
  assert.equal(seen, 102);
  const p = words.dereference(place);
  heap.map<string, number>('m').set('b', 1);
  assert.equal(words.loadPlain(p + 2), 102);
  assert.deepEqual(stage.take(), []);
});

test('a dereferenced address, is reported after the end of the turn, of turn(fn) and of quiesce()', (t) => {
  const { stage, heap, words, place, object } = makeScene(t);
  const kept = words.dereference(place);
  stage.endTurn();
  heap.turn(() => assert.equal(words.loadPlain(kept), 100));
  const { message } = stage.takeOne();
  assert.match(message, new RegExp(`address ${object} was read in a turn that has ended`));
  assert.match(message, /validated-words\.test/);
  const inner = heap.turn(() => words.dereference(place));
  heap.turn(() => words.loadPlain(inner));
  assert.equal(stage.take().length, 1);
  // Not even in no turn at all.
  words.loadPlain(inner);
  assert.equal(stage.take().length, 1);
  heap.turn(() => {});
  const p = heap.kmalloc(24);
  const late = words.dereference(place);
  heap.quiesce();
  words.loadPlain(late);
  assert.equal(stage.take().length, 1);
  heap.kfree(p);
});

test('a dereferenced address, is taken by kfree, kfreeRcu, freePages, and a named cache', (t) => {
  const { stage, heap, words, place } = makeScene(t);
  const cache = heap.slabCache('points', 24);
  const uses: [take: () => number, free: (p: Address) => void][] = [
    [() => heap.kmalloc(64), (p) => heap.kfree(p)],
    [() => heap.kmalloc(64), (p) => heap.kfreeBulk([p])],
    [() => heap.kmalloc(64), (p) => heap.kfreeRcu(p)],
    [() => heap.kmalloc(64), (p) => heap.kfreeRcu(p, 2)],
    [() => heap.kmalloc(20_000), (p) => heap.kfreeRcu(p, 2)],
    [() => heap.allocPages(1), (p) => heap.freePages(p)],
    [() => heap.allocPages(0), (p) => heap.freePagesNolock(p)],
    [() => cache.alloc(), (p) => cache.free(p)],
  ];
  const inUse = () => heap.balance().unreachable.length;
  const before = inUse();
  for (const [take, free] of uses) {
    words.store(place, take());
    free(words.dereference(place) as Address);
    heap.quiesce();
  }
  stage.host.advance(50);
  assert.equal(inUse(), before);
  assert.deepEqual(stage.take(), []);
  // The same, a turn too late: it is done, and reported.
  for (const [take, free] of uses) {
    words.store(place, take());
    const p = words.dereference(place) as Address;
    heap.quiesce();
    free(p);
    const reports = stage.take();
    assert.equal(reports.length, 1, String(free));
  }
  stage.host.advance(50);
  assert.equal(inUse(), before);
});

const WRONG: readonly unknown[] = [
  Number.NaN,
  -1,
  0,
  1.5,
  3,
  2 ** 31,
  Number.POSITIVE_INFINITY,
  '12',
  '8589934600',
  null,
  undefined,
  {},
  5n,
];

test('what is no address, gives the same error as in a plain heap', (t) => {
  const [validated, plain] = [makeScene(t), makeScene(t, false)];
  const cache = [validated, plain].map(({ heap }) => heap.slabCache('points', 24));
  const outcome = (fn: () => unknown): string => {
    try {
      return `returned ${String(fn())}`;
    } catch (error) {
      return String(error);
    }
  };
  for (const wrong of WRONG) {
    const p = wrong as Address;
    const of = ({ heap, words }: typeof plain, n: number) => [
      outcome(() => heap.kfree(p)),
      outcome(() => heap.kfreeRcu(p)),
      outcome(() => heap.kfreeRcu(p, 1)),
      outcome(() => heap.freePages(p)),
      outcome(() => heap.freePagesNolock(p)),
      outcome(() => cache[n]!.free(p)),
      outcome(() => words.load(p)),
      outcome(() => words.loadPlain(p)),
    ];
    assert.deepEqual(of(validated, 0), of(plain, 1), String(wrong));
  }
  assert.deepEqual(validated.stage.take(), []);
});

test('wait, inside a turn is reported, and outside or in idle(fn) it is not', (t) => {
  const { stage, heap, words, place } = makeScene(t);
  for (let i = 0; i < 2; i++) assert.equal(words.wait(place, 1, 0), 'not-equal');
  assert.match(stage.takeOne().message, /words\.wait\(\) inside a turn/);
  heap.idle(() => words.wait(place, 1, 0));
  words.wait(place, 1, 0);
  assert.deepEqual(stage.take(), []);
});

test('balance() and stats(), read through marked words as through plain ones', (t) => {
  const { stage, heap, object, place } = makeScene(t);
  heap.map<string, number>('m').set('a', 1);
  stage.endTurn();
  assert.deepEqual(heap.balance({ held: [object, place] }).problems, []);
  assert.ok(heap.stats().threads.length === 1);
  assert.deepEqual(stage.take(), []);
});

test('balance(), counts what is held by a marked address', (t) => {
  const { heap, words, place, object } = makeScene(t);
  const marked = words.dereference(place);
  assert.equal(marked | 0, object);
  assert.deepEqual(heap.balance({ held: [marked, place] }).unreachable, []);
  assert.deepEqual(heap.balance({ held: new Set([marked | 0, place]) }).unreachable, []);
  assert.deepEqual(heap.balance({ held: [place] }).unreachable.length, 1);
});

test('a dereferenced address, is named without its mark where a named cache refuses it', (t) => {
  const { heap, words, place, object } = makeScene(t);
  const cache = heap.slabCache('points', 24);
  assert.throws(() => cache.free(words.dereference(place) as Address), {
    name: 'RangeError',
    message: `freed address ${object} to slab cache points, of which it is not an object; use kfree()`,
  });
});
