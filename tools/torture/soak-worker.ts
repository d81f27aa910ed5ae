/** One thread of a soak: sets, deletes and reads keys of one map until it has done its share. */
import { workerData } from 'node:worker_threads';
import { Heap } from '../../src/index.js';
import { sealValue, verifyValue } from '../cli/value.js';
import { Random } from './random.js';
import { COUNT, COUNT_WORDS, MAP, MILLION, type SoakBriefing } from './soak.js';

const KEYS = 100_000;
const MOST_CHARACTERS = 200;
/** Counted in the shared words once in so many. */
const STEP = 1000;

const { handle, counts, worker, operations, seed } = workerData as SoakBriefing;
const random = new Random(seed, worker + 1);
const heap = Heap.attach(handle, { name: `soak ${worker}` });
const map = heap.map<string, string>(MAP);
const filler = 's'.repeat(MOST_CHARACTERS);
const start = worker * COUNT_WORDS;

function act(): void {
  const key = `key ${random.below(KEYS)}`;
  const way = random.below(100);
  if (way < 45) {
    map.set(key, sealValue(key, random.below(1e9), filler.slice(0, random.below(MOST_CHARACTERS))));
  } else if (way < 70) map.delete(key);
  else {
    const found = map.get(key);
    if (found !== undefined && !verifyValue(key, found)) Atomics.add(counts, start + COUNT.wrong, 1);
  }
}

for (let done = 0; done < operations; ) {
  const share = Math.min(STEP, operations - done);
  for (let i = 0; i < share; i++) act();
  done += share;
  Atomics.store(counts, start + COUNT.millions, Math.floor(done / MILLION));
  Atomics.store(counts, start + COUNT.rest, done % MILLION);
  heap.quiesce();
}
heap.detach();
