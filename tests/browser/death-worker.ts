/** Runs in a browser's worker: lets its event loop run, says that it has begun, and then never ends by itself. */
import { Heap, type HeapHandle } from '../../src/index.js';
import { workerScope } from './page-globals.js';

/** What heap.spawn() sends first. */
interface Briefing {
  readonly heap: HeapHandle;
  readonly does: 'holds a mutex' | 'sets' | 'has left';
}

/** Long enough for the lock that is held for life. */
const SETTLED_MILLIS = 400;

workerScope.onmessage = ({ data }) => {
  const { heap: handle, does } = data as Briefing;
  const heap = Heap.attach(handle, { name: does });
  const map = heap.map<number, string>('shared');
  setTimeout(() => {
    if (does === 'has left') heap.detach();
    else if (does === 'holds a mutex') heap.mutex('shared').lockSync();
    workerScope.postMessage('begun');
    if (does === 'sets') setForever();
  }, SETTLED_MILLIS);

  function setForever(): void {
    for (let n = 0; ; n++) {
      map.set(n % 100, 'of the worker '.repeat(n % 9));
      map.delete((n * 7) % 100);
    }
  }
};
