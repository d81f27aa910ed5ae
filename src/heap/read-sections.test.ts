import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heapTest, partsOf } from '../../tests/support/stage.js';
import { thrownReport, ValidatedHeap } from '../../tests/support/validated-heap.js';
import { LockOrderError } from '../lockdep/report.js';
import { Heap } from '../shared-heap.js';
import type { Address } from '../words/units.js';

const SMALL = { tiny: { pages: 64 } };
const INSIDE_SECTION =
  /inside a read section, which promised to keep what it read: call rcu\.readUnlock\(\) first/;
const INSIDE_READ = /inside rcu\.read\(fn\), which promised to keep what it read/;

heapTest(
  'rcu.read() keeps what it reads until it returns, whoever retires it meanwhile',
  (stage) => {
    const { heap, words } = stage;
    const writer = stage.attach();
    const [place, object] = [stage.hold(heap.kmalloc(64)), writer.heap.kmalloc(64)];
    words.storePlain(object + 2, 42);
    words.store(place, object);
    stage.endTurns();
    const seen = heap.rcu.read(() => {
      const found = words.dereference(place);
      words.store(place, 0);
      writer.heap.kfreeRcu(object);
      writer.host.advance(1000);
      assert.equal(stage.stats().objectsWaiting, 1);
      return words.loadPlain(found + 2);
    });
    assert.equal(seen, 42);
    writer.host.advance(1000);
    assert.equal(stage.stats().objectsWaiting, 0);
  },
  SMALL,
);

heapTest(
  'rcu.readUnlock() of an inner section keeps the outer, and of the outermost not yet the turn',
  (stage) => {
    const { heap } = stage;
    const writer = stage.attach();
    heap.rcu.readLock();
    heap.rcu.readLock();
    heap.rcu.readUnlock();
    writer.heap.kfreeRcu(writer.heap.kmalloc(64));
    writer.host.advance(1000);
    assert.equal(stage.stats().objectsWaiting, 1);
    heap.rcu.readUnlock();
    heap.quiesce();
    writer.host.advance(1000);
    assert.equal(stage.stats().objectsWaiting, 0);
  },
  SMALL,
);

heapTest(
  'what waits inside a read section throws, and says how to leave it',
  (stage) => {
    const { heap } = stage.attach();
    const waits = [
      () => heap.quiesce(),
      () => heap.synchronizeRcuSync(),
      () => heap.idle(() => {}),
      () => heap.detach(),
    ];
    for (const wait of waits) {
      heap.rcu.read(() => assert.throws(wait, INSIDE_READ));
      heap.rcu.readLock();
      heap.rcu.readLock();
      heap.rcu.readUnlock();
      assert.throws(wait, INSIDE_SECTION);
      heap.rcu.readUnlock();
    }
    heap.synchronizeRcuSync();
    heap.detach();
    assert.throws(() => heap.rcu.readLock(), /used a heap after detach/);
    assert.throws(() => heap.rcu.read(() => {}), /used a heap after detach/);
  },
  SMALL,
);

heapTest(
  'a section of one heap keeps no other heap of the thread from anything but to wait',
  (stage) => {
    const { heap, host } = stage;
    const other = Heap.create(stage.options, { host });
    heap.rcu.readLock();
    other.rcu.readLock();
    other.rcu.readUnlock();
    other.quiesce();
    assert.throws(() => other.rcu.readUnlock(), /without rcu\.readLock\(\)/);
    assert.throws(() => other.synchronizeRcuSync(), INSIDE_SECTION);
    heap.rcu.readUnlock();
    other.synchronizeRcuSync();
    assert.deepEqual(
      [heap, other].map((one) => partsOf(one).turn.isOpen()),
      [false, false],
    );
    other.detach();
  },
  SMALL,
);

heapTest(
  'an exception in rcu.read() leaves every section that it began',
  (stage) => {
    const { heap } = stage;
    const nested = () => {
      heap.rcu.readLock();
      throw new Error('from a reader');
    };
    assert.throws(() => heap.rcu.read(() => heap.rcu.read(nested)), /from a reader|lull: a read section/);
    heap.synchronizeRcuSync();
  },
  SMALL,
);

heapTest(
  'a section that a callback leaves open is over with the pass of callbacks',
  (stage) => {
    const { heap, host } = stage;
    let calls = 0;
    const id = heap.rcu.register('careless', (head) => {
      heap.rcu.readLock();
      heap.kfree(head as Address);
      calls++;
      if (calls === 1) heap.rcu.readUnlock();
    });
    const errors: unknown[] = [];
    heap.rcu.on('callbackError', ({ error }) => errors.push(error));
    for (let i = 0; i < 2; i++) heap.rcu.call(heap.kmalloc(64), id);
    try {
      host.advance(1000);
    } catch (error) {
      // Where all heaps validate, it is reported.
      assert.match(String(error), /a read section was never ended/);
    }
    assert.deepEqual([calls, errors], [2, []]);
    assert.equal(partsOf(heap).turn.isOpen(), false);
    heap.synchronizeRcuSync();
  },
  SMALL,
);

heapTest(
  'a thread that ends in an orderly way inside a read section detaches',
  (stage) => {
    const { heap, host } = stage.attach();
    heap.rcu.readLock();
    host.exit();
    assert.equal(stage.stats().threads.length, 1);
  },
  SMALL,
);

test('dereference(), outside of the sections of a turn that has some, is reported', (t) => {
  const stage = new ValidatedHeap(t);
  const { heap } = stage;
  const place = heap.kmalloc(64);
  heap.words.store(place, 0);
  stage.endTurn();
  const look = () => heap.words.dereference(place);

  heap.rcu.readLock();
  look();
  heap.rcu.readUnlock();
  heap.turn(look);
  heap.rcu.read(look);
  assert.deepEqual(stage.take(), []);
  look();
  const report = stage.takeOne();
  assert.equal(report.kind, 'turn');
  assert.match(report.message, /dereference\(\d+\) outside of every read section, in a turn that has some/);
  assert.match(report.message, /read-sections\.test/);

  // Another turn, in which nobody marks what is read.
  stage.endTurn();
  heap.kfree(heap.kmalloc(8));
  heap.words.dereference(place);
  heap.quiesce();
  heap.words.dereference(place);
  assert.deepEqual(stage.take(), []);
  heap.rcu.read(look);
  heap.words.dereference(place);
  assert.match(stage.takeOne().message, /outside of every read section/);
});

test('a section, that is not ended is reported at the end of its turn, with the place where it began', (t) => {
  const stage = new ValidatedHeap(t);
  const { heap } = stage;
  function beginsSections(): void {
    heap.rcu.readLock();
    heap.rcu.readLock();
  }
  beginsSections();
  stage.endTurn();
  const report = stage.takeOne();
  assert.match(report.message, /a read section was never ended, and is over now with its turn/);
  assert.match(report.message, /beginsSections/);
  heap.rcu.read(() => heap.rcu.readLock());
  heap.turn(() => heap.rcu.read(() => heap.rcu.readLock()));
  assert.equal(stage.take().length, 2);
  heap.rcu.read(() => {
    heap.rcu.readLock();
    heap.rcu.readUnlock();
  });
  assert.deepEqual(stage.take(), []);
  // The validator holds nothing of all that: a wait is reported for no section.
  heap.mutex('m').lockSync().release();
  assert.deepEqual(stage.take(), []);
});

test('lockSync(), between readLock() and readUnlock() is reported, after them it is not', (t) => {
  const stage = new ValidatedHeap(t);
  const { heap } = stage;
  heap.rcu.readLock();
  heap.mutex('m').lockSync().release();
  assert.equal(stage.takeOne().key, 'wait-context: rcu read section > mutex m');
  heap.rcu.readUnlock();
  heap.mutex('m').lockSync().release();
  assert.deepEqual(stage.take(), []);
});

test('a report that is thrown leaves sections and turns as they are to be', (t) => {
  const stage = new ValidatedHeap(t, { validate: { onReport: 'throw' } });
  const { heap } = stage;
  const place = heap.kmalloc(64);
  assert.match(thrownReport(() => heap.rcu.read(() => heap.rcu.readLock())).message, /never ended/);
  heap.rcu.readLock();
  heap.rcu.readUnlock();
  assert.match(thrownReport(() => heap.words.dereference(place)).message, /outside of every read section/);
  heap.rcu.readLock();
  assert.throws(() => stage.endTurn(), LockOrderError);
  assert.equal(partsOf(heap).turn.isOpen(), false);
  heap.synchronizeRcuSync();
});
