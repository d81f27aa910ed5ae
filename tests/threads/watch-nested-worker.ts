/** A thread that watches a worker of its own, which never ends by itself, and has nothing else to do. */
import { Worker } from 'node:worker_threads';
import { DeathWatch } from '../../src/heap/watch.js';
import { readGeometry } from '../../src/layout/heap-header.js';
import { engineHost } from '../../src/words/host.js';
import { NativeWords } from '../../src/words/native-words.js';
import { report, takeBriefing } from './team.js';
import type { WatchBriefing } from './watch.js';

const briefing = takeBriefing<WatchBriefing>();
const words = new NativeWords(briefing.handles[0]!.buffer);
const watch = new DeathWatch(engineHost, words, readGeometry(words), () => {});
watch.start();
const worker = new Worker(new URL('./watch-worker.js', import.meta.url), { workerData: briefing });
watch.watch(worker);
// A worker that has begun keeps nothing alive then.
worker.once('message', () => {
  worker.unref();
  report(true);
});
