/** A thread that has every lock and does not end its turn; or one that waits for that. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Address, Heap } from '../../src/index.js';
import { FREE, FREES, HELD, type Wait, type WaiterBriefing } from './death-waiters.js';

const { heap: handle, wait } = workerData as WaiterBriefing;
const heap = Heap.attach(handle, { name: wait ?? 'holder' });
const id = heap.rcu.register(FREES, (head) => heap.kfree(head as Address));

/** Does not return. */
function hold(): void {
  heap.mutex(HELD).lockSync();
  heap.rwLock(HELD).writeSync();
  heap.semaphore(HELD, 1).acquireSync();
  heap.turn(() => {
    heap.rcu.call(heap.kmalloc(8), id);
    heap.kfreeRcu(heap.kmalloc(8));
    parentPort!.postMessage('begun');
    for (;;);
  });
}

async function waitFor(what: Wait): Promise<void> {
  heap.kfreeRcu(heap.kmalloc(8));
  switch (what) {
    case 'synchronizeRcuSync()':
      return heap.synchronizeRcuSync();
    case 'synchronizeRcuExpeditedSync()':
      return heap.synchronizeRcuExpeditedSync();
    case 'await synchronizeRcu()':
      return heap.synchronizeRcu();
    case 'kfreeRcuBarrierSync()':
      return heap.kfreeRcuBarrierSync();
    case 'await kfreeRcuBarrier()':
      return heap.kfreeRcuBarrier();
    case 'rcu.barrierSync()':
      return heap.rcu.barrierSync();
    case 'await rcu.barrier()':
      return heap.rcu.barrier();
    case 'mutex.lockSync()':
      return tell(heap.mutex(HELD).lockSync().ownerDied);
    case 'await mutex.lock()':
      return tell((await heap.mutex(HELD).lock()).ownerDied);
    case 'rwLock.readSync()':
      return tell(heap.rwLock(HELD).readSync().ownerDied);
    case 'await rwLock.write()':
      return tell((await heap.rwLock(HELD).write()).ownerDied);
    case 'semaphore.acquireSync()':
      heap.semaphore(HELD, 1).acquireSync();
      return;
    case 'await semaphore.acquire()':
      await heap.semaphore(HELD, 1).acquire();
      return;
    // After a death everyone is woken once.
    case 'condVar.waitSync()':
      heap.condVar(FREE).waitSync(heap.mutex(FREE).lockSync());
      return;
    case 'await condVar.wait()':
      await heap.condVar(FREE).wait(await heap.mutex(FREE).lock());
  }
}

function tell(ownerDied: boolean): void {
  if (!ownerDied) throw new Error('its owner has died, and nobody says so');
}

if (wait === undefined) hold();
parentPort!.postMessage('begun');
await new Promise((resolve) => setTimeout(resolve, 1));
await waitFor(wait!);
parentPort!.postMessage('went on');
