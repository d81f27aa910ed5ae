import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBalanced } from '../../tests/support/balanced.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { GROUP, GROUP_TABLE, ledgersOf } from '../layout/group-record.js';
import { HEADER } from '../layout/heap-header.js';
import { descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR } from '../layout/page-descriptor.js';
import { SLOT, STOCK } from '../layout/thread-slot.js';
import { Heap } from '../shared-heap.js';
import { PAGE_SHIFT } from '../words/units.js';
import { balance } from './balance.js';

interface Scene {
  readonly heap: Heap;
  /** Record of a group that is part of another, and that one's. */
  readonly record: number;
  readonly parent: number;
  /** An object and a block that are charged to it. */
  readonly object: number;
  readonly block: number;
}

/** A group with an object, a block of pages, and something in stock. */
function scene(): Scene {
  const heap = Heap.create({ pages: 256, threads: 2, maxCaches: 160 }, { host: new FakeHost() });
  const parent = heap.group('company');
  const group = heap.group('tenant', { parent });
  const object = group.kmalloc(64);
  const block = group.allocPages(1);
  assertBalanced(heap, [object, block]);
  return { heap, record: group.record, parent: parent.record, object, block };
}

/** Writes a word and returns what the audit then finds. */
function problemsAfter({ heap, object, block }: Scene, word: number, value: number): string {
  heap.words.storePlain(word, value);
  return balance(heap.words, { held: [object, block] }).problems.join('; ');
}

/** A test for one wrong word. */
function finds(
  what: string,
  word: (at: Scene) => number,
  value: (at: Scene) => number,
  report: RegExp,
): void {
  test(`checkGroups, finds ${what}`, () => {
    const at = scene();
    assert.match(problemsAfter(at, word(at), value(at)), report);
  });
}

finds(
  'a usage that is not what the group has',
  ({ record }) => record + GROUP.usage,
  ({ heap, record }) => heap.words.loadPlain(record + GROUP.usage) + 1,
  /memory group at \d+ has \d+ granules charged, what it has comes to \d+/,
);
finds(
  'a parent that does not count what its part has',
  ({ parent }) => parent + GROUP.usage,
  () => 0,
  /has 0 granules charged/,
);
finds(
  'a ledger that does not say what is charged',
  ({ heap, record }) => ledgersOf(heap.words, record) + 1,
  () => 3,
  /has \d+ granules charged, its ledgers say \d+/,
);
finds(
  'a group that counts another one as part of it',
  ({ parent }) => parent + GROUP.children,
  () => 2,
  /counts 2 groups as part of it, 1 are/,
);
finds(
  'an object that names no group',
  ({ object }) => object + 17,
  () => 12,
  /object \d+ is charged to address 12, which is no memory group/,
);
finds(
  'a block of pages that names no group',
  ({ heap, block }) => descriptorStart(heap.geometry, block >>> PAGE_SHIFT) + DESCRIPTOR.group,
  () => 12,
  /the block at page \d+ is charged to address 12/,
);
finds(
  'a stock that holds more than was charged',
  ({ heap }) => heap.geometry.slotsStart + SLOT.stock + STOCK.granules,
  () => 20_000_000,
  /granules charged/,
);
finds(
  'a table that leads to what is no record',
  ({ heap }) => heap.words.loadPlain(HEADER.groupTable) + GROUP_TABLE.firsts,
  () => 40,
  /a memory group of bucket 0 is address 40/,
);
finds(
  'a table with more buckets than it has room for',
  ({ heap }) => heap.words.loadPlain(HEADER.groupTable) + GROUP_TABLE.buckets,
  () => 1_000_000,
  /the table of memory groups has 1000000 buckets/,
);
