/** A thread that opens each map and each cache, and registers each callback, at the same moment as all others. */
import { type Address, Heap } from '../../src/index.js';
import { cacheName, callbackName, mapName, type NamesBriefing, type NamesResult } from './names.js';
import { report, takeBriefing } from './team.js';

const { handle, meeting, rounds, caches, workers, worker } = takeBriefing<NamesBriefing>();
const heap = Heap.attach(handle, { name: `names ${worker}` });
const objects: Address[] = [];
const ids: number[] = [];

for (let round = 0; round < rounds; round++) {
  meet(round + 1);
  heap.map<number, string>(mapName(round)).set(worker, mapName(round));
  if (round < caches) objects.push(heap.slabCache(cacheName(round), 8 * (round + 1)).alloc());
  ids.push(heap.rcu.register(callbackName(round), () => {}));
  heap.quiesce();
}
heap.detach();
const result: NamesResult = { objects, ids };
report(result);

/** Returns when all have called it `times` times. */
function meet(times: number): void {
  heap.words.add(meeting, 1);
  while (heap.words.load(meeting) < times * workers) heap.words.pause();
}
