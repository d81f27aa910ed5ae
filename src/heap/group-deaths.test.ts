/** A thread that stops before any access of what it does in a memory group: charged is what somebody has, once it is reaped. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usageOf } from '../../tests/support/group-words.js';
import { type KilledOperation, killEverywhere } from '../../tests/support/killed-heap.js';
import { partsOf, plainHeapsOnly } from '../../tests/support/stage.js';
import { GROUP } from '../layout/group-record.js';
import { __GFP_ZERO, GFP_ATOMIC, GFP_KERNEL } from '../pages/gfp.js';
import type { Heap } from '../shared-heap.js';
import { NONE, PAGE_BYTES } from '../words/units.js';
import { TINY } from './heap-options.js';
import type { MemoryGroup } from './memory-group.js';

plainHeapsOnly();

/** Every how many accesses a thread is stopped; 1 in a nightly run. */
const STEPS = Number(process.env.LULL_DEATH_STEPS ?? 3);

const BYTES = 64;
const LIMIT = 100 * PAGE_BYTES;

interface Tenants {
  readonly red: MemoryGroup;
  readonly blue: MemoryGroup;
  /** What the thread that stops has been given before, of each. */
  readonly had: number[];
}

function tenantsOf(heap: Heap): Tenants {
  const company = heap.group('company', { maxBytes: LIMIT });
  const red = heap.group('red', { parent: company, maxBytes: LIMIT });
  const blue = heap.group('blue', { parent: company });
  return { red, blue, had: [] };
}

interface Story {
  readonly before?: (stops: Heap, tenants: Tenants) => void;
  readonly act: (stops: Heap, tenants: Tenants) => void;
  readonly meanwhile?: (stays: Heap) => void;
  /** What the thread may have in its JavaScript variables. */
  readonly userObjects: number;
  /** Every how many accesses it is stopped; STEPS unless given. */
  readonly steps?: number;
}

function killed(story: Story): KilledOperation<Tenants> {
  return {
    options: { ...TINY, pages: 220, maxCaches: 200, threads: 4 },
    prepare(stays, stops) {
      tenantsOf(stays);
      const tenants = tenantsOf(stops);
      story.before?.(stops, tenants);
      partsOf(stops).turn.leave();
      partsOf(stays).turn.leave();
      return tenants;
    },
    act: story.act,
    beforeReap: (stays) => story.meanwhile?.(stays),
    check(stays) {
      stays.group('red').setMaxBytes(LIMIT);
      spendAll(stays);
    },
    userObjects: story.userObjects,
    steps: story.steps ?? STEPS,
  };
}

/** Others charge the groups, in whatever state they are, and whoever has the locks. */
function spendNolock(heap: Heap): void {
  for (const group of [heap.group('red'), heap.group('blue')]) {
    const p = group.kmallocNolock(BYTES);
    if (p !== NONE) heap.kfreeNolock(p);
    const block = group.kmallocNolock(3 * PAGE_BYTES);
    if (block !== NONE) heap.kfreeNolock(block);
  }
}

/** The groups work: what is charged, and given back, is the same; and no group has more than its limit. */
function spendAll(heap: Heap): void {
  const { words, charges } = partsOf(heap);
  for (const group of [heap.group('red'), heap.group('blue')]) {
    heap.turn(() => charges.drainAll());
    const before = usageOf(words, group.record);
    const p = group.kmalloc(BYTES);
    const pages = group.allocPages(1);
    heap.kfree(p);
    heap.freePages(pages);
    heap.turn(() => charges.drainAll());
    assert.equal(usageOf(words, group.record), before);
    assert.ok(before <= words.loadPlain(group.record + GROUP.max));
  }
}

/** Takes objects of both, one after the other, so that the stock changes its front. */
function takeBoth(_heap: Heap, { red, blue, had }: Tenants): void {
  for (const group of [red, blue, red]) had.push(group.kmalloc(BYTES));
}

const STORIES: Readonly<Record<string, Story>> = {
  'takes objects of one group': {
    act: (_heap, { red }) => {
      for (let i = 0; i < 4; i++) red.kmalloc(BYTES);
    },
    meanwhile: spendNolock,
    userObjects: 4,
  },
  'takes objects of two groups in turn': { before: takeBoth, act: takeBoth, userObjects: 6 },
  'takes objects that are zeroed': {
    act: (_heap, { red }) => void red.kmalloc(BYTES, GFP_KERNEL | __GFP_ZERO),
    userObjects: 1,
  },
  'takes objects without spinning': {
    act: (_heap, { red }) => {
      for (let i = 0; i < 3; i++) red.kmallocNolock(BYTES);
    },
    userObjects: 3,
  },
  'takes blocks of pages': {
    act: (_heap, { red, blue }) => {
      red.allocPages(0);
      blue.allocPages(4);
      red.allocPages(1, GFP_ATOMIC);
    },
    meanwhile: spendNolock,
    userObjects: 3,
  },
  'gives back objects of two groups': {
    before: takeBoth,
    act: (heap, { had }) => {
      for (const p of had) heap.kfree(p as never);
    },
    userObjects: 3,
  },
  'gives back objects without spinning': {
    before: takeBoth,
    act: (heap, { had }) => {
      for (const p of had) heap.kfreeNolock(p as never);
    },
    userObjects: 3,
  },
  'gives back blocks of pages': {
    before: (_heap, { red, blue, had }) => had.push(red.allocPages(0), blue.allocPages(4)),
    act: (heap, { had }) => {
      for (const p of had) heap.freePages(p as never);
    },
    userObjects: 2,
  },
  'frees objects after a grace period': {
    before: takeBoth,
    steps: 5,
    act: (heap, { had }) => {
      for (const p of had) heap.kfreeRcu(p as never, 0);
      partsOf(heap).driver.seal();
      partsOf(heap).turn.leave();
      partsOf(heap).driver.flush();
    },
    userObjects: 3,
  },
  'gives back its stock, and that of others': {
    before: takeBoth,
    act: (heap) => heap.turn(() => void partsOf(heap).charges.drainAll()),
    userObjects: 3,
  },
  'closes a group': {
    before: (heap) => void heap.group('green', { parent: heap.group('company') }),
    act: (heap) => heap.group('green').close(),
    userObjects: 0,
  },
  'is refused, and gives up': {
    before: (_heap, { red }) => red.setMaxBytes(3 * BYTES),
    act: (_heap, { red }) => {
      red.kmallocNolock(BYTES);
      red.kmallocNolock(4 * BYTES);
      red.kmalloc(PAGE_BYTES, GFP_ATOMIC);
    },
    userObjects: 2,
  },
};

for (const [what, story] of Object.entries(STORIES)) {
  test(`a thread that ${what}, stopped anywhere, leaves charged what somebody has`, () => {
    assert.ok(killEverywhere(killed(story)) > 5);
  });
}

for (const what of [
  'takes blocks of pages',
  'gives back objects of two groups',
  'takes objects of one group',
]) {
  test(`a thread that ${what}, stopped anywhere, and then who reaps it: the next one goes on`, () => {
    killEverywhere({ ...killed(STORIES[what]!), reapSteps: 397, steps: 13 });
  });
}
