/**
 * Shared maps: values that certify themselves, counters that are never behind, and maps with short lives, which grow.
 *
 * A worker counts each update() that it was told of. So a counter is at least the sum of what was told, and more by no more
 * than the workers that died in update().
 */
import { sealValue, verifyValue } from '../../cli/value.js';
import { COUNTERS, RUN, SEAT } from '../control.js';
import type { Main, Operation, Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

const STABLE = 'torture map';
const COUNTED = 'torture counters';
export const UPDATE = 'map.update';
const KEYS = 2000;
const YOUNG_KEYS = 4000;
/** Maps have names, and names stay. */
export const MAX_YOUNG = 16;

const youngName = (number: number) => `torture map ${number}`;

function value(stage: Stage, key: string): string {
  const { random } = stage;
  const length = random.oneIn(50) ? random.below(6000) : random.below(100);
  return sealValue(key, random.below(1e9), 'v'.repeat(length));
}

function look(stage: Stage, key: string, found: unknown): void {
  if (found === undefined || verifyValue(key, found)) return;
  stage.wrong(`the map holds a value under ${key} that is not its own`);
}

/** Reads and writes of one map. */
function mapOperations(stage: Stage, nameOf: () => string, keys: number, share: number): Operation[] {
  const { heap, random } = stage;
  const map = () => heap.map<string, string>(nameOf());
  const key = () => `key ${random.below(keys)}`;
  const refusable = (act: () => void) => () => void stage.orRefused(act);
  const set = () => {
    const k = key();
    map().set(k, value(stage, k));
  };
  const trySet = () => {
    const k = key();
    if (!map().trySet(k, value(stage, k))) stage.count(SEAT.nolockRefusals);
  };
  const get = () => {
    const k = key();
    look(stage, k, map().get(k));
  };
  const getOrInsert = () => {
    const k = key();
    look(
      stage,
      k,
      map().getOrInsertComputed(k, () => value(stage, k)),
    );
  };
  const some = () => {
    let left = random.below(200);
    for (const [k, found] of map()) {
      look(stage, k, found);
      if (--left < 0) break;
    }
  };
  return [
    { name: 'map.get', weight: 30 * share, run: get },
    { name: 'map.set', weight: 30 * share, run: refusable(set) },
    { name: 'map.trySet', weight: 6 * share, run: trySet },
    { name: 'map.delete', weight: 14 * share, run: () => void map().delete(key()) },
    { name: 'map.tryDelete', weight: 4 * share, run: () => void map().tryDelete(key()) },
    { name: 'map.getOrInsertComputed', weight: 4 * share, run: refusable(getOrInsert) },
    { name: 'map entries', weight: 1 * share, run: some },
    { name: 'map.clear', weight: 0.03 * share, run: () => map().clear() },
  ];
}

function add(stage: Stage): void {
  const counter = stage.random.below(COUNTERS);
  const map = stage.heap.map<string, number>(COUNTED);
  stage.orRefused(() => {
    map.update(`counter ${counter}`, (count) => (count ?? 0) + 1);
    stage.count(SEAT.added + counter);
  });
}

/** @param cutOff updates in which a worker died: each may have been made, and not told */
export function checkCounters({ heap, control, findings }: Main, cutOff: number): void {
  const map = heap.map<string, number>(COUNTED);
  let behind = 0;
  let ahead = 0;
  for (let counter = 0; counter < COUNTERS; counter++) {
    const told = control.sum(SEAT.added + counter);
    const more = (map.get(`counter ${counter}`) ?? 0) - told;
    if (more < 0) behind -= more;
    else ahead += more;
  }
  if (behind > 0) findings.wrong(`the counters are behind by ${behind}: updates were lost`);
  if (ahead > cutOff) {
    findings.wrong(`the counters are ahead by ${ahead}, and ${cutOff} updates were cut off by a death`);
  }
}

function checkMap({ heap, findings }: Main, name: string): void {
  const map = heap.map<string, string>(name);
  let entries = 0;
  for (const [key, found] of map) {
    entries++;
    if (!verifyValue(key, found)) findings.wrong(`at the end ${name} holds a wrong value under ${key}`);
    if (map.get(key) !== found) findings.wrong(`at the end ${name} does not find ${key}, which it holds`);
  }
  if (map.size !== entries) {
    findings.problem(`at the end ${name} says that its size is ${map.size}, and holds ${entries} entries`);
  }
  map.clear();
  if (map.size !== 0) findings.problem(`${name} holds ${map.size} entries after clear()`);
}

export const MAPS: Scenario = {
  name: 'maps',
  summary: 'shared maps: values that certify themselves, counters, maps that are new and grow',
  prepare: ({ heap }) => {
    heap.map(STABLE);
    heap.map(COUNTED);
    return [];
  },
  operations: (stage): Operation[] => {
    const young = () => youngName(stage.run(RUN.maps) % MAX_YOUNG);
    return [
      ...mapOperations(stage, () => STABLE, KEYS, 1),
      { name: UPDATE, weight: 12, run: () => add(stage) },
      ...mapOperations(stage, young, YOUNG_KEYS, 0.4),
    ];
  },
  finish(main) {
    checkMap(main, STABLE);
    const young = Math.min(main.control.run(RUN.maps) + 1, MAX_YOUNG);
    for (let number = 0; number < young; number++) checkMap(main, youngName(number));
    main.heap.map(COUNTED).clear();
  },
};
