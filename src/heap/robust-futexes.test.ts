/**
 * The five bugs that robust futexes had, each held against Lull: what a thread had locked, or in hand, when it died.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBalanced } from '../../tests/support/balanced.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { attachMortal, type Mortal, reap } from '../../tests/support/mortal.js';
import { partsOf, plainHeapsOnly, Stage } from '../../tests/support/stage.js';
import { slotStart } from '../layout/heap-layout.js';
import { SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import { LockTimeoutError } from '../locks/lock-errors.js';
import type { MutexGuard } from '../locks/mutex.js';
import { ownerTag } from '../locks/owner.js';
import { RcuTimeoutError } from '../rcu/rcu-timeout-error.js';
import type { Heap } from '../shared-heap.js';
import { claimSlot, disclaimSlot } from '../threads/slot-release.js';
import type { Address } from '../words/units.js';

plainHeapsOnly();

const SIZES = { tiny: { pages: 96, threads: 5, spinRounds: 1000 } };
/** Longer than a wake-up takes on any machine. */
const LIMIT_MILLIS = 10_000;
/** More accesses than letting go of a mutex takes. */
const MOST_STEPS = 40;

function newStage(): Stage {
  return new Stage(CONFIGURATIONS[1]!, SIZES);
}

/** The guard that somebody waits for; fails where nobody wakes it. */
async function granted(waiting: Promise<MutexGuard>): Promise<MutexGuard> {
  const late = new Promise<void>((resolve) => void setTimeout(resolve, LIMIT_MILLIS).unref());
  const guard = await Promise.race([waiting, late]);
  assert.ok(guard !== undefined, 'who waits for the mutex sleeps for ever');
  return guard;
}

/** The thread's death is found out, as Node's `exit` event has it, by one that is slow to reap. Returns what ends its claim. */
function findDead({ words, heap }: Stage, victim: Mortal): () => void {
  const { geometry, membership } = partsOf(heap);
  const tag = ownerTag(membership.slot, membership.generation);
  const start = slotStart(geometry, victim.slot);
  words.store(start + SLOT.state, SLOT_STATE.zombie);
  assert.ok(claimSlot(words, geometry, victim.slot, tag));
  return () => disclaimSlot(words, start, tag);
}

/** Deletes the key, tries to have its memory freed, takes some, and writes zeroes to it, as a new entry has. */
function takeOutAndReuse(heap: Heap): Address[] {
  heap.map<number, number>('m').tryDelete(1);
  try {
    heap.kfreeRcuBarrierSync({ timeoutMillis: 0 });
  } catch (error) {
    // The dead thread may have what is needed for it.
    if (!(error instanceof RcuTimeoutError || error instanceof LockTimeoutError)) throw error;
  }
  // By trying: the dead thread may have the locks.
  const taken = Array.from({ length: 4 }, () => heap.kmallocNolock(32)).filter((p) => p !== 0);
  for (const p of taken) heap.words.fillPlain(p, p + 8, 0);
  return taken;
}

test('robust futexes 1, a thread that dies between letting go and waking leaves nobody asleep', async () => {
  for (let steps = 0; steps < MOST_STEPS; steps++) {
    const stage = newStage();
    const victim = attachMortal(stage, 'victim');
    const { heap } = stage.attach('waiter');
    const guard = victim.heap.mutex('m').lockSync();
    const waiting = heap.mutex('m').lock();
    const died = victim.dieAt(steps, () => guard.release());
    reap(stage.heap, victim);
    (await granted(waiting)).release();
    if (!died) return;
  }
  assert.fail(`release() takes more than ${MOST_STEPS} accesses`);
});

test('robust futexes 2, what a dead thread had in hand is not freed under its next owner', () => {
  let reused = 0;
  for (let steps = 0; ; steps++) {
    // Anew each time, so that the same access stands at the same step.
    const stage = newStage();
    const { heap: other, host } = stage.attach('other');
    const victim = attachMortal(stage, 'victim');
    const map = victim.heap.map<number, number>('m');
    const died = victim.dieAt(steps, () => void map.set(1, steps));
    const goOnReaping = findDead(stage, victim);
    // Another thread takes the entry out, and would have its memory, while the intent of the dead still names it.
    const held = takeOutAndReuse(other);
    goOnReaping();
    reap(stage.heap, victim);
    for (const p of held) assert.equal(other.words.loadPlain(p), 0, 'somebody else has its memory as well');
    reused += held.length;
    for (const p of held) other.kfree(p);
    host.runMicrotasks();
    other.kfreeRcuBarrierSync();
    assertBalanced(stage.heap, stage.held);
    if (died) continue;
    assert.ok(reused > 0, 'nobody has used anything anew');
    return;
  }
});

test('robust futexes 3, who recovers a mutex does not forget those who wait for it too', async () => {
  const stage = newStage();
  const victim = attachMortal(stage, 'victim');
  const [first, second] = ['first', 'second'].map((name) => stage.attach(name).heap);
  victim.heap.mutex('m').lockSync();
  const waiting = [first!, second!].map((heap) => heap.mutex('m').lock());
  reap(stage.heap, victim);
  const guard = await granted(waiting[0]!);
  assert.equal(guard.ownerDied, true);
  guard.markConsistent();
  guard.release();
  const next = await granted(waiting[1]!);
  assert.equal(next.ownerDied, false);
  next.release();
});

test('robust futexes 4, a thread that dies while the word says that nobody owns it, and some wait, leaves it to be had', async () => {
  for (let steps = 0; steps < MOST_STEPS; steps++) {
    const stage = newStage();
    const victim = attachMortal(stage, 'victim');
    const [first, second] = ['first', 'second'].map((name) => stage.attach(name));
    const guard = victim.heap.mutex('m').lockSync();
    // One has waited, and given up: the word says that others wait, and none does.
    const waiting = first!.heap.mutex('m').lock({ timeoutMillis: 5 });
    first!.host.advance(10);
    await assert.rejects(waiting, LockTimeoutError);
    const died = victim.dieAt(steps, () => guard.release());
    reap(stage.heap, victim);
    (await granted(second!.heap.mutex('m').lock())).release();
    if (!died) return;
  }
  assert.fail(`release() takes more than ${MOST_STEPS} accesses`);
});

test('robust futexes 5, the next thread in the slot is not taken for the owner that died there', () => {
  const stage = newStage();
  const victim = attachMortal(stage, 'victim');
  const { heap: other } = stage.attach('other');
  victim.heap.mutex('m').lockSync();
  const { slot } = victim;
  reap(stage.heap, victim);
  const { heap: next } = stage.attach('next');
  assert.equal(partsOf(next).membership.slot, slot);
  assert.equal(stage.words.load(slotStart(stage.heap.geometry, slot) + SLOT.state), SLOT_STATE.live);
  const guard = other.mutex('m').tryLock();
  assert.equal(guard?.ownerDied, true, 'the newcomer passes for the owner');
  guard.markConsistent();
  guard.release();
  assert.throws(() => next.mutex('m').assertHeld());
});
