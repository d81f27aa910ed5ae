import assert from 'node:assert/strict';
import { test } from 'node:test';
import { thrownReport, ValidatedHeap } from '../../tests/support/validated-heap.js';
import { GFP_KERNEL } from '../pages/gfp.js';

test('lockClass(), refuses a name that is none, and a subclass out of range', (t) => {
  for (const validate of [{}, false] as const) {
    const { heap } = new ValidatedHeap(t, { validate });
    for (const name of ['', undefined, 5]) {
      assert.throws(() => heap.lockClass(name as string), /announced a lock class named/);
    }
    const lock = heap.lockClass('db');
    for (const subclass of [-1, 8, 1.5, Number.NaN]) {
      assert.throws(() => lock.acquiring({ subclass }), /a subclass is an integer in 0\.\.7/);
      assert.throws(() => lock.acquired({ subclass }), RangeError);
    }
    assert.equal(lock.name, 'db');
  }
});

test('lockClass(), refuses a wait that there is not', (t) => {
  for (const validate of [{}, false] as const) {
    const { heap } = new ValidatedHeap(t, { validate });
    for (const wait of ['foo', 5, null]) {
      const said = {
        name: 'TypeError',
        message: new RegExp(`announced lock class db with wait: ${wait}; it is 'sleep'`),
      };
      assert.throws(() => heap.lockClass('db', { wait: wait as 'spin' }), said);
    }
  }
});

test('AnnouncedLock, is found in a deadlock with a mutex and a readers-writer lock', (t) => {
  const stage = new ValidatedHeap(t);
  const { heap } = stage;
  const db = heap.lockClass('db');
  const [mutex, rwLock] = [heap.mutex('m'), heap.rwLock('rw')];
  // db -> m -> rw -> db
  db.acquiring();
  db.acquired();
  mutex.lockSync().release();
  db.released();
  const guard = mutex.lockSync();
  rwLock.writeSync().release();
  guard.release();
  assert.deepEqual(stage.take(), []);
  const writer = rwLock.writeSync();
  db.acquiring();
  const report = stage.takeOne();
  assert.equal(report.kind, 'inversion');
  for (const name of ['db', 'mutex m', 'rwlock rw']) assert.ok(report.message.includes(name), name);
  db.acquired();
  db.released();
  writer.release();
});

test('AnnouncedLock, is the same class for all who announce its name, in all threads', (t) => {
  const stage = new ValidatedHeap(t);
  const [one, other] = [stage.heap, stage.attach('other')];
  for (const [heap, names] of [
    [one, ['db', 'log']],
    [other, ['log', 'db']],
  ] as const) {
    const locks = names.map((name) => heap.lockClass(name));
    for (const lock of locks) lock.acquired();
    for (const lock of locks) lock.released();
  }
  assert.deepEqual(stage.take(), ['inversion: log > db']);
});

test('AnnouncedLock, taken again is reported, and by the trylock, subclass or nestLock that keeps it right it is not', (t) => {
  const stage = new ValidatedHeap(t);
  const { heap } = stage;
  const db = heap.lockClass('db');
  db.acquired({ instance: 1 });
  db.acquired({ instance: 2, trylock: true });
  db.released({ instance: 2 });
  db.acquired({ instance: 3, subclass: 1 });
  db.released({ instance: 3 });
  assert.deepEqual(stage.take(), []);
  db.acquiring({ instance: 2 });
  assert.equal(stage.takeOne().kind, 'deadlock');
  for (const instance of [2, 1]) db.released({ instance });
  const [all, row] = [heap.lockClass('all'), heap.lockClass('row')];
  all.acquired({ instance: 77 });
  for (const instance of [5, 3, 4]) row.acquired({ instance, nestLock: 77 });
  for (const instance of [3, 5, 4]) row.released({ instance });
  all.released({ instance: 77 });
  assert.deepEqual(stage.take(), []);
  row.acquired({ instance: 5, nestLock: 77 });
  assert.equal(stage.takeOne().kind, 'not-held');
  row.released({ instance: 5 });
});

test('AnnouncedLock, in reversed subclasses is reported', (t) => {
  const stage = new ValidatedHeap(t);
  const row = stage.heap.lockClass('row');
  for (const [outer, inner] of [
    [0, 1],
    [1, 0],
  ] as const) {
    row.acquired({ instance: 1, subclass: outer });
    row.acquired({ instance: 2, subclass: inner });
    row.released({ instance: 1 });
    row.released({ instance: 2 });
  }
  assert.deepEqual(stage.take(), ['inversion: row/1 > row']);
});

test('AnnouncedLock, among readers is reported where a writer can come between them', (t) => {
  const stage = new ValidatedHeap(t);
  const { heap } = stage;
  const cache = heap.lockClass('cache');
  const mutex = heap.mutex('m');
  cache.acquired({ read: true });
  mutex.lockSync().release();
  cache.released();
  const guard = mutex.lockSync();
  cache.acquired({ read: true, trylock: true });
  cache.released();
  assert.deepEqual(stage.take(), []);
  cache.acquired({ read: true });
  assert.deepEqual(stage.take(), ['inversion: mutex m > cache']);
  cache.released();
  guard.release();
});

test('released(), of what is not held is reported, and ends an acquiring() that got nothing', (t) => {
  const stage = new ValidatedHeap(t);
  const db = stage.heap.lockClass('db');
  db.acquiring();
  db.released();
  assert.deepEqual(stage.take(), []);
  db.released();
  assert.equal(stage.takeOne().kind, 'unlock');
  // The next is complete again.
  db.acquiring();
  db.acquired();
  db.released();
  assert.deepEqual(stage.take(), []);
});

test('acquiring(), that throws has taken nothing', (t) => {
  const { heap } = new ValidatedHeap(t, { validate: { onReport: 'throw' } });
  const db = heap.lockClass('db');
  db.acquired();
  assert.equal(thrownReport(() => db.acquiring()).kind, 'deadlock');
  db.released();
  assert.equal(thrownReport(() => db.released()).kind, 'unlock');
});

test("AnnouncedLock, of wait 'spin' allows nothing inside that sleeps, unless it is only tried", async (t) => {
  const stage = new ValidatedHeap(t);
  const { heap } = stage;
  const raw = heap.lockClass('raw', { wait: 'spin' });
  const [tried, m, n] = [heap.mutex('tried'), heap.mutex('m'), heap.mutex('n')];
  raw.acquired();
  tried.tryLock()!.release();
  assert.deepEqual(stage.take(), []);
  m.lockSync().release();
  assert.deepEqual(stage.take(), ['wait-context: raw > mutex m']);
  (await n.lock()).release();
  assert.deepEqual(stage.take(), ['wait-context: raw > mutex n']);
  const sleeping = heap.lockClass('sleeping');
  sleeping.acquired();
  assert.deepEqual(stage.take(), ['wait-context: raw > sleeping']);
  sleeping.released();
  raw.released();
});

test('AnnouncedLock, of wait spin that is kept to the end of a turn is reported, and one of wait sleep is not', (t) => {
  const stage = new ValidatedHeap(t);
  const { heap } = stage;
  const [raw, db] = [heap.lockClass('raw', { wait: 'spin' }), heap.lockClass('db')];
  raw.acquired();
  db.acquired({ trylock: true });
  heap.kfree(heap.kmalloc(24));
  stage.take();
  stage.endTurn();
  assert.deepEqual(stage.take(), ['turn: raw']);
  raw.released();
  heap.kfree(heap.kmalloc(24));
  stage.endTurn();
  assert.deepEqual(stage.take(), []);
  db.released();
});

const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('acquireBy(), is ordered after what its task holds, and before what the task takes then', async (t) => {
  const stage = new ValidatedHeap(t);
  const { heap } = stage;
  const db = heap.lockClass('db');
  const mutex = heap.mutex('m');
  assert.equal(await db.acquireBy(async () => 5), 5);
  await later();
  (await mutex.lock()).release();
  db.released();
  assert.deepEqual(stage.take(), []);
  const guard = await mutex.lock();
  await later();
  await db.acquireBy(later);
  const report = stage.takeOne();
  assert.equal(report.key, 'inversion: mutex m > db');
  assert.match(report.message, /announced-lock\.test/);
  db.released();
  guard.release();
});

test('acquireBy(), gives no report for tasks beside each other', async (t) => {
  const stage = new ValidatedHeap(t);
  const { heap } = stage;
  const [db, log] = [heap.lockClass('db'), heap.lockClass('log')];
  const task = async (instance: number): Promise<void> => {
    const [first, second] = instance % 2 === 0 ? [db, log] : [log, db];
    await first.acquireBy(later, { instance });
    await later();
    first.released({ instance });
    await second.acquireBy(later, { instance });
    await later();
    second.released({ instance });
  };
  await Promise.all([0, 1, 2, 3, 4, 5].map(task));
  assert.deepEqual(stage.take(), []);
  assert.deepEqual(stage.heap.balance().problems, []);
});

test('acquireBy(), that fails holds nothing', async (t) => {
  const stage = new ValidatedHeap(t);
  const db = stage.heap.lockClass('db');
  await assert.rejects(
    db.acquireBy(() => Promise.reject(new Error('no connection'))),
    /no connection/,
  );
  (await stage.heap.mutex('m').lock()).release();
  db.released();
  assert.equal(stage.takeOne().kind, 'unlock');
});

test('AnnouncedLock, reports nothing in a plain heap, where it only narrows what allocations may', async (t) => {
  const { heap } = new ValidatedHeap(t, { validate: false });
  const mutex = heap.mutex('m');
  const raw = heap.lockClass('raw', { wait: 'spin' });
  raw.acquiring();
  raw.acquired();
  raw.acquired();
  mutex.lockSync().release();
  assert.throws(() => heap.kmalloc(24, GFP_KERNEL), { name: 'ContextError' });
  for (let i = 0; i < 4; i++) raw.released();
  heap.kfree(heap.kmalloc(24, GFP_KERNEL));
  assert.equal(await raw.acquireBy(async () => 7), 7);
});
