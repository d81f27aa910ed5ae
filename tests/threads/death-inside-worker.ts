/** A thread that ends in a function which Lull calls. */
import { workerData } from 'node:worker_threads';
import { type Address, Heap, type MapValue } from '../../src/index.js';
import { joinHeap } from '../../src/threads/thread-registry.js';
import { engineHost } from '../../src/words/host.js';
import { CALLBACK, EXIT_CODE, type InsideBriefing, LOCKED, MESSAGE, SHARED } from './death-inside.js';

const { heap: handle, place, end } = workerData as InsideBriefing;
let isEnding = false;

/** Whatever is called after that, in handlers of the end, is left alone. */
function finish(): never {
  isEnding = true;
  if (end === 'process.exit()') process.exit(EXIT_CODE);
  throw new Error(MESSAGE);
}

/** What a listener throws goes to the console. */
function finishAgain(): never {
  if (!isEnding) process.exit();
  finish();
}

const heap = Heap.attach(handle, { name: place });
const map = heap.map<number, MapValue>(SHARED);
for (let n = 0; n < 100; n++) map.set(n, 'x'.repeat(n));
for (let n = 0; n < 100; n += 3) map.delete(n);

function inShrinker(): number {
  if (!isEnding) finish();
  return 0;
}

async function act(): Promise<void> {
  switch (place) {
    case 'update()':
      map.update(1, finish);
      break;
    case 'getOrInsertComputed()':
      map.getOrInsertComputed(-1, finish);
      break;
    case 'forEach()':
      map.forEach(finish);
      break;
    case 'an iterator':
      for (const [key] of map) if (key > 0) finish();
      break;
    case 'toJSON()':
      map.set(1, { toJSON: finish } as never);
      break;
    case 'a getter of a value':
      map.set(1, {
        get value() {
          return finish();
        },
      });
      break;
    case 'a getter of options':
      heap.mutex(SHARED).lockSync({
        get timeoutMillis() {
          return finish();
        },
      });
      break;
    case 'turn()':
      heap.turn(() => {
        map.set(1, 'last');
        finish();
      });
      break;
    case 'rcu.read()':
      heap.rcu.read(() => {
        heap.kfreeRcu(heap.kmalloc(64));
        finish();
      });
      break;
    case 'idle()':
      heap.idle(finish);
      break;
    case 'a write of a seqlock':
      heap.seqLock(LOCKED, 4).write(finish);
      break;
    case 'run() of a group':
      heap.group('group', { maxBytes: 2 ** 20 }).run(finish);
      break;
    case 'a shrinker':
      heap.registerShrinker({ name: 'ends', count: () => 1, scan: inShrinker });
      for (let key = 1000; ; key++) map.set(key, 'more '.repeat(1000));
    case 'a shrinker of a group': {
      const group = heap.group('group', { maxBytes: 2 ** 16 });
      group.registerShrinker({ name: 'ends', count: () => 1, scan: inShrinker });
      const limited = heap.map<number, string>('limited', { group });
      for (let key = 1000; ; key++) limited.set(key, 'more '.repeat(100));
    }
    case 'a callback of RCU':
      heap.rcu.call(heap.kmalloc(64), heap.rcu.register(CALLBACK, finish));
      heap.rcu.barrierSync();
      break;
    case "a listener of 'callbackError'":
      heap.rcu.on('callbackError', finish);
      heap.rcu.call(
        heap.kmalloc(64),
        heap.rcu.register(CALLBACK, (head) => {
          heap.kfree(head as Address);
          throw new Error('as the test asks for');
        }),
      );
      heap.rcu.barrierSync();
      finishAgain();
      break;
    case "a listener of 'reap'":
      heap.on('reap', finish);
      heap.reap(leaveASlot());
      finishAgain();
      break;
    case 'a task that has locks':
      heap.mutex(LOCKED).lockSync();
      heap.rwLock(LOCKED).writeSync();
      heap.semaphore(LOCKED, 1).acquireSync();
      finish();
      break;
    case 'a task that others wait behind': {
      const mutex = heap.mutex(LOCKED);
      mutex.lockSync();
      void mutex.lock();
      void mutex.lock({ timeoutMillis: 10_000 });
      await Promise.resolve();
      finish();
      break;
    }
    case 'a turn in a turn of another handle': {
      const other = Heap.attach(handle, { name: 'other' });
      heap.turn(() => other.turn(() => map.update(2, () => other.map(SHARED).update(3, finish))));
      break;
    }
    case 'a listener of exit':
      // Before the heap's own, which leaves it.
      process.prependListener('exit', () => {
        for (let n = 0; n < 50; n++) map.set(n, 'of a thread that exits');
        heap.mutex(LOCKED).lockSync();
      });
      finish();
  }
}

/** A slot of which this thread alone knows that nobody has it. */
function leaveASlot(): number {
  const membership = joinHeap(heap.words, heap.geometry, 'nobody', false, engineHost.threadId);
  return membership.slot;
}

await act();
