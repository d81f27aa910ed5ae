import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slotStart, zoneStart } from '../../../src/layout/heap-layout.js';
import { DESCRIPTOR } from '../../../src/layout/page-descriptor.js';
import { SLOT } from '../../../src/layout/thread-slot.js';
import { ZONE } from '../../../src/layout/zone-record.js';
import { GFP_KERNEL } from '../../../src/pages/gfp.js';
import { NativeWords } from '../../../src/words/native-words.js';
import { PAGE_SHIFT } from '../../../src/words/units.js';
import type { Words } from '../../../src/words/words.js';
import type { ModelHost, Stage } from '../../../tools/checker/model.js';
import { assertBalanced, assertUnchanged, snapshotOf } from '../../support/balanced.js';
import { FakeHost } from '../../support/fake-host.js';
import { type HeapModelMemory, heapModelMemory } from './heap-stage.js';
import { assertPagesAccounted, tallyPages } from './page-tally.js';

class FakeModelHost extends FakeHost implements ModelHost {
  fireTimers(): void {
    this.advance(1000);
  }
}

/** A stage on which one thread plays all. */
class FakeStage implements Stage {
  readonly words: Words;
  readonly buffer = new SharedArrayBuffer(0);
  readonly hosts = new Map<string, FakeModelHost>();
  failing = false;

  constructor(words: Words) {
    this.words = words;
  }

  host(thread: string): FakeModelHost {
    const host = this.hosts.get(thread) ?? new FakeModelHost();
    this.hosts.set(thread, host);
    return host;
  }

  awaitEnd(): boolean {
    return true;
  }

  shouldFail(): boolean {
    return this.failing;
  }
}

function stageFor({ lengthWords }: HeapModelMemory): FakeStage {
  return new FakeStage(new NativeWords(new SharedArrayBuffer(lengthWords * 4)));
}

test('heapModelMemory, prepares a heap whose books add up, with every slot joined', () => {
  const memory = heapModelMemory({ threads: 3, pages: 4 });
  const { words } = stageFor(memory);
  memory.prepare(words);
  assertBalanced({ words });
  assert.deepEqual(tallyPages(words, memory.geometry), { free: 4, onThreadLists: 0, deferred: 0, inUse: 0 });
  assert.equal(memory.geometry.slots, 3);
});

test('heapModelMemory, wires threads that share the heap without touching a word', () => {
  const memory = heapModelMemory();
  const stage = stageFor(memory);
  memory.prepare(stage.words);
  const before = snapshotOf(stage.words);
  const untouchable = new FakeStage(
    new Proxy(stage.words, {
      get(target, key) {
        assert.equal(key, 'lengthWords', `wiring reads ${String(key)} of the words`);
        return target.lengthWords;
      },
    }),
  );
  memory.wire(untouchable, 'alpha', 0);
  const alpha = memory.wire(stage, 'alpha', 0);
  const beta = memory.wire(stage, 'beta', 1);
  assertUnchanged(stage.words, before);
  assert.notEqual(alpha.ownerTag, beta.ownerTag);

  const p = alpha.kmalloc.alloc(32, GFP_KERNEL);
  beta.kmalloc.free(p);
  assertBalanced(alpha);
  assert.equal(stage.host('beta').entered.has(beta.turn), true);
});

test('heapModelMemory, wires the same threads again over the words put back', () => {
  const memory = heapModelMemory();
  const stage = stageFor(memory);
  memory.prepare(stage.words);
  const initial = snapshotOf(stage.words);
  for (let execution = 0; execution < 3; execution++) {
    const { turn, kmalloc, words } = memory.wire(stage, `alpha ${execution}`, 0);
    turn.run(() => kmalloc.alloc(32, GFP_KERNEL));
    assert.notDeepEqual(snapshotOf(words), initial);
    for (let i = 0; i < initial.length; i++) words.storePlain(i, initial[i]!);
  }
});

test('heapModelMemory, starts threads with what the warm-up left them', () => {
  const memory = heapModelMemory();
  const stage = stageFor(memory);
  let p = 0;
  memory.prepare(stage.words, ([alpha]) => {
    p = alpha!.kmalloc.alloc(32, GFP_KERNEL);
  });
  assertBalanced(stage, [p]);
  const turnWord = slotStart(memory.geometry, 0) + SLOT.turn;
  const before = stage.words.loadPlain(turnWord);
  assert.equal(before & 3, 0, 'the turn of the warm-up has ended');
  memory.wire(stage, 'alpha', 0).turn.run(() => {
    assert.equal(stage.words.loadPlain(turnWord), before + 1);
  });
});

test('heapModelMemory, fails the allocations that the stage says', () => {
  const memory = heapModelMemory();
  const stage = stageFor(memory);
  memory.prepare(stage.words);
  const { pages } = memory.wire(stage, 'alpha', 0);
  stage.failing = true;
  assert.equal(pages.allocPages(0, GFP_KERNEL), 0);
  stage.failing = false;
  assert.notEqual(pages.allocPages(0, GFP_KERNEL), 0);
});

test('heapModelMemory, refuses to wire before prepare(), and a slot that nobody joined', () => {
  const memory = heapModelMemory();
  const stage = stageFor(memory);
  assert.throws(() => memory.wire(stage, 'alpha', 0), /thread alpha as slot 0 .* 0 joined slots/);
  memory.prepare(stage.words);
  assert.throws(() => memory.wire(stage, 'gamma', 2), /thread gamma as slot 2 .* 2 joined slots/);
});

test('heapModelMemory, names words as the heap is now', () => {
  const memory = heapModelMemory();
  const stage = stageFor(memory);
  assert.equal(memory.nameOf(64), 'word 64');
  memory.prepare(stage.words);
  assert.equal(memory.nameOf(64), 'header gracePeriodSequence');
  const p = memory.wire(stage, 'alpha', 0).kmalloc.alloc(32, GFP_KERNEL);
  assert.match(memory.nameOf(p + 1), /^object of cache 4 at page \d+ slot \d \+ 1$/);
});

test('assertPagesAccounted, finds each page once wherever it is', () => {
  const memory = heapModelMemory();
  const { geometry } = memory;
  const stage = stageFor(memory);
  memory.prepare(stage.words);
  const { pages } = memory.wire(stage, 'alpha', 0);
  const first = pages.allocPages(1, GFP_KERNEL);
  pages.allocPages(0, GFP_KERNEL);
  const lock = zoneStart(geometry, 0) + ZONE.lock;
  const last = pages.allocPages(2, GFP_KERNEL);
  stage.words.store(lock, 1);
  pages.freePagesNolock(last);
  stage.words.store(lock, 0);
  const tally = assertPagesAccounted(stage.words, geometry);
  assert.equal(
    tally.free + tally.onThreadLists + tally.deferred,
    geometry.totalPages - geometry.firstPage - 3,
  );
  assert.equal(tally.inUse, 3);
  assert.throws(() => assertPagesAccounted(stage.words, geometry, 2), /2 pages should be in use/);
  stage.words.storePlain(geometry.descriptorsStart + (first >>> PAGE_SHIFT) * 8 + DESCRIPTOR.state, 0);
  assert.throws(() => assertPagesAccounted(stage.words, geometry), /a heap of 8 pages has 6 in its books/);
});
