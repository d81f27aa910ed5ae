import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, type Body, modelOf } from '../../../tests/checker/hand-held.js';
import { replay } from '../explore/replay.js';
import { parseSchedule } from '../explore/schedule.js';
import { Machine } from '../machine/machine.js';
import type { Bounds } from '../model.js';
import { interleavingTable } from './interleaving-table.js';

const NAMES: Readonly<Record<number, string>> = { 8: 'flag', 9: 'data' };
const FLAG = 8;
const DATA = 9;
const OWN = 12;

function tableOf(threads: Readonly<Record<string, Body>>, schedule: string, bounds: Bounds = {}): string {
  const nameOf = (word: number) => NAMES[word] ?? `word ${word}`;
  const machine = new Machine(modelOf(threads, { nameOf }), bounds);
  const { traces } = replay(machine, parseSchedule(schedule), 1000);
  return interleavingTable(traces, { threads: Object.keys(threads), nameOf });
}

const writer: Body = function* ({ words }) {
  yield* at(words.storePlain(OWN, 3) as unknown);
  yield* at(words.storePlain(DATA, 7) as unknown);
  yield* at(words.store(FLAG, 1) as unknown);
};

const reader: Body = function* ({ words }) {
  while ((yield* at(words.load(FLAG))) === 0) yield* at(words.pause() as unknown);
  yield* at(words.loadPlain(DATA));
};

test('interleavingTable, has a column for each of two threads and a line for each operation they share', () => {
  assert.equal(
    tableOf({ writer, reader }, 'B1A3B4'),
    `
   A writer                 B reader
1                           load flag = 0
2  storePlain data  0 -> 7
3  store flag  0 -> 1
4                           pause
5                           load flag = 1
6                           loadPlain data = 7
(and 1 operations on words that only one thread uses)
`.slice(1, -1),
  );
});

test('interleavingTable, has a column for each of three threads', () => {
  const add: Body = function* ({ words }) {
    yield* at(words.add(FLAG, 2));
  };
  const swap: Body = function* ({ words }) {
    yield* at(words.compareExchange(FLAG, 2, 9));
    yield* at(words.compareExchange(FLAG, 2, 5));
  };
  assert.equal(
    tableOf({ add, swap, 'a thread with a long name': add }, 'A1B2C1'),
    `
   A add             B swap                        C a thread with a long name
1  add flag  0 -> 2
2                    compareExchange flag  2 -> 9
3                    compareExchange flag = 9
4                                                  add flag  9 -> 11
`.slice(1, -1),
  );
});

test('interleavingTable, tells of waiting, waking, and the end of another', () => {
  const sleeper: Body = function* ({ words }) {
    yield* at(words.wait(FLAG, 0, Number.POSITIVE_INFINITY));
  };
  const waker: Body = function* (stage) {
    yield* at(stage.words.store(FLAG, 1) as unknown);
    yield* at(stage.words.notify(FLAG, 1));
    yield* at(stage.awaitEnd('sleeper'));
  };
  assert.equal(
    tableOf({ sleeper, waker }, 'A1B2A2B3'),
    `
   A sleeper         B waker
1  wait flag = 0
2                    store flag  0 -> 1
3                    notify flag: 1
4  wake flag: ok
5                    awaitEnd of sleeper
`.slice(1, -1),
  );
});

test('interleavingTable, tells when a store reaches memory, in the column of its thread', () => {
  const store: Body = function* ({ words }) {
    yield* at(words.storePlain(FLAG, 1) as unknown);
  };
  const load: Body = function* ({ words }) {
    yield* at(words.loadPlain(FLAG));
    yield* at(words.loadPlain(FLAG));
  };
  const bounds = { storeBuffers: true, races: 'explored' } as const;
  assert.equal(
    tableOf({ store, load }, 'w8.A1B1dA8B2', bounds),
    `
   A store                  B load
1  storePlain flag  0 -> 1
2                           loadPlain flag = 0
3  drain flag  0 -> 1
4                           loadPlain flag = 1
`.slice(1, -1),
  );
});

test('interleavingTable, numbers its lines as wide as the last', () => {
  const add: Body = function* ({ words }) {
    for (let i = 0; i < 5; i++) yield* at(words.add(FLAG, 1));
  };
  const lines = tableOf({ a: add, b: add }, 'A5B5').split('\n');
  assert.deepEqual(
    [lines[0]!.slice(0, 6), lines[1]!.slice(0, 7), lines[10]!.slice(0, 4)],
    ['    A ', ' 1  add', '10  '],
  );
});
