/**
 * Threads that are terminated while they hold a lock, or wait for it: what becomes of those that wait with them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heap } from '../../src/index.js';
import { NotRecoverableError } from '../../src/locks/lock-errors.js';
import { type Answer, Remote, until, type Way, within } from './locks-remote.js';
import {
  countWaiters,
  type Guard,
  letGo,
  type Place,
  type PlaceKind,
  take,
  takeAll,
  takeSync,
  tryTake,
} from './locks-take.js';
import { Random, SEED, SEED_NOTE } from './seed.js';

const SOON_MILLIS = 2000;
/** Of a kind and a way of waiting, each with a thread that is terminated. */
const TRIALS = process.env.LULL_LONG === '1' ? 25 : 4;

function makeHeap(): Heap {
  return Heap.create({ bytes: 32 * 2 ** 20, threads: 64 });
}

/** Has a thread wait for a lock, and returns what it answers once it has waited. */
async function queueUp(
  heap: Heap,
  remote: Remote,
  place: Place,
  way: Way,
): Promise<{ answer: ReturnType<Remote['call']> }> {
  const before = countWaiters(heap, place);
  const answer = remote.call({ do: 'take', place, way });
  answer.catch(() => {});
  await until(
    () => countWaiters(heap, place) > before,
    `${remote.name} waits for ${place.kind} '${place.name}'`,
  );
  return { answer };
}

/** One of those that wait while the owner dies. */
interface Heir {
  readonly name: string;
  /** How its wait ends. */
  readonly end: Promise<Heir & Answer>;
  mend(): unknown;
  release(): unknown;
}

async function remoteHeir(heap: Heap, remote: Remote, place: Place, way: Way): Promise<Heir> {
  const { answer } = await queueUp(heap, remote, place, way);
  const heir: Heir = {
    name: remote.name,
    end: answer.then((had) => ({ ...heir, ...had })),
    mend: () => remote.ask({ do: 'mend' }),
    release: () => remote.ask({ do: 'release' }),
  };
  return heir;
}

function mainHeir(heap: Heap, place: Place): Heir {
  let guard: Guard | undefined;
  const end = take(heap, place).then(
    (had) => {
      guard = had;
      return { ...heir, ownerDied: had.ownerDied ?? false };
    },
    (error: unknown) => ({ ...heir, error: String(error) }),
  );
  const heir: Heir = {
    name: 'main thread',
    end,
    mend: () => guard!.markConsistent!(),
    release: () => guard!.release(),
  };
  return heir;
}

/** Whoever comes first, usually the first in the queue; it is taken off the list. */
async function nextOf(heirs: Heir[]): Promise<Heir & Answer> {
  const names = heirs.map(({ name }) => name).join(', ');
  const next = await within(Promise.race(heirs.map(({ end }) => end)), `one of ${names} has it`, SOON_MILLIS);
  heirs.splice(
    heirs.findIndex(({ name }) => name === next.name),
    1,
  );
  return next;
}

for (const kind of ['mutex', 'writing'] as const) {
  test(`a ${kind} lock whose owner died, released as it is, is lost to all threads, sleepers included`, async () => {
    const heap = makeHeap();
    const place: Place = { kind, name: 'lost' };
    const { owner, others, heirs } = await startHeirs(heap, place);
    await owner.terminate();
    const first = await nextOf(heirs);
    assert.deepEqual([first.error, first.ownerDied], [undefined, true], `${first.name} ${SEED_NOTE}`);
    await first.release();
    while (heirs.length > 0) {
      const { error } = await nextOf(heirs);
      assert.match(String(error), /NotRecoverableError: locked .* 'lost', which can no longer be used/);
    }
    for (const attempt of [tryTake, takeSync]) assert.throws(() => attempt(heap, place), NotRecoverableError);
    if (kind === 'writing') assert.throws(() => heap.rwLock('lost').readSync(), NotRecoverableError);
    const again = await others[0]!.call({ do: 'take', place, way: 'async' });
    assert.match(String(again.error), /NotRecoverableError/);
    for (const remote of others) await remote.leave();
    heap.detach();
  });

  test(`a ${kind} lock whose owner died, marked consistent by the next, goes on to all who sleep`, async () => {
    const heap = makeHeap();
    const place: Place = { kind, name: 'mended' };
    const { owner, others, heirs } = await startHeirs(heap, place);
    await owner.terminate();
    for (let isMended = false; heirs.length > 0; isMended = true) {
      const next = await nextOf(heirs);
      assert.deepEqual([next.error, next.ownerDied], [undefined, !isMended], `${next.name} ${SEED_NOTE}`);
      if (!isMended) await next.mend();
      await next.release();
    }
    for (const remote of others) await remote.leave();
    heap.detach();
  });
}

/** A thread that holds the lock, two that wait for it, and this thread waiting as well. */
async function startHeirs(heap: Heap, place: Place) {
  const [owner, ...others] = await startAll(heap, ['owner', 'sleeper', 'task']);
  await owner!.ask({ do: 'take', place, way: 'sync' });
  const heirs = [
    await remoteHeir(heap, others[0]!, place, 'sync'),
    await remoteHeir(heap, others[1]!, place, 'async'),
    mainHeir(heap, place),
  ];
  return { owner: owner!, others, heirs };
}

const KINDS: readonly PlaceKind[] = ['mutex', 'reading', 'writing', 'permit'];

for (const kind of KINDS) {
  for (const way of ['sync', 'async'] as const) {
    test(`a thread that is terminated while it waits (${way}) for ${kind} keeps nobody from the lock`, async (t) => {
      const heap = makeHeap();
      const random = new Random(SEED, KINDS.indexOf(kind));
      const [next] = await startAll(heap, ['next']);
      let longest = 0;
      for (let n = 0; n < TRIALS; n++) {
        const place: Place = { kind, name: `${kind} ${n}` };
        const [victim] = await startAll(heap, [`victim ${n}`]);
        const held = takeAll(heap, place);
        await queueUp(heap, victim!, place, way);
        const { answer } = await queueUp(heap, next!, place, random.oneIn(2) ? 'sync' : 'async');
        // It dies asleep, or awake and on its way to the lock.
        const isAsleep = random.oneIn(2);
        if (isAsleep) await victim!.terminate();
        const released = performance.now();
        for (const guard of held) guard.release();
        if (!isAsleep) await victim!.terminate();
        const { error, ownerDied } = await within(answer, `the next has ${place.name}`, SOON_MILLIS);
        longest = Math.max(longest, performance.now() - released);
        assert.equal(error, undefined, SEED_NOTE);
        // The victim may have had it before it died.
        if (ownerDied === true && kind !== 'reading') await next!.ask({ do: 'mend' });
        await next!.ask({ do: 'release' });
        for (const guard of takeAll(heap, place)) letGo(guard);
      }
      t.diagnostic(
        `${kind} (${way}): ${TRIALS} deaths, the next had it after at most ${longest.toFixed(0)} ms`,
      );
      await next!.leave();
      heap.detach();
    });
  }
}

async function startAll(heap: Heap, names: readonly string[]): Promise<Remote[]> {
  const remotes: Remote[] = [];
  for (const name of names) remotes.push(await Remote.start(heap.handle, name));
  return remotes;
}
