/** Lull's shared map, read and written by the thread that made it. */
import { Heap } from '../../src/index.js';
import { serveMap } from './map-loop.js';

await serveMap(Heap.create().map<string, number>('bench'));
