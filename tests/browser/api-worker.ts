/** Runs in a browser's worker: the API where a thread may wait. Answers with each check by name. */
import { GFP_KERNEL, Heap, type HeapHandle } from '../../src/index.js';
import { Checks } from './checks.js';
import { workerScope } from './page-globals.js';

function check(handle: HeapHandle): Readonly<Record<string, string>> {
  const checks = new Checks();
  const heap = Heap.attach(handle, { name: 'worker ©' });
  checks.run('name of the thread', () => {
    checks.equal(
      heap
        .stats()
        .threads.map(({ name }) => name)
        .join(),
      'page,worker ©',
    );
  });
  checks.run('kmalloc with GFP_KERNEL', () => heap.kfree(heap.kmalloc(100, GFP_KERNEL)));
  checks.run('mutex.lockSync() waits', () => {
    const mutex = heap.mutex('of both');
    checks.equal(mutex.tryLock(), undefined);
    workerScope.postMessage('waits');
    mutex.lockSync().release();
  });
  checks.run('synchronizeRcuSync()', () => {
    heap.kfreeRcu(heap.kmalloc(64));
    heap.synchronizeRcuSync();
  });
  checks.run('map set', () => {
    heap.map<string, string>('of both').set('from', 'the worker');
  });
  checks.run('detach()', () => heap.detach());
  return checks.results;
}

workerScope.onmessage = ({ data }) => workerScope.postMessage(check(data as HeapHandle));
