/** Threads that leave and join, and names that are made by several at once: maps, locks and caches with names of their own. */
import { SEAT } from '../control.js';
import type { Operation, Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

/** Names stay for good. */
const NAMES = 24;
const CACHES = 6;

function rejoin(stage: Stage): void {
  stage.rejoin();
  stage.count(SEAT.joins);
}

export const JOINS: Scenario = {
  name: 'joins',
  summary: 'threads that leave the heap and join it, names that several make at once',
  prepare: () => [],
  operations: (stage): Operation[] => {
    const { random } = stage;
    const refusable = (act: () => void) => () => void stage.orRefused(act);
    const name = () => `torture name ${random.below(NAMES)}`;
    return [
      { name: 'detach and attach', weight: 0.3, run: () => rejoin(stage) },
      { name: 'name a mutex', weight: 0.3, run: refusable(() => stage.heap.mutex(name())) },
      { name: 'name a map', weight: 0.1, run: refusable(() => stage.heap.map(name())) },
      {
        name: 'name a cache',
        weight: 0.1,
        run: refusable(() => stage.heap.slabCache(`torture cache ${random.below(CACHES)}`, 200)),
      },
    ];
  },
  finish: () => {},
};
