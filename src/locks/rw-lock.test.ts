import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { LockStage, RecordingObserver, StageThread } from '../../tests/support/lock-stage.js';
import { CONSISTENCY, LOCK, LOCK_KIND, WAITERS } from '../layout/lock-record.js';
import { ContextError } from '../threads/context.js';
import { engineHost, type WaitRight } from '../words/host.js';
import { LockTimeoutError, NotRecoverableError } from './lock-errors.js';
import { RwLock } from './rw-lock.js';

const THREADS = 3;

/** A lock and the threads that use it, the first of them `mine`. */
function makeLocks(right: WaitRight = 'may-wait') {
  const observer = new RecordingObserver();
  const stage = new LockStage(
    { kind: LOCK_KIND.rwLock, threads: THREADS },
    observer,
    () => new FakeHost(right),
  );
  const { words, record } = stage;
  const all = stage.threads.map((thread) => new RwLock(thread, record, 'prices'));
  const [mine, other, third] = all as [RwLock, RwLock, RwLock];
  const owner = (): number => words.load(record + LOCK.owner);
  const place = (slot: number): number => words.load(record + LOCK.waiters + slot);
  const readers = (): number[] =>
    stage.threads.map((_, slot) => words.load(record + LOCK.waiters + THREADS + slot));
  const consistency = (): number => words.load(record + LOCK.consistency);
  return { stage, observer, words, mine, other, third, owner, place, readers, consistency };
}

/** Lets promises settle, and sleepers that were woken. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await engineHost.sleep(1);
}

/** Notes when a promise of a guard is there. */
function watch<G>(promise: Promise<G>): { guard: G | undefined } {
  const seen: { guard: G | undefined } = { guard: undefined };
  void promise.then((guard) => {
    seen.guard = guard;
  });
  return seen;
}

test('readSync() lets readers in together, and counts them by thread', () => {
  const { mine, other, owner, readers } = makeLocks();
  const first = mine.readSync();
  const second = mine.readSync();
  const third = other.readSync();
  assert.deepEqual([readers(), owner()], [[2, 1, 0], 0]);
  first.release();
  second.release();
  third.release();
  assert.deepEqual(readers(), [0, 0, 0]);
});

test('tryWrite() fails while anybody reads, and leaves nothing behind', () => {
  const { mine, other, owner } = makeLocks();
  const read = mine.readSync();
  assert.equal(other.tryWrite(), undefined);
  assert.equal(mine.tryWrite(), undefined);
  assert.equal(owner(), 0);
  read.release();
  const write = other.tryWrite();
  assert.ok(write !== undefined);
  assert.equal(mine.tryRead(), undefined);
  assert.equal(mine.tryWrite(), undefined);
  assert.equal(other.tryRead(), undefined);
  assert.equal(other.tryWrite(), undefined);
  write.release();
  assert.equal(owner(), 0);
});

test('writeSync() sleeps until the last reader has left, who wakes it', () => {
  const { stage, mine, other, third, owner } = makeLocks();
  const first = other.readSync();
  const second = third.readSync();
  const [words] = stage.views;
  words!.whileAsleep.push(() => first.release());
  words!.whileAsleep.push(() => {
    assert.equal(third.tryRead(), undefined, 'a reader does not pass a writer that waits');
    second.release();
  });
  const write = mine.writeSync();
  assert.ok(words!.sleeps.length >= 2);
  assert.equal(owner() & ~WAITERS, stage.threads[0]!.tag);
  write.release();
  assert.equal(owner(), 0);
});

test('readSync() sleeps until the writer has left, who wakes it', () => {
  const { stage, mine, other, readers, owner } = makeLocks();
  const write = other.writeSync();
  stage.views[0]!.whileAsleep.push(() => write.release());
  const read = mine.readSync();
  assert.deepEqual([readers(), owner()], [[1, 0, 0], 0]);
  read.release();
});

test('readSync() in a thread that reads passes a writer that waits for it', () => {
  const { stage, mine, other, observer } = makeLocks();
  const outer = mine.readSync();
  stage.views[1]!.whileAsleep.push(() => {
    observer.take();
    mine.readSync().release();
    assert.deepEqual(observer.take(), ['acquire rwlock prices 1', 'release rwlock prices']);
    outer.release();
  });
  other.writeSync().release();
});

test('writeSync() gives up after timeoutMillis, and lets those in that queued behind it', () => {
  const { stage, mine, other, third, owner } = makeLocks();
  const read = other.readSync();
  stage.views[0]!.whileAsleep.push(() => assert.equal(third.tryRead(), undefined));
  assert.throws(() => mine.writeSync({ timeoutMillis: 5 }), {
    name: 'LockTimeoutError',
    message:
      "gave up waiting for rwlock 'prices' after 5 ms: others hold it. Hold it for less, wait for longer, " +
      'or let heap.watch() tell when a thread that holds it dies.',
    ownerSlot: -1,
  });
  assert.equal(owner(), 0);
  third.readSync().release();
  read.release();
});

test('readSync() gives up after timeoutMillis, and names the writer', () => {
  const { mine, other, readers } = makeLocks();
  const write = other.writeSync();
  assert.throws(
    () => mine.readSync({ timeoutMillis: 0 }),
    (error) =>
      error instanceof LockTimeoutError && error.ownerSlot === 1 && /thread slot 1 holds/.test(error.message),
  );
  assert.deepEqual(readers(), [0, 0, 0]);
  write.release();
});

test('readSync() and writeSync() refuse a limit that is none, before the observer is told', () => {
  const { mine, observer } = makeLocks();
  assert.throws(
    () => mine.readSync({ timeoutMillis: -1 }),
    /locked rwlock 'prices' with timeoutMillis: -1; it is/,
  );
  assert.throws(() => mine.writeSync({ timeoutMillis: Number.NaN }), RangeError);
  assert.throws(() => mine.write({ timeoutMillis: -1 }), RangeError);
  assert.deepEqual(observer.take(), []);
});

test('writeSync() and readSync() refuse to wait for their own thread', () => {
  const { mine, owner, observer } = makeLocks();
  const read = mine.readSync();
  assert.throws(
    () => mine.writeSync(),
    /locked rwlock 'prices' with writeSync\(\) in the thread that has it for reading: .* use await write\(\)/,
  );
  read.release();
  assert.equal(owner(), 0);
  const write = mine.writeSync();
  assert.throws(() => mine.writeSync(), /with writeSync\(\) in the thread that has it for writing: /);
  observer.take();
  assert.throws(
    () => mine.readSync(),
    /with readSync\(\) in the thread that has it for writing: .* await read\(\)/,
  );
  assert.deepEqual(observer.take(), ['acquire rwlock prices 2', 'release rwlock prices']);
  write.release();
});

test('readSync() and writeSync() throw ContextError where the thread may not wait; the others work there', () => {
  const { mine } = makeLocks('may-spin');
  assert.throws(() => mine.readSync(), ContextError);
  assert.throws(() => mine.writeSync(), ContextError);
  mine.tryRead()!.release();
  mine.tryWrite()!.release();
});

test('writeSync() leaves the lock as it was where the thread may not leave its turn', () => {
  const { stage, mine, other, owner } = makeLocks();
  const read = other.readSync();
  stage.threads[0]!.leaveTurns = () => {
    throw new Error('inside turn(fn)');
  };
  assert.throws(() => mine.writeSync(), /inside turn/);
  assert.equal(owner(), 0);
  read.release();
});

test('guards release once, also by Symbol.dispose', () => {
  const { mine, owner, readers } = makeLocks();
  const read = mine.readSync();
  const again = mine.readSync();
  read[Symbol.dispose]();
  assert.throws(
    () => read.release(),
    /called release\(\) on a guard of rwlock 'prices' that was released before/,
  );
  assert.deepEqual(readers(), [1, 0, 0]);
  again.release();
  const write = mine.writeSync();
  write[Symbol.dispose]();
  assert.throws(() => write.release(), /called release\(\) on a guard of rwlock 'prices' that was released/);
  assert.throws(() => write.markConsistent(), /called markConsistent\(\) on a guard of rwlock 'prices'/);
  assert.equal(owner(), 0);
});

test('readers and the next writer are told of a writer that died inside, until it is repaired', () => {
  const { stage, mine, other, third, consistency } = makeLocks();
  other.writeSync();
  stage.kill(1);
  third.forgetDead(1);
  const read = mine.readSync();
  assert.equal(read.ownerDied, true);
  read.release();
  assert.equal(mine.tryRead()?.ownerDied, true);
  mine.abandon();
  const write = third.writeSync();
  assert.equal(write.ownerDied, true);
  write.markConsistent();
  write.release();
  assert.equal(consistency(), CONSISTENCY.consistent);
  assert.equal(third.readSync().ownerDied, false);
});

test('tryRead() takes the lock of a dead writer that nobody has found yet', () => {
  const { stage, mine, other, owner } = makeLocks();
  other.writeSync();
  assert.equal(mine.tryRead(), undefined);
  stage.kill(1);
  const read = mine.tryRead();
  assert.equal(read?.ownerDied, true);
  assert.equal(owner(), 0);
});

test('a lock that a writer releases unrepaired is lost to readers and writers', () => {
  const { stage, mine, other, third, observer, readers, owner } = makeLocks();
  other.writeSync();
  stage.kill(1);
  third.writeSync().release();
  observer.take();
  assert.throws(() => mine.readSync(), NotRecoverableError);
  assert.deepEqual(observer.take(), ['acquire rwlock prices 2', 'release rwlock prices']);
  assert.throws(() => mine.writeSync(), NotRecoverableError);
  assert.throws(() => mine.tryRead(), NotRecoverableError);
  assert.throws(() => mine.tryWrite(), NotRecoverableError);
  assert.deepEqual([readers(), owner()], [[0, 0, 0], 0]);
});

test('a thread that dies while it waits for readers leaves nothing to repair', () => {
  const { stage, mine, third, words } = makeLocks();
  const read = mine.readSync();
  // As far as writeSync() comes before it sleeps.
  words.store(stage.record + LOCK.owner, stage.threads[1]!.tag);
  stage.kill(1);
  third.forgetDead(1);
  assert.equal(third.tryRead()?.ownerDied, false);
  read.release();
});

test('forgetDead() clears the counts of a dead reader', () => {
  const { stage, other, third, readers } = makeLocks();
  other.readSync();
  stage.kill(1);
  third.forgetDead(1);
  assert.deepEqual(readers(), [0, 0, 0]);
  third.tryWrite()!.release();
});

test('writeSync() finds by itself that a reader is dead', () => {
  const { stage, mine, other, readers } = makeLocks();
  other.readSync();
  stage.views[0]!.whileAsleep.push(() => stage.kill(1));
  mine.writeSync().release();
  assert.deepEqual(readers(), [0, 0, 0]);
});

test('the observer is told in order, and how; what it refuses is not taken', () => {
  const { mine, observer, readers, owner } = makeLocks();
  mine.readSync().release();
  mine.tryRead()!.release();
  mine.writeSync().release();
  mine.tryWrite()!.release();
  assert.deepEqual(observer.take(), [
    'acquire rwlock prices 2',
    'release rwlock prices',
    'acquire rwlock prices 6',
    'release rwlock prices',
    'acquire rwlock prices 0',
    'release rwlock prices',
    'acquire rwlock prices 4',
    'release rwlock prices',
  ]);
  observer.refused = 'acquire';
  assert.throws(() => mine.readSync(), /refused/);
  assert.throws(() => mine.writeSync(), /refused/);
  assert.throws(() => mine.tryRead(), /refused/);
  assert.throws(() => mine.tryWrite(), /refused/);
  assert.deepEqual([readers(), owner()], [[0, 0, 0], 0]);
});

test('read() and write() are granted in the order in which the tasks of a thread came', async () => {
  const { mine, observer, owner } = makeLocks();
  const first = await mine.read();
  const second = await mine.read();
  const write = watch(mine.write());
  const third = watch(mine.read());
  await settle();
  assert.deepEqual([write.guard, third.guard], [undefined, undefined]);
  first.release();
  second.release();
  await settle();
  assert.ok(write.guard !== undefined && third.guard === undefined, 'the writer is alone');
  write.guard.release();
  await settle();
  third.guard!.release();
  assert.equal(owner(), 0);
  assert.deepEqual(observer.take().slice(0, 2), ['await rwlock prices 10', 'granted rwlock prices 10']);
});

test('write() waits for readers of other threads, and keeps its thread alive meanwhile', async () => {
  const { stage, mine, other, place } = makeLocks();
  const read = other.readSync();
  const write = watch(mine.write());
  await settle();
  assert.equal(write.guard, undefined);
  assert.equal(stage.hosts[0]!.keptAlive, 1);
  read.release();
  await settle();
  write.guard!.release();
  assert.equal(stage.hosts[0]!.keptAlive, 0);
  assert.equal(place(0), 0);
});

test('read() and write() that give up say who is in the way: a task of this thread, another writer, or readers', async () => {
  const { mine, other } = makeLocks();
  const own = {
    message: /^gave up waiting for rwlock 'prices' after 0 ms: another task of this thread holds it\./,
  };
  const limit = { timeoutMillis: 0 };
  const writing = mine.tryWrite()!;
  await assert.rejects(mine.read(limit), own);
  await assert.rejects(mine.write(limit), own);
  await assert.rejects(other.read(limit), /: thread slot 0 holds it\./);
  writing.release();
  const reading = mine.tryRead()!;
  await assert.rejects(mine.write(limit), own);
  await assert.rejects(other.write(limit), /: others hold it\./);
  reading.release();
});

test('write() that is called off while it waits for readers lets go, and the tasks behind it in', async () => {
  const { mine, other, owner } = makeLocks();
  const read = other.readSync();
  const stop = new AbortController();
  const write = mine.write({ signal: stop.signal });
  const behind = watch(mine.read());
  await settle();
  assert.equal(behind.guard, undefined);
  stop.abort(new Error('no longer'));
  await assert.rejects(write, /no longer/);
  await settle();
  behind.guard!.release();
  read.release();
  assert.equal(owner(), 0);
});

test('write() that is called off alone leaves the lock free', async () => {
  const { mine, other, owner, place } = makeLocks();
  const read = other.readSync();
  const stop = new AbortController();
  const write = mine.write({ signal: stop.signal });
  await settle();
  stop.abort(new Error('no longer'));
  await assert.rejects(write, /no longer/);
  await settle();
  assert.deepEqual([owner(), place(0)], [0, 0]);
  other.tryRead()!.release();
  read.release();
});

test('write() gives up after timeoutMillis', async () => {
  const { stage, other, owner } = makeLocks();
  const real = new StageThread(stage.words, stage.geometry, 0, engineHost, stage.threads[0]!.observer);
  const mine = new RwLock(real, stage.record, 'prices');
  const read = other.readSync();
  await assert.rejects(mine.write({ timeoutMillis: 5 }), /rwlock 'prices' after 5 ms: others hold it/);
  await settle();
  assert.equal(owner(), 0);
  read.release();
});

test('readSync() beside a task that waits to write goes in before it', async () => {
  const { mine, other } = makeLocks();
  const read = other.readSync();
  const write = watch(mine.write());
  await settle();
  mine.readSync().release();
  read.release();
  await settle();
  write.guard!.release();
});

test('writeSync() beside a task that waits to write goes in before it, and the task follows', async () => {
  const { stage, mine, other } = makeLocks();
  const read = other.readSync();
  const write = watch(mine.write());
  await settle();
  stage.views[0]!.whileAsleep.push(() => read.release());
  const guard = mine.writeSync();
  await settle();
  assert.equal(write.guard, undefined);
  guard.release();
  await settle();
  write.guard!.release();
});

test('a lock that the observer refuses to have granted is not taken, and others get it', async () => {
  const { mine, observer, readers, owner } = makeLocks();
  observer.refused = 'granted';
  await assert.rejects(mine.write(), /refused/);
  await assert.rejects(mine.read(), /refused/);
  await settle();
  assert.deepEqual([readers(), owner()], [[0, 0, 0], 0]);
});

test('abandon() gives up the waits of this thread, and lets go what it has as if it had died', async () => {
  const { mine, other, owner, readers, place } = makeLocks();
  const read = mine.readSync();
  const wait = mine.write();
  await settle();
  mine.abandon();
  await assert.rejects(wait, /detached from the heap/);
  assert.deepEqual([readers(), owner(), place(0)], [[0, 0, 0], 0, 0]);
  assert.throws(() => read.release(), /released before/);
  const write = other.writeSync();
  other.abandon();
  assert.equal(owner(), 0);
  assert.throws(() => write.release(), /released before/);
  assert.equal(mine.readSync().ownerDied, true);
});

test('RwLock.assertHeld, throws unless this thread has it, in either way', () => {
  const stage = new LockStage({ kind: LOCK_KIND.rwLock, threads: 1 });
  const lock = new RwLock(stage.threads[0]!, stage.record, 'prices');
  assert.throws(() => lock.assertHeld(), { message: /^rwlock 'prices' is not locked by this thread, as/ });
  for (const guard of [() => lock.readSync(), () => lock.writeSync()]) {
    const held = guard();
    lock.assertHeld();
    held.release();
    assert.throws(() => lock.assertHeld(), /lock it first/);
  }
});
