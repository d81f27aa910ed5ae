/** JavaScript's own `Map`, in one thread: what nobody shares. */
import { serveMap } from './map-loop.js';

await serveMap(new Map<string, number>());
