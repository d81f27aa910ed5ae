import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap } from '../../tests/support/audited-heap.js';
import { GROUP, GROUP_CLOSED, GROUP_TABLE, NO_LIMIT } from '../layout/group-record.js';
import { HEADER } from '../layout/heap-header.js';
import { GFP_KERNEL } from '../pages/gfp.js';
import { formatMemoryStat, readMemoryStat } from './memory-stat.js';

const BUCKETS = 2;

/** A heap with groups company and company/tenant in one bucket, and old, which is closed, in the other. */
class GroupScene {
  readonly heap = new AuditedHeap();
  readonly table: number;
  readonly company: number;
  readonly tenant: number;
  readonly old: number;

  constructor() {
    const { alpha, words } = this.heap;
    this.table = alpha.kmalloc.alloc(64, GFP_KERNEL);
    this.company = this._make('company', 0, { max: 512, usage: 384, peak: 400, failures: 3 });
    this.tenant = this._make('tenant', this.company, { max: NO_LIMIT, usage: 128, peak: 128, forced: 1 });
    this.old = this._make('old', 0, { usage: GROUP_CLOSED });
    words.storePlain(this.tenant + GROUP.next, this.company);
    words.storePlain(this.table + GROUP_TABLE.buckets, BUCKETS);
    words.storePlain(this.table + GROUP_TABLE.firsts, this.tenant);
    words.storePlain(this.table + GROUP_TABLE.firsts + 1, this.old);
    words.storePlain(HEADER.groupTable, this.table);
  }

  read(): ReturnType<typeof readMemoryStat> {
    return readMemoryStat(this.heap.words, this.heap.geometry);
  }

  private _make(name: string, parent: number, fields: Partial<Record<keyof typeof GROUP, number>>): number {
    const { alpha, words } = this.heap;
    const record = alpha.kmalloc.alloc(128, GFP_KERNEL);
    words.fillPlain(record, record + 32, 0);
    const bytes = new TextEncoder().encode(name);
    const all = { ...fields, parent, nameBytes: bytes.length };
    for (const [field, value] of Object.entries(all)) {
      words.storePlain(record + GROUP[field as keyof typeof GROUP], value);
    }
    words.writeBytesPlain(record + GROUP.name, bytes, bytes.length);
    return record;
  }
}

const COMPANY = { group: 'company', current: 3072, peak: 3200, max: 4096, events: { max: 3, forced: 0 } };
const TENANT = {
  ...{ group: 'company/tenant', current: 1024, peak: 1024 },
  ...{ max: 'max' as const, events: { max: 0, forced: 1 } },
};

test('readMemoryStat() lists the groups by their path, in bytes, without those that are closed', () => {
  assert.deepEqual(new GroupScene().read(), [COMPANY, TENANT]);
});

test('readMemoryStat() of a heap without groups is empty', () => {
  const { words, geometry } = new AuditedHeap();
  assert.deepEqual(readMemoryStat(words, geometry), []);
});

test('readMemoryStat() ends where a bucket leads out of the heap, or to itself, or parents go round', () => {
  const scene = new GroupScene();
  const { words } = scene.heap;
  for (const elsewhere of [-1, 5, words.lengthWords, words.lengthWords - 1]) {
    words.storePlain(scene.tenant + GROUP.next, elsewhere);
    assert.deepEqual(scene.read(), [TENANT]);
  }
  words.storePlain(scene.tenant + GROUP.next, 0);
  words.storePlain(scene.company + GROUP.parent, scene.tenant);
  assert.match(scene.read()[0]!.group, /^(tenant\/company|company\/tenant)/);
  words.storePlain(scene.tenant + GROUP.next, scene.tenant);
  assert.ok(scene.read().length > 0);
  for (const buckets of [-1, 2 ** 30]) {
    words.storePlain(scene.table + GROUP_TABLE.buckets, buckets);
    assert.deepEqual(scene.read(), []);
  }
});

test('formatMemoryStat() prints the files of each group', () => {
  assert.equal(
    formatMemoryStat([COMPANY, TENANT]),
    `company/memory.current:3072
company/memory.peak:3200
company/memory.max:4096
company/memory.events:max 3
company/memory.events:forced 0
company/tenant/memory.current:1024
company/tenant/memory.peak:1024
company/tenant/memory.max:max
company/tenant/memory.events:max 0
company/tenant/memory.events:forced 1
`,
  );
});
