import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { RecordMap } from './record-map.js';
import { RecordTable, RecordTableBuilder } from './record-table.js';
import { verifyValue } from './value.js';
import { loadShare, shareOf } from './worker-load.js';

function tableOf(records: number): RecordTable {
  const builder = new RecordTableBuilder();
  for (let record = 0; record < records; record++) builder.add(`k${record}`, `{"n":${record}}`);
  return new RecordTable(builder.finish());
}

class NoMemory extends Error {}

function surroundings(stopped = () => false) {
  const counts = { settled: 0 };
  const around = {
    isOutOfMemory: (error: unknown) => error instanceof NoMemory,
    pause: () => setImmediate(),
    stopped,
    settle: async () => {
      counts.settled++;
    },
  };
  return { around, counts };
}

/** A map whose set() throws NoMemory while `refuses` says so. */
function refusingMap(
  refuses: (key: string) => boolean,
): RecordMap & { readonly stored: Map<string, string> } {
  const stored = new Map<string, string>();
  return {
    stored,
    get: (key) => stored.get(key),
    set: (key, value) => {
      if (refuses(key)) throw new NoMemory();
      stored.set(key, value);
    },
  };
}

test('shareOf() cuts the records into ranges that meet and differ by one at most', () => {
  for (const [records, threads] of [
    [10, 3],
    [2, 5],
    [171_075, 64],
  ] as const) {
    const shares = Array.from({ length: threads }, (_, worker) => shareOf(records, worker, threads));
    assert.equal(shares[0]?.first, 0);
    assert.equal(shares.at(-1)?.end, records);
    for (let i = 1; i < threads; i++) assert.equal(shares[i]?.first, shares[i - 1]?.end);
    const lengths = shares.map((share) => share.end - share.first);
    assert.ok(Math.max(...lengths) - Math.min(...lengths) <= 1);
  }
});

test('loadShare() inserts exactly its share, each value right for its key', async () => {
  const map = new Map<string, string>();
  const seen: number[] = [];
  const { around } = surroundings();
  const outcome = await loadShare(map, tableOf(1000), { first: 300, end: 700 }, around, (n) => seen.push(n));
  assert.deepEqual(outcome, { loaded: 400, heapFull: false });
  assert.equal(map.size, 400);
  assert.equal(seen.at(-1), 400);
  for (const [key, value] of map) assert.ok(verifyValue(key, value));
  assert.ok(map.has('k300') && map.has('k699'));
});

test('loadShare() stops between slices when told to', async () => {
  const { around } = surroundings(() => true);
  const outcome = await loadShare(new Map(), tableOf(10), { first: 0, end: 10 }, around, () => {});
  assert.deepEqual(outcome, { loaded: 0, heapFull: false });
});

test('loadShare() waits for deferred frees and tries a record again that found no memory', async () => {
  const { around, counts } = surroundings();
  const map = refusingMap((key) => key === 'k5' && counts.settled === 0);
  const outcome = await loadShare(map, tableOf(10), { first: 0, end: 10 }, around, () => {});
  assert.deepEqual(outcome, { loaded: 10, heapFull: false });
  assert.equal(counts.settled, 1);
  assert.equal(map.stored.size, 10);
});

test('loadShare() gives up at the record that finds no memory twice', async () => {
  const { around, counts } = surroundings();
  const map = refusingMap((key) => key === 'k7');
  const outcome = await loadShare(map, tableOf(10), { first: 0, end: 10 }, around, () => {});
  assert.deepEqual(outcome, { loaded: 7, heapFull: true });
  assert.equal(counts.settled, 1);
});

test('loadShare() passes on any other error', async () => {
  const { around } = surroundings();
  const map: RecordMap = {
    get: () => undefined,
    set: () => {
      throw new TypeError('broken');
    },
  };
  await assert.rejects(
    loadShare(map, tableOf(1), { first: 0, end: 1 }, around, () => {}),
    /broken/,
  );
});
