/** A thread that takes one lock over and over, in one way, and looks each time whether it is alone. */
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { lockThreadOf } from '../../src/heap/lock-thread-of.js';
import { Heap } from '../../src/index.js';
import { RawSpinLock } from '../../src/locks/raw-spin-lock.js';
import { SpinLock } from '../../src/locks/spin-lock.js';
import { LOCK_WORD, type LocksBriefing, type LocksResult, Scene, SLOW_MILLIS } from './locks.js';
import { report, takeBriefing } from './team.js';

/** Visits of readers for one of a writer. */
const READS_A_WRITE = 3;
const SEQ_WORDS = 8;
/** Tasks that wait at once in a thread where tasks wait. */
const TASKS = 2;

const briefing = takeBriefing<LocksBriefing>();
const { threads, worker, use } = briefing;
const heap = Heap.attach(briefing.handle, { name: `locker ${worker}` });
const scene = new Scene(heap.words, briefing.scene, threads, worker);
let acquisitions = 0;
let longestMillis = 0;
let slowWaits = 0;

/** One acquisition is had, which was asked for at `asked`. */
function noteWait(asked: number): void {
  const waited = performance.now() - asked;
  acquisitions++;
  if (waited > longestMillis) longestMillis = waited;
  if (waited >= SLOW_MILLIS) slowWaits++;
}

/** Takes something by `take` and lets it go again, while `inside` looks. */
function visit(take: () => { release(): void }, inside: () => void): void {
  const asked = performance.now();
  const guard = take();
  noteWait(asked);
  inside();
  guard.release();
}

async function visitAsync(take: () => Promise<{ release(): void }>, inside: () => void): Promise<void> {
  const asked = performance.now();
  const guard = await take();
  noteWait(asked);
  inside();
  guard.release();
}

const change = (): void => scene.change();
const look = (): void => scene.look();
const crowd = (): void => void scene.joinCrowd(2);

function isRead(): boolean {
  return acquisitions % (READS_A_WRITE + 1) !== worker % (READS_A_WRITE + 1);
}

/** One visit in the way that the briefing names. */
function makeVisit(): () => void | Promise<void> {
  switch (use) {
    case 'Mutex, lockSync()':
      return mutexSync();
    case 'Mutex, lock()':
      return mutexAsync();
    case 'Mutex, lockSync() in some threads and lock() in others':
      return worker % 2 === 0 ? mutexSync() : mutexAsync();
    case 'Mutex, lockSync() while a task of the thread waits for lock()':
      return mutexBoth();
    case 'RwLock, readSync() and writeSync()': {
      const lock = heap.rwLock(use);
      return () => (isRead() ? visit(() => lock.readSync(), look) : visit(() => lock.writeSync(), change));
    }
    case 'RwLock, read() and write()': {
      const lock = heap.rwLock(use);
      return () => (isRead() ? visitAsync(() => lock.read(), look) : visitAsync(() => lock.write(), change));
    }
    case 'Semaphore of 2, acquireSync()': {
      const semaphore = heap.semaphore(use, 2);
      return () => visit(() => semaphore.acquireSync(), crowd);
    }
    case 'Semaphore of 2, acquire()': {
      const semaphore = heap.semaphore(use, 2);
      return () => visitAsync(() => semaphore.acquire(), crowd);
    }
    case 'SpinLock':
    case 'RawSpinLock':
      return spinning();
    case 'SeqLock, read() and write()':
      return sequence();
    case 'CondVar, waitSync()':
      return ring();
    case 'CondVar, wait()':
      return ringAsync();
  }
}

function mutexSync(): () => void {
  const mutex = heap.mutex(use);
  return () => visit(() => mutex.lockSync(), change);
}

function mutexAsync(): () => Promise<void> {
  const mutex = heap.mutex(use);
  return () => visitAsync(() => mutex.lock(), change);
}

/** A task waits, or has the mutex already: then lockSync() refuses. */
function mutexBoth(): () => Promise<void> {
  const mutex = heap.mutex(use);
  return async () => {
    const task = visitAsync(() => mutex.lock(), change);
    try {
      visit(() => mutex.lockSync(), change);
    } catch (error) {
      // In a validating heap the report comes first.
      if (!/in the thread that has it locked|which it holds itself/.test(String(error))) throw error;
    }
    await task;
  };
}

function spinning(): () => void {
  const parts = (heap as unknown as { readonly parts: HeapParts }).parts;
  const { words, ownerTag, geometry } = parts;
  const word = briefing.scene + LOCK_WORD;
  const lock =
    use === 'SpinLock'
      ? new SpinLock(lockThreadOf(parts), word, geometry.spinRounds, use)
      : new RawSpinLock(words, word, ownerTag, geometry.spinRounds, use);
  const take = () => {
    lock.acquire();
    return lock;
  };
  return () => visit(take, change);
}

/** Each word follows from the first, so that a reader sees when it has some of one write and some of another. */
function sequence(): () => void {
  const record = heap.seqLock(use, SEQ_WORDS);
  const values = new Int32Array(SEQ_WORDS);
  const write = (current: Int32Array): void => {
    scene.change();
    requireWhole(current);
    const next = current[0]! + 1;
    for (let i = 0; i < SEQ_WORDS; i++) current[i] = next * (i + 1);
  };
  return () => {
    const asked = performance.now();
    if (isRead()) requireWhole(record.read(values));
    else record.write(write);
    noteWait(asked);
  };
}

function requireWhole(values: Int32Array): void {
  for (let i = 0; i < SEQ_WORDS; i++) {
    if (values[i] !== Math.imul(values[0]!, i + 1)) throw new Error(`read words that are torn: ${values}`);
  }
}

/** Threads take turns; each waits on a condition of its own until the one before it has had its turn. */
function ring(): () => void {
  const mutex = heap.mutex(use);
  const conditions = Array.from({ length: threads }, (_, n) => heap.condVar(`${use} ${n}`));
  return () => {
    const asked = performance.now();
    const guard = mutex.lockSync();
    while (scene.turn() !== worker) conditions[worker]!.waitSync(guard);
    noteWait(asked);
    scene.change();
    conditions[scene.passTurn()]!.notifyOne();
    guard.release();
  };
}

function ringAsync(): () => Promise<void> {
  const mutex = heap.mutex(use);
  const conditions = Array.from({ length: threads }, (_, n) => heap.condVar(`${use} ${n}`));
  return async () => {
    const asked = performance.now();
    const guard = await mutex.lock();
    while (scene.turn() !== worker) await conditions[worker]!.wait(guard);
    noteWait(asked);
    scene.change();
    conditions[scene.passTurn()]!.notifyOne();
    guard.release();
  };
}

async function run(visitOnce: () => void | Promise<void>): Promise<void> {
  // Turns are taken in rounds: as many by each thread, and by one task of it.
  const tasks = use.startsWith('CondVar') || use.includes('while a task') ? 1 : TASKS;
  const loop = async (): Promise<void> => {
    while (acquisitions < briefing.acquisitions) {
      const pending = visitOnce();
      if (pending !== undefined) await pending;
    }
  };
  await Promise.all(Array.from({ length: tasks }, loop));
}

const visitOnce = makeVisit();
heap.idle(() => scene.meetOthers());
await run(visitOnce);
heap.detach();
const { changes, turnovers } = scene;
const result: LocksResult = { acquisitions, changes, turnovers, longestMillis, slowWaits };
report(result);
