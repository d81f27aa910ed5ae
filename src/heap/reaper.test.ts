import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { assertBalanced } from '../../tests/support/balanced.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { attachMortal, type Mortal, reap } from '../../tests/support/mortal.js';
import { partsOf, plainHeapsOnly, Stage } from '../../tests/support/stage.js';
import { HEADER } from '../layout/heap-header.js';
import { zoneStart } from '../layout/heap-layout.js';
import { SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import { ZONE } from '../layout/zone-record.js';
import { Heap } from '../shared-heap.js';
import type { ReapReport } from './reaper.js';
import type { ReaperStep } from './reaper-steps.js';

plainHeapsOnly();

const SIZES = { tiny: { pages: 96, threads: 5 } };

function newStage(): Stage {
  return new Stage(CONFIGURATIONS[1]!, SIZES);
}

/** A thread that has something of everything, and is found dead. */
function dieWithGoods(stage: Stage): Mortal {
  const victim = attachMortal(stage, 'victim');
  const { heap } = victim;
  const objects = Array.from({ length: 9 }, () => heap.kmalloc(32));
  heap.kfree(objects.pop()!);
  heap.map<string, number>('m').set('key', 1);
  for (const p of objects) heap.kfreeRcu(p);
  heap.freePages(heap.allocPages(0));
  partsOf(heap).registryLock.acquire();
  victim.dieAt(0, () => heap.quiesce());
  stage.words.store(partsOf(heap).membership.start + SLOT.state, SLOT_STATE.zombie);
  return victim;
}

function goOn({ host }: Stage): void {
  host.runMicrotasks();
  host.advance(100);
}

test('Reaper.reapAll, gives back all that a dead thread had, and says what that was', () => {
  const stage = newStage();
  const reports: ReapReport[] = [];
  stage.heap.on('reap', (report) => reports.push(report));
  const victim = dieWithGoods(stage);
  const report = stage.heap.reap(victim.slot);
  assert.deepEqual(reports, [report]);
  const { slot, name, locksRepaired, intents, callbacksOrphaned } = report!;
  assert.deepEqual([slot, name, intents, callbacksOrphaned], [victim.slot, 'victim', 0, 0]);
  assert.ok(locksRepaired.includes('registry'), locksRepaired.join());
  assert.ok(report!.pages > 0 && report!.objects > 0);
  assert.equal(stage.heap.stats().threads.length, 1);
  stage.heap.kfreeRcuBarrierSync();
  goOn(stage);
  assertBalanced(stage.heap, stage.held);
});

test('Reaper.reapAll, ends where a listener leaves the heap, and another thread goes on', () => {
  const stage = newStage();
  const other = stage.attach('other');
  const [first, second] = ['first', 'second'].map((name) => partsOf(stage.attach(name).heap).membership);
  other.heap.on('reap', () => other.heap.detach());
  for (const { start } of [first!, second!]) stage.words.store(start + SLOT.state, SLOT_STATE.zombie);
  other.heap.reap(first!.slot);
  const states = [first!, second!].map(({ start }) => stage.words.load(start + SLOT.state));
  assert.deepEqual(states, [SLOT_STATE.free, SLOT_STATE.zombie]);
  assert.equal(stage.words.load(second!.start + SLOT.reaper), 0);
  stage.heap.reap(second!.slot);
  goOn(stage);
  assert.equal(stage.heap.stats().threads.length, 1);
  assertBalanced(stage.heap, stage.held);
});

test('Reaper.reapAll, leaves a slot to another thread that is at it, and comes back', () => {
  const stage = newStage();
  const { heap: other } = stage.attach('other');
  const victim = dieWithGoods(stage);
  const reaper = partsOf(victim.heap).membership.start + SLOT.reaper;
  stage.words.store(reaper, partsOf(other).ownerTag);
  assert.equal(stage.heap.reap(victim.slot), undefined);
  stage.words.store(reaper, 0);
  goOn(stage);
  assert.equal(stage.heap.stats().threads.length, 2);
});

test('Reaper.reapAll, gives up soon where a living thread holds a lock that it needs, and comes back', () => {
  const spinRounds = 16_000;
  const stage = new Stage(CONFIGURATIONS[1]!, { all: { spinRounds }, ...SIZES });
  const { heap: other } = stage.attach('other');
  const victim = dieWithGoods(stage);
  const lock = zoneStart(stage.heap.geometry, 0) + ZONE.lock;
  stage.words.store(lock, partsOf(other).ownerTag);
  const pause = mock.method(partsOf(stage.heap).words, 'pause');
  assert.equal(stage.heap.reap(victim.slot), undefined);
  // Its thread may be about to hear that the lock's owner has ended.
  const looks = pause.mock.callCount();
  assert.ok(looks > 100 && looks < spinRounds / 4, `after ${looks} looks`);
  stage.words.store(lock, 0);
  goOn(stage);
  assert.equal(stage.heap.stats().threads.length, 2);
  stage.heap.kfreeRcuBarrierSync();
  goOn(stage);
  assertBalanced(stage.heap, stage.held);
});

test('Reaper.reapAll, of a thread that may not spin reaps nothing: it leaves that to others', () => {
  const stage = newStage();
  const victim = dieWithGoods(stage);
  const worklet = Heap.attach(stage.heap.handle, {}, { host: new FakeHost('may-neither') });
  assert.equal(worklet.reap(victim.slot), undefined);
  const state = partsOf(victim.heap).membership.start + SLOT.state;
  assert.equal(stage.words.load(state), SLOT_STATE.zombie);
  worklet.detach();
  reap(stage.heap, victim);
});

test('Heap.attach, reaps who has died while nobody was there to hear of it', () => {
  const stage = newStage();
  const victim = dieWithGoods(stage);
  stage.attach('late');
  assert.equal(stage.words.load(partsOf(victim.heap).membership.start + SLOT.state), SLOT_STATE.free);
  assert.equal(stage.words.load(HEADER.registryLock), 0);
});

test('REAPER_STEPS, registry, sheaves, estate, pages and slot are missed: in the books, in a lock, or in the slot', () => {
  // Of the others nothing is left by this thread; lull torture --broken shows them.
  const shown = [[], ['registry'], ['sheaves'], ['estate'], ['pages'], ['slot']] as const;
  for (const skips of shown) {
    const stage = newStage();
    const victim = dieWithGoods(stage);
    const host = new FakeHost();
    const broken = Heap.attach(stage.heap.handle, {}, { host, reaperSkips: new Set<ReaperStep>(skips) });
    host.runMicrotasks();
    broken.detach();
    goOn(stage);
    const isFree = stage.words.load(partsOf(victim.heap).membership.start + SLOT.state) === SLOT_STATE.free;
    const { problems, unreachable } = stage.heap.balance({ held: stage.held });
    const isWhole = isFree && problems.length === 0 && unreachable.length === 0;
    assert.equal(isWhole, skips.length === 0, `without the steps: ${skips.join()}`);
  }
});
