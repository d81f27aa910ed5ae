import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBalanced } from '../../tests/support/balanced.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { attachMortal, type Mortal, reap } from '../../tests/support/mortal.js';
import { type Actor, partsOf, plainHeapsOnly, Stage } from '../../tests/support/stage.js';
import { descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind } from '../layout/page-descriptor.js';
import { INTENT, INTENT_FRAME_WORDS, INTENT_KIND, SLOT } from '../layout/thread-slot.js';
import { __GFP_ACCOUNT, GFP_KERNEL } from '../pages/gfp.js';
import type { Heap } from '../shared-heap.js';
import { type Address, PAGE_SHIFT } from '../words/units.js';

plainHeapsOnly();

const SIZES = { tiny: { pages: 96, threads: 5, maxCaches: 160 } };
/** Above the orders that a thread keeps on its lists: what is freed is anybody's at once. */
const ORDER = 4;
/** More accesses than from when the block is free to when the intent is closed. */
const STEPS = 150;

function takeCharged(heap: Heap): void {
  heap.group('g').run(() => heap.allocPages(ORDER, GFP_KERNEL | __GFP_ACCOUNT));
}

/** True where the thread was stopped with a block in hand that is charged for, and that is nobody's yet. */
function hasChargedBlock({ words }: Stage, { heap }: Mortal): boolean {
  const { geometry, membership } = partsOf(heap);
  const { start } = membership;
  const depth = words.loadPlain(start + SLOT.intentDepth);
  const frame = start + SLOT.intents + (depth - 1) * INTENT_FRAME_WORDS;
  const p = words.loadPlain(start + SLOT.inHand);
  if (depth === 0 || p === 0 || words.loadPlain(frame + INTENT.kind) !== INTENT_KIND.charge) return false;
  const state = words.loadPlain(descriptorStart(geometry, p >>> PAGE_SHIFT) + DESCRIPTOR.state);
  return pageKind(state) === PAGE_KIND.allocated;
}

interface Scene {
  readonly stage: Stage;
  readonly victim: Mortal;
  readonly reaper: Mortal;
  readonly other: Actor;
}

/** The victim is stopped before access number `steps` of taking a block. */
function dieAt(steps: number): Scene {
  const stage = new Stage(CONFIGURATIONS[1]!, SIZES);
  const [victim, reaper] = [attachMortal(stage, 'victim'), attachMortal(stage, 'reaper')];
  const other = stage.attach('other');
  victim.heap.group('g');
  stage.endTurns();
  assert.ok(victim.dieAt(steps, () => takeCharged(victim.heap)));
  return { stage, victim, reaper, other };
}

/** The least access before which the reaper is stopped when the block is free already. */
function firstFreed(steps: number): number {
  let [least, most] = [0, 1 << 16];
  while (least < most) {
    const middle = (least + most) >> 1;
    const { stage, victim, reaper } = dieAt(steps);
    const { geometry, membership } = partsOf(victim.heap);
    const p = stage.words.loadPlain(membership.start + SLOT.inHand);
    reaper.dieAt(middle, () => reap(reaper.heap, victim));
    const state = stage.words.loadPlain(descriptorStart(geometry, p >>> PAGE_SHIFT) + DESCRIPTOR.state);
    if (pageKind(state) === PAGE_KIND.allocated) least = middle + 1;
    else most = middle;
  }
  return least;
}

test('finishIntents, of a charged block in hand, frees it once wherever its reaper stops and whoever has it then', () => {
  let steps = 0;
  for (let scene = dieAt(0); !hasChargedBlock(scene.stage, scene.victim); scene = dieAt(steps)) steps++;
  const first = firstFreed(steps);
  let reused = 0;
  for (let at = first; at < first + STEPS; at++) {
    const { stage, victim, reaper, other } = dieAt(steps);
    assert.ok(reaper.dieAt(at, () => reap(reaper.heap, victim)));
    const taken: Address[] = [];
    const { heap, host } = other;
    for (let p = heap.allocPagesNolock(ORDER); p !== 0; p = heap.allocPagesNolock(ORDER)) taken.push(p);
    reused += taken.length;
    reap(stage.heap, victim, reaper);
    for (const p of taken) heap.freePages(p);
    for (const living of [stage.host, host]) living.runMicrotasks();
    assertBalanced(stage.heap, stage.held);
  }
  assert.ok(reused > 0);
});
