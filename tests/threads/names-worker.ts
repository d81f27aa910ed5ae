/** A thread that opens each map and each cache at the same moment as all others. */
import { Heap } from '../../src/index.js';
import { cacheName, mapName, type NamesBriefing } from './names.js';
import { report, takeBriefing } from './team.js';

const { handle, meeting, rounds, caches, workers, worker } = takeBriefing<NamesBriefing>();
const heap = Heap.attach(handle, { name: `names ${worker}` });
const taken: number[] = [];

for (let round = 0; round < rounds; round++) {
  meet(round + 1);
  heap.map<number, string>(mapName(round)).set(worker, mapName(round));
  if (round < caches) taken.push(heap.slabCache(cacheName(round), 8 * (round + 1)).alloc());
  heap.quiesce();
}
heap.detach();
report(taken);

/** Returns when all have called it `times` times. */
function meet(times: number): void {
  heap.words.add(meeting, 1);
  while (heap.words.load(meeting) < times * workers) heap.words.pause();
}
