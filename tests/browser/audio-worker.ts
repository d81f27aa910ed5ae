/** One of the audio page's workers: sets, deletes, allocates and frees at full speed until it is told to stop. */
import { Heap, type HeapHandle } from '../../src/index.js';
import { CONTROL } from './audio-control.js';
import { Neighbour } from './neighbour.js';
import { workerScope } from './page-globals.js';

/** What the page sends. */
export interface WorkerOptions {
  readonly handle: HeapHandle;
  readonly control: SharedArrayBuffer;
  /** 1 or 2. */
  readonly number: number;
}

/** Rounds of one synchronous run, after which the turn ends. */
const ROUNDS_A_RUN = 200;

function work({ handle, control, number }: WorkerOptions): void {
  const shared = new Int32Array(control);
  const heap = Heap.attach(handle, { name: `worker ${number}` });
  const neighbour = new Neighbour(heap, shared, number);
  workerScope.postMessage('ready');
  while (Atomics.load(shared, CONTROL.stop) === 0) {
    neighbour.run(ROUNDS_A_RUN);
    heap.quiesce();
  }
  neighbour.end();
  heap.detach();
  workerScope.postMessage('ended');
}

workerScope.onmessage = ({ data }) => work(data as WorkerOptions);
