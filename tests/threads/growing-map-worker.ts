/** A thread that fills a map with its keys, and reads what the others say they have done. */
import { Heap } from '../../src/index.js';
import {
  GROWING_MAP,
  type GrowingMapBriefing,
  isDeletedLater,
  isThere,
  keyOf,
  valueAt,
} from './growing-map.js';
import { Random } from './seed.js';
import { report, takeBriefing } from './team.js';

/** Steps between two walks through the whole map. */
const STEPS_A_WALK = 1500;

const { handle, progress, workers, steps, worker, seed } = takeBriefing<GrowingMapBriefing>();
const random = new Random(seed, worker);
const heap = Heap.attach(handle, { name: `growing ${worker}` });
const map = heap.map<string, number>(GROWING_MAP);
let looks = 0;

for (let step = 0; step < steps; step++) {
  map.set(keyOf(worker, step), valueAt(worker, step));
  if (step > 0 && isDeletedLater(step - 1) && !map.delete(keyOf(worker, step - 1))) {
    throw new Error(`step ${step - 1} of worker ${worker} was gone before it was deleted`);
  }
  heap.words.store(progress + worker, step + 1);
  lookAtOne();
  lookAtOne();
  if (step % STEPS_A_WALK === STEPS_A_WALK - 1) walk();
}
walk();
heap.detach();
report(looks);

/** What any worker, this one too, has said to be done must be found so. */
function lookAtOne(): void {
  const other = random.below(workers);
  const before = heap.words.load(progress + other);
  const step = random.below(before + 1);
  const value = map.get(keyOf(other, step));
  // What was done may have been undone since: only what holds before and after the look counts.
  const expected = isThere(step, before);
  if (expected === undefined || isThere(step, heap.words.load(progress + other) + 1) !== expected) return;
  looks++;
  if (value === (expected ? valueAt(other, step) : undefined)) return;
  throw new Error(
    `step ${step} of worker ${other} has value ${value} after ${before} steps, it is ${expected ? '' : 'not '}there`,
  );
}

/** Each key that is there from the walk's beginning to its end comes exactly once. */
function walk(): void {
  const before = doneByAll();
  const seen = new Set<string>();
  for (const key of map.keys()) {
    if (seen.has(key)) throw new Error(`${key} came twice`);
    seen.add(key);
  }
  const after = doneByAll();
  for (const [other, done] of before.entries()) {
    for (let step = 0; step < done; step++) {
      const expected = isThere(step, done);
      if (expected === undefined || isThere(step, after[other]! + 1) !== expected) continue;
      if (seen.has(keyOf(other, step)) !== expected) {
        throw new Error(`step ${step} of worker ${other} was ${expected ? 'not ' : ''}seen on a walk`);
      }
    }
  }
}

function doneByAll(): number[] {
  return Array.from({ length: workers }, (_, other) => heap.words.load(progress + other));
}
