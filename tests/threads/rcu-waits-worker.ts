/** A thread that waits in one of Lull's ways, or is busy in a turn, until it is told to stop. */
import { Heap, type StallEvent } from '../../src/index.js';
import { LOCK_NAME, type RcuWaitsBriefing, SIGNAL, TURN_MILLIS } from './rcu-waits.js';
import { report, takeBriefing } from './team.js';

const { handle, role, signals } = takeBriefing<RcuWaitsBriefing>();
const heap = Heap.attach(handle, { name: role });
const { words } = heap;
const stop = signals + SIGNAL.stop;
const stalls: StallEvent[] = [];
heap.rcu.on('stall', (event) => stalls.push(event));
// It comes to the test by the event.
console.error = () => {};
// Opened before anything is waited for: a new name takes a lock.
const mutex = heap.mutex(LOCK_NAME);
const rwLock = heap.rwLock(LOCK_NAME);
const semaphore = heap.semaphore(LOCK_NAME, 1);
const condVar = heap.condVar(LOCK_NAME);
const callback = heap.rcu.register(LOCK_NAME, (head) => heap.kfree(head as typeof signals));

// A turn is open when the wait begins, as in a program that has just read something.
heap.kfree(heap.kmalloc(64));
switch (role) {
  case 'mutex.lockSync()':
    say();
    mutex.lockSync().release();
    break;
  case 'rwLock.writeSync()':
    say();
    rwLock.writeSync().release();
    break;
  case 'rwLock.readSync()':
    say();
    rwLock.readSync().release();
    break;
  case 'semaphore.acquireSync()':
    say();
    semaphore.acquireSync().release();
    break;
  case 'condVar.waitSync()': {
    const guard = mutex.lockSync();
    say();
    while (words.load(stop) === 0) condVar.waitSync(guard);
    guard.release();
    break;
  }
  case 'heap.idle(fn)':
    say();
    heap.idle(() => {
      while (words.load(stop) === 0) words.wait(stop, 0, 60_000);
    });
    break;
  case 'synchronizeRcuSync()':
    say();
    heap.synchronizeRcuSync();
    break;
  case 'synchronizeRcuExpeditedSync()':
    say();
    heap.synchronizeRcuExpeditedSync();
    break;
  case 'rcu.barrierSync()':
    say();
    heap.rcu.barrierSync();
    break;
  case 'takes turn after turn':
    heap.idle(say);
    while (words.load(stop) === 0) heap.turn(() => spin(TURN_MILLIS));
    break;
  case 'spins in a turn':
    heap.turn(() => {
      heap.rcu.call(heap.kmalloc(8), callback);
      say();
      while (words.load(stop) === 0) words.pause();
    });
    break;
  case 'works in a turn':
    heap.turn(() => {
      say();
      while (words.load(stop) === 0) heap.kfree(heap.kmalloc(100_000));
    });
}
heap.detach();
report(stalls);

function say(): void {
  words.add(signals + SIGNAL.started, 1);
}

function spin(millis: number): void {
  const end = performance.now() + millis;
  while (performance.now() < end) words.pause();
}
