/**
 * Memory groups: objects and a map that are charged, a limit that is met all the time, and at the end not one byte that is
 * charged for nothing.
 */
import type { Address, MemoryGroup } from '../../../src/index.js';
import { sealValue, verifyValue } from '../../cli/value.js';
import { HANDS, SEAT } from '../control.js';
import { CHARGED_BYTES } from '../hand-kinds.js';
import { fill, isFilled } from '../pattern.js';
import type { Main, Operation, Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

export const GROUP = 'torture tenants';
const PART = 'torture tenant';
const MAP_GROUP = 'torture map tenant';
const MAP = 'torture charged map';
const BYTES_PER_WORD = 4;
const WORDS = CHARGED_BYTES / BYTES_PER_WORD;
const KEYS = 500;
const LIMIT_BYTES = 1 << 20;

function open(heap: Main['heap']): { part: MemoryGroup; map: MemoryGroup } {
  const whole = heap.group(GROUP, { maxBytes: LIMIT_BYTES });
  return {
    part: heap.group(PART, { parent: whole }),
    map: heap.group(MAP_GROUP, { maxBytes: LIMIT_BYTES / 8 }),
  };
}

function take(stage: Stage, alloc: () => number): void {
  const hand = stage.freeHand(HANDS.charged);
  if (hand < 0) return;
  const p = stage.take(hand, 0, alloc);
  if (p !== 0) fill(stage.words, p, WORDS, stage.salt(hand));
}

function give(stage: Stage): void {
  const hand = stage.fullHand(HANDS.charged);
  if (hand < 0) return;
  if (!isFilled(stage.words, stage.own(SEAT.hands + hand), WORDS, stage.salt(hand))) {
    stage.wrong('an object that is charged to a group was written to by another');
  }
  stage.give(hand, 0, (p) => stage.heap.kfree(p as Address));
}

export const GROUPS: Scenario = {
  name: 'groups',
  summary: 'memory groups: what is charged comes to nothing when all of it is freed',
  prepare: ({ heap }) => {
    heap.map(MAP, { group: open(heap).map });
    return [];
  },
  operations: (stage): Operation[] => {
    const { heap, random } = stage;
    const groups = open(heap);
    const map = heap.map<string, string>(MAP, { group: groups.map });
    const key = () => `key ${random.below(KEYS)}`;
    const set = () => {
      const k = key();
      map.set(k, sealValue(k, random.below(1e9), 'g'.repeat(random.below(300))));
    };
    const get = () => {
      const k = key();
      const found = map.get(k);
      if (found !== undefined && !verifyValue(k, found)) stage.wrong(`the charged map is wrong about ${k}`);
    };
    return [
      { name: 'group.kmalloc', weight: 8, run: () => take(stage, () => groups.part.kmalloc(CHARGED_BYTES)) },
      {
        name: 'group.kmallocNolock',
        weight: 2,
        run: () => take(stage, () => groups.part.kmallocNolock(CHARGED_BYTES)),
      },
      { name: 'kfree charged', weight: 10, run: () => give(stage) },
      { name: 'charged map.set', weight: 8, run: () => void stage.orRefused(set) },
      { name: 'charged map.get', weight: 8, run: get },
      { name: 'charged map.delete', weight: 4, run: () => void map.delete(key()) },
    ];
  },
  finish: ({ heap }) => heap.map(MAP).clear(),
};
