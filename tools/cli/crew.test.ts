import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heap, type HeapHandle } from '../../src/index.js';
import { Crew, type CrewOptions } from './crew.js';
import { RunFailure } from './failures.js';
import { RecordTableBuilder } from './record-table.js';
import { RECORDS_MAP } from './worker-messages.js';

const RECORDS = 300;

function optionsOver(handle: HeapHandle, threads: number): CrewOptions {
  const builder = new RecordTableBuilder();
  for (let record = 0; record < RECORDS; record++) builder.add(`k${record}`, `{"n":${record}}`);
  return { handle, table: builder.finish(), records: RECORDS, threads, writeShare: 0.5, heapBytes: 2 ** 25 };
}

test('Crew loads every record, looks up until stopped, and resolves when all workers have ended', async () => {
  const heap = Heap.create({ bytes: 2 ** 25 });
  const map = heap.map<string, string>(RECORDS_MAP);
  const crew = new Crew(optionsOver(heap.handle, 3));
  await crew.loaded;
  assert.equal(crew.records, RECORDS);
  assert.equal(map.size, RECORDS);
  crew.begin();
  setTimeout(() => crew.stop(), 300);
  const finals = await crew.finals;
  assert.equal(finals.length, 3);
  for (const final of finals) {
    assert.ok(final.reads > 0 && final.writes > 0);
    assert.equal(final.badReads, 0, final.firstBadRead);
  }
});

test('Crew stopped before the look-ups began still ends properly', async () => {
  const heap = Heap.create({ bytes: 2 ** 25 });
  heap.map(RECORDS_MAP);
  const crew = new Crew(optionsOver(heap.handle, 2));
  crew.stop();
  await crew.loaded;
  const finals = await crew.finals;
  assert.deepEqual(
    finals.map((final) => final.reads),
    [0, 0],
  );
});

test('Crew rejects both waits with the message of a worker that throws', async () => {
  const crew = new Crew(optionsOver({} as HeapHandle, 2));
  await assert.rejects(
    crew.loaded,
    (error) => error instanceof RunFailure && /^worker \d failed: /.test(error.message),
  );
  await assert.rejects(crew.finals, RunFailure);
  await crew.terminate();
});
