import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap } from '../../tests/support/audited-heap.js';
import { makeStillHeap } from '../../tests/support/still-heap.js';
import { SLOT } from '../layout/thread-slot.js';
import { GFP_KERNEL } from '../pages/gfp.js';
import { readStatistics } from './statistics.js';
import { formatVmstat, readVmEvents } from './vmstat.js';

test('readVmEvents() counts pages handed out and taken back, of all threads', () => {
  const { words, geometry, pages } = makeStillHeap({ pages: 64, threads: 2 });
  const before = readVmEvents(words, geometry);
  pages.freePages(pages.allocPages(3, GFP_KERNEL));
  pages.allocPages(1, GFP_KERNEL);
  const { pgalloc, pgfree } = readVmEvents(words, geometry);
  assert.deepEqual([pgalloc - before.pgalloc, pgfree - before.pgfree], [10, 8]);
});

test('readVmEvents() reads each event from a counter of its own', () => {
  const heap = new AuditedHeap();
  const counters = Object.values(SLOT).filter(
    (word) => word >= SLOT.freedThroughSheaf && word < SLOT.stockAcquired,
  );
  for (const [index, word] of counters.entries())
    heap.words.storePlain(heap.slot(0, word), 1 << (index % 31));
  for (const word of counters) for (const slot of [1, 2]) heap.words.storePlain(heap.slot(slot, word), 0);
  const events = readVmEvents(heap.words, heap.geometry);
  for (const [name, count] of Object.entries(events)) assert.ok(count > 0, name);
  assert.equal(events.oom_kill, heap.at(heap.slot(0, SLOT.outOfMemory)));
  assert.equal(new Set(Object.values(events)).size, Object.keys(events).length, 'two names read one counter');
});

test('readStatistics().vmstat counts pages as the other statistics do', () => {
  const heap = new AuditedHeap();
  const { vmstat, pages, objectsWaiting, gracePeriods } = readStatistics(heap.words);
  const audit = heap.audit().pages;
  assert.equal(vmstat.nr_free_pages, pages.free);
  assert.equal(vmstat.nr_pcp_pages, pages.threadLists);
  assert.equal(vmstat.nr_slab_unreclaimable, audit.slab);
  assert.equal(vmstat.nr_memmap_boot_pages, pages.metadata);
  assert.deepEqual([vmstat.nr_rcu_waiting, vmstat.rcu_gp], [objectsWaiting, gracePeriods]);
});

test('formatVmstat() prints a name and a number to a line', () => {
  const { vmstat } = readStatistics(new AuditedHeap().words);
  const lines = formatVmstat(vmstat).trimEnd().split('\n');
  assert.equal(lines.length, Object.keys(vmstat).length);
  assert.equal(lines[0], `nr_free_pages ${vmstat.nr_free_pages}`);
  for (const line of lines) assert.match(line, /^[a-z][a-z_]+ \d+$/);
});
