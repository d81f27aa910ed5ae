/**
 * The control for two threads: each reads a `Map` of its own, so nothing is shared but the machine. What two
 * such threads reach over one is the most that any map could reach here.
 */
import { isMainThread } from 'node:worker_threads';
import { mapKeys } from '../workloads.js';
import { readInThread, serveThreads } from './threads-loop.js';

if (isMainThread) await serveThreads(new URL(import.meta.url), undefined);
else readInThread(() => new Map(mapKeys('plain').map((key, value) => [key, value])));
