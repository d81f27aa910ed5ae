/** Group limits: threads that fill two parts of a whole never have more than any limit, and leave nothing charged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heap } from '../../src/index.js';
import type { GroupLimitBriefing, GroupLimitResult } from './group-limit.js';
import { requireBalance, settle } from './rest.js';
import { SEED_NOTE } from './seed.js';
import { startTeam } from './team.js';

const MAX_BYTES = 400_000;

test('MemoryGroup, filled by 4 threads at once, keeps within its limit and that of the whole, and loses nothing', async () => {
  const heap = Heap.create({ bytes: 32 * 2 ** 20, threads: 5 });
  const whole = heap.group('whole', { maxBytes: 1.5 * MAX_BYTES });
  const parts = ['red', 'blue'].map((name) => heap.group(name, { parent: whole, maxBytes: MAX_BYTES }));
  const briefings = [0, 1, 2, 3].map((worker): GroupLimitBriefing => {
    return { handle: heap.handle, group: parts[worker % 2]!.name, operations: 20_000 };
  });
  const results = await startTeam<GroupLimitResult>('group-limit-worker', briefings).results;
  const sum = (count: (result: GroupLimitResult) => number) => results.reduce((n, r) => n + count(r), 0);
  assert.ok(sum((r) => r.granted) > 0, SEED_NOTE);
  assert.ok(
    sum((r) => r.refused + r.failed) > 0,
    `no charge was refused: the limit was not met ${SEED_NOTE}`,
  );
  assert.equal(
    sum((r) => r.passed),
    0,
    SEED_NOTE,
  );
  await settle(heap);
  // What this thread freed of what the others left waiting is still charged, in advance.
  heap.shrink();
  for (const group of [whole, ...parts]) {
    const { name, usageBytes, peakBytes, maxBytes, forced } = group.stats();
    assert.equal(usageBytes, 0, `${name} ${SEED_NOTE}`);
    assert.ok(peakBytes <= maxBytes, `${name} had ${peakBytes} of ${maxBytes} bytes ${SEED_NOTE}`);
    assert.equal(forced, 0, SEED_NOTE);
  }
  requireBalance(heap, []);
  heap.detach();
});
