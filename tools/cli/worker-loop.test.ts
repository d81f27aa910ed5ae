import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { RecordMap } from './record-map.js';
import { RecordTable, RecordTableBuilder } from './record-table.js';
import { sealValue, verifyValue } from './value.js';
import { LookupLoop, type LoopOptions, runLoop } from './worker-loop.js';

const RECORDS = 500;

function tableOf(records: number): RecordTable {
  const builder = new RecordTableBuilder();
  for (let record = 0; record < records; record++) builder.add(`k${record}`, `{"n":${record}}`);
  return new RecordTable(builder.finish());
}

function loadedMap(): Map<string, string> {
  return new Map(Array.from({ length: RECORDS }, (_, n) => [`k${n}`, sealValue(`k${n}`, 0, `{"n":${n}}`)]));
}

function loopOver(map: RecordMap, options: Partial<LoopOptions> = {}): LookupLoop {
  return new LookupLoop({
    map,
    table: tableOf(RECORDS),
    writeShare: 0.25,
    worker: 0,
    threads: 2,
    isOutOfMemory: (error) => error instanceof RangeError,
    ...options,
  });
}

test('runSlice() reads and replaces in the share asked for, and finds every value right', () => {
  const map = loadedMap();
  const loop = loopOver(map);
  loop.runSlice();
  const { reads, writes, badReads, refusedWrites, readNanos } = loop.final(10);
  assert.ok(reads + writes >= 64);
  assert.equal(badReads + refusedWrites, 0);
  const share = writes / (reads + writes);
  assert.ok(share > 0.1 && share < 0.4, `write share ${share}`);
  assert.ok(readNanos.p50 > 0 && readNanos.p99 >= readNanos.p50);
  for (const [key, value] of map) assert.ok(verifyValue(key, value));
});

test('runSlice() with a write share of 0 never writes, and with 1 never reads', () => {
  const reader = loopOver(loadedMap(), { writeShare: 0 });
  reader.runSlice();
  assert.equal(reader.tick(1).writes, 0);
  const writer = loopOver(loadedMap(), { writeShare: 1 });
  writer.runSlice();
  assert.equal(writer.tick(1).reads, 0);
});

test('runSlice() gives each replacement a version of its own, apart from other workers', () => {
  const versions: number[][] = [0, 1].map((worker) => {
    const written: number[] = [];
    const map: RecordMap = {
      get: () => undefined,
      set: (_, value) => written.push(Number(value.split(':')[1])),
    };
    loopOver(map, { writeShare: 1, worker }).runSlice();
    return written;
  });
  const all = versions.flat();
  assert.equal(new Set(all).size, all.length);
  assert.ok(!all.includes(0));
});

test('runSlice() counts a lost key as a bad read and keeps the first', () => {
  const loop = loopOver({ get: () => undefined, set: () => {} }, { writeShare: 0 });
  loop.runSlice();
  const { reads, badReads, firstBadRead } = loop.final(10);
  assert.equal(badReads, reads);
  assert.match(firstBadRead ?? '', /^key "k\d+" gave nothing$/);
});

test("runSlice() counts another key's value as a bad read", () => {
  const map = loadedMap();
  const wrong = map.get('k1')!;
  const loop = loopOver(
    { get: (key) => (key === 'k0' ? wrong : map.get(key)), set: () => {} },
    { writeShare: 0 },
  );
  for (let slice = 0; slice < 5; slice++) loop.runSlice();
  const { reads, badReads, firstBadRead } = loop.final(10);
  assert.ok(badReads > 0 && badReads < reads);
  assert.match(firstBadRead ?? '', /^key "k0" gave "[0-9a-f]{8}:0{10}:/);
});

test('runSlice() ends at a replacement that finds no memory, and counts it', () => {
  const map: RecordMap = {
    get: () => undefined,
    set: () => {
      throw new RangeError('no memory');
    },
  };
  const loop = loopOver(map, { writeShare: 1 });
  loop.runSlice();
  loop.runSlice();
  assert.deepEqual([loop.tick(1).refusedWrites, loop.tick(1).writes], [2, 0]);
});

test('runLoop() runs slices until it is told to stop, and pauses after each', async () => {
  let slices = 0;
  let pauses = 0;
  const pause = () => {
    pauses++;
    return setImmediate();
  };
  await runLoop(loopOver(loadedMap()), { pause, stopped: () => slices === 3 }, () => slices++);
  assert.deepEqual([slices, pauses], [3, 3]);
});
