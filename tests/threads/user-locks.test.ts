/**
 * Named locks between real threads, in what they do but exclude: waits that are called off, or take too long; threads
 * that may not wait, in engines that have waitAsync and in others; threads that leave the heap; programs that end.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ContextError, Heap, LockTimeoutError } from '../../src/index.js';
import type { LockOptions } from '../../src/locks/lock-options.js';
import { engineHost, type Host } from '../../src/words/host.js';
import { LEDGER, LEDGER_WORDS } from './locks-death.js';
import { Remote, until, within } from './locks-remote.js';
import {
  countWaiters,
  type Guard,
  letGo,
  type Place,
  type PlaceKind,
  take,
  takeAll,
  takeSync,
} from './locks-take.js';
import { requireBalance, settle } from './rest.js';
import { Random, SEED, SEED_NOTE } from './seed.js';

const KINDS: readonly PlaceKind[] = ['mutex', 'reading', 'writing', 'permit'];
const BYTES = 16 * 2 ** 20;
/** Longer than a waiter needs to wake up, on a busy machine. */
const SOON_MILLIS = 2000;
/** Less than a sleeper sleeps that nobody wakes. */
const WOKEN_MILLIS = 600;
/** A wait that is given up. */
const SHORT_MILLIS = 30;
const CALLED_OFF = 300;
const PROGRAM_LIMIT_MILLIS = 20_000;
/** Deletes what old engines do not have, before the program begins. */
const OLD_ENGINE = ['--import', 'data:text/javascript,delete Atomics.waitAsync'];

async function withHeap(run: (heap: Heap, other: Remote) => Promise<void>): Promise<void> {
  const heap = Heap.create({ bytes: BYTES, threads: 6 });
  const other = await Remote.start(heap.handle, 'other');
  await run(heap, other);
  await other.leave();
  await settle(heap);
  requireBalance(heap, []);
  heap.detach();
}

/** Has another thread take the lock so that this one cannot. */
async function holdElsewhere(other: Remote, place: Place): Promise<void> {
  await other.ask({ do: 'takeAll', place });
}

/** The lock is as it was before anybody took it, and its queue empty. */
function requireFree(heap: Heap, place: Place): void {
  assert.equal(countWaiters(heap, place), 0, SEED_NOTE);
  for (const guard of takeAll(heap, place)) letGo(guard);
}

for (const kind of KINDS) {
  const place: Place = { kind, name: 'wanted' };

  test(`${kind}, calls off an async wait by its signal, and lets the next waiter have the lock`, async () => {
    await withHeap(async (heap, other) => {
      await holdElsewhere(other, place);
      const controller = new AbortController();
      const calledOff = take(heap, place, { signal: controller.signal });
      const reason = new Error('as the test asks for');
      const mine = take(heap, place, { timeoutMillis: SOON_MILLIS });
      const refused = assert.rejects(calledOff, reason);
      await setTimeout(SHORT_MILLIS);
      controller.abort(reason);
      await within(refused, 'the wait is called off', SOON_MILLIS);
      await other.ask({ do: 'release' });
      (await within(mine, 'the next waiter is woken', WOKEN_MILLIS)).release();
      requireFree(heap, place);
    });
  });

  test(`${kind}, gives up a wait after its time, async and sync, and says who has the lock`, async () => {
    await withHeap(async (heap, other) => {
      await holdElsewhere(other, place);
      const began = performance.now();
      for (const wait of [take, takeSync]) {
        const attempt = async () => wait(heap, place, { timeoutMillis: SHORT_MILLIS });
        await assert.rejects(within(attempt(), 'the wait is given up', SOON_MILLIS), isTimeout(kind));
      }
      assert.ok(performance.now() - began >= 2 * SHORT_MILLIS - 2, 'gave up too early');
      await other.ask({ do: 'release' });
      requireFree(heap, place);

      const held = takeAll(heap, place);
      const { error } = await other.call({ do: 'take', place, way: 'sync', timeoutMillis: SHORT_MILLIS });
      assert.match(String(error), /LockTimeoutError: gave up waiting for \w+ 'wanted' after 30 ms/);
      for (const guard of held) guard.release();
      requireFree(heap, place);
    });
  });

  test(`${kind}, loses no wake-up where waits are called off while others come and go`, async (t) => {
    await withHeap(async (heap, other) => {
      const ledger = heap.kmalloc(LEDGER_WORDS * 4);
      heap.words.fillPlain(ledger, ledger + LEDGER_WORDS, 0);
      const what = { place: { ...place, kind: kind === 'reading' ? 'writing' : kind }, ledger } as const;
      const contention = other.ask({ do: 'contend', ...what, timeoutMillis: SOON_MILLIS });
      contention.catch(() => {});
      const random = new Random(SEED, KINDS.indexOf(kind));
      // So that there is no more than one for the two of them.
      const spare = kind === 'permit' ? takeSync(heap, place) : undefined;
      let had = 0;
      for (let n = 0; n < CALLED_OFF; n++) if (await takeUnlessCalledOff(heap, place, random)) had++;
      heap.words.store(ledger + LEDGER.stop, 1);
      const { visits } = await contention;
      t.diagnostic(
        `${kind}: had ${had} of ${CALLED_OFF}, the others called off; ${visits} visits beside ${SEED_NOTE}`,
      );
      assert.ok(had < CALLED_OFF && visits! > 0, SEED_NOTE);
      spare?.release();
      requireFree(heap, place);
      heap.kfree(ledger);
    });
  });

  test(`${kind}, refuses the sync form in a thread that may not wait, and is had by await`, async () => {
    await withHeap(async (heap, other) => {
      for (const isOld of [false, true]) {
        const page = attachPage(heap, isOld);
        await holdElsewhere(other, place);
        assert.throws(() => takeSync(page, place), isContextError);
        const pending = take(page, place);
        await until(() => countWaiters(heap, place) > 0, 'the page waits', SOON_MILLIS);
        await other.ask({ do: 'release' });
        (await within(pending, `${kind} is had by await`, SOON_MILLIS)).release();
        page.detach();
      }
    });
  });

  test(`${kind}, detach() leaves it to the next as a dead owner does, where it is held`, async () => {
    await withHeap(async (heap, other) => {
      const guest = Heap.attach(heap.handle, { name: 'guest' });
      const guards = takeAll(guest, place);
      const pending = other.call({ do: 'take', place, way: 'sync', timeoutMillis: SOON_MILLIS });
      await until(() => countWaiters(heap, place) > 0, 'the other waits', SOON_MILLIS);
      guest.detach();
      const { error, ownerDied } = await within(pending, 'the other is woken', WOKEN_MILLIS);
      // Who leaves in the middle may leave what it was changing half changed.
      assert.deepEqual([error, ownerDied], [undefined, kind !== 'permit']);
      for (const guard of guards) {
        assert.throws(
          () => guard.release(),
          /called release\(\) on a .* of .* that was (?:released|given back) before/,
        );
      }
      if (kind === 'mutex' || kind === 'writing') await other.ask({ do: 'mend' });
      await other.ask({ do: 'release' });
      requireFree(heap, place);
    });
  });

  test(`${kind}, detach() calls off this thread's waits, and the waits of others go on`, async () => {
    await withHeap(async (heap, other) => {
      const guest = Heap.attach(heap.handle, { name: 'guest' });
      const held = takeAll(heap, place);
      const refused = [1, 2].map(() =>
        assert.rejects(take(guest, place), /detached from the heap while a task/),
      );
      const pending = other.call({ do: 'take', place, way: 'sync', timeoutMillis: SOON_MILLIS });
      await until(() => countWaiters(heap, place) === 2, 'both wait', SOON_MILLIS);
      guest.detach();
      await within(Promise.all(refused), 'the waits are called off', SOON_MILLIS);
      for (const guard of held) guard.release();
      assert.equal((await within(pending, 'the other is woken', WOKEN_MILLIS)).error, undefined);
      await other.ask({ do: 'release' });
      requireFree(heap, place);
    });
  });
}

/** Calls a wait off: before it begins, while it runs, or perhaps too late. True where it was had. */
async function takeUnlessCalledOff(heap: Heap, place: Place, random: Random): Promise<boolean> {
  const controller = new AbortController();
  const options: LockOptions = { signal: controller.signal, timeoutMillis: SOON_MILLIS };
  const pending = within(take(heap, place, options), `${place.kind} is had or called off`).then(
    (guard: Guard) => {
      guard.release();
      return true;
    },
    (error: Error) => {
      if (error.name === 'AbortError') return false;
      throw error;
    },
  );
  switch (random.below(4)) {
    case 0:
      break;
    case 1:
      await Promise.resolve();
      break;
    case 2:
      await setTimeout(0);
      break;
    default:
      await setTimeout(1);
  }
  controller.abort();
  return pending;
}

function isTimeout(kind: PlaceKind): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof LockTimeoutError, String(error));
    const isOne = kind !== 'permit';
    const who = isOne ? "thread slot 1 \\('other', not known to have ended\\) holds it" : 'others hold it';
    assert.match(error.message, new RegExp(`'wanted' after 30 ms: ${who}\\. Hold `));
    assert.equal(error.ownerSlot, isOne ? 1 : -1);
    assert.equal(error.ownerName, isOne ? 'other' : '');
    assert.equal(error.ownerState, isOne ? 'alive' : 'unknown');
    return true;
  };
}

function isContextError(error: unknown): boolean {
  assert.ok(error instanceof ContextError, String(error));
  assert.match(
    error.message,
    /^called \w+Sync\(\) on a browser's main thread, which may not wait; use the async form/,
  );
  return true;
}

/** Joins the heap as the main thread of a page would: it may not wait. Where the engine is old, nor waitAsync(). */
function attachPage(heap: Heap, isOld: boolean): Heap {
  const host = Object.create(engineHost, { waitRight: { value: 'may-spin' } }) as Host;
  const page = Heap.attach(heap.handle, { name: 'page' }, { host });
  if (isOld) page.words.waitAsync = () => undefined;
  return page;
}

test('condVar, refuses waitSync() in a thread that may not wait, and wait() is notified', async () => {
  await withHeap(async (heap, other) => {
    for (const isOld of [false, true]) {
      const page = attachPage(heap, isOld);
      const guard = await page.mutex('wanted').lock();
      const condition = page.condVar('wanted');
      assert.throws(() => condition.waitSync(guard), isContextError);
      const waiting = condition.wait(guard);
      const { isNotified } = await other.ask({ do: 'notify', name: 'wanted' });
      assert.equal(isNotified, true);
      assert.equal(await within(waiting, 'the page is notified', SOON_MILLIS), true);
      guard.release();
      page.detach();
    }
  });
});

test('condVar, wait() is called off by its signal, its time and detach(), with the mutex held but in the last', async () => {
  await withHeap(async (heap) => {
    const guest = Heap.attach(heap.handle, { name: 'guest' });
    const guard = await guest.mutex('wanted').lock();
    const condition = guest.condVar('wanted');
    const signal = AbortSignal.timeout(SHORT_MILLIS);
    await assert.rejects(within(condition.wait(guard, { signal }), 'it is called off'), {
      name: 'TimeoutError',
    });
    assert.equal(heap.mutex('wanted').tryLock(), undefined);
    assert.equal(await condition.wait(guard, { timeoutMillis: SHORT_MILLIS }), false);
    assert.equal(heap.mutex('wanted').tryLock(), undefined);
    const waiting = assert.rejects(condition.wait(guard), /detached from the heap while a task/);
    guest.detach();
    await within(waiting, 'the wait is called off', SOON_MILLIS);
    assert.equal(heap.condVar('wanted').notifyOne(), false);
    requireFree(heap, { kind: 'mutex', name: 'wanted' });
  });
});

/** What a program says; it must end by itself, and well. */
async function runProgram(kind: PlaceKind, ending: string, flags: readonly string[] = []): Promise<string[]> {
  const file = fileURLToPath(new URL('./user-locks-program.js', import.meta.url));
  return new Promise((resolve, reject) => {
    const options = { timeout: PROGRAM_LIMIT_MILLIS };
    execFile(process.execPath, [...flags, file, kind, ending], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trim().split('\n'));
      else
        reject(new Error(`a program that ${ending} ended badly, or not at all: ${stderr}`, { cause: error }));
    });
  });
}

for (const [ending, said] of [
  ['has', ['through']],
  ['times out', ['LockTimeoutError', 'through']],
  ['aborts', ['TimeoutError', 'through']],
  ['waits', ['through']],
  ['is notified', ['through']],
] as const) {
  test(`a program that ${ending} stays for as long as it waits, and ends by itself`, async () => {
    const kinds = ending === 'is notified' ? (['mutex'] as const) : KINDS;
    for (const kind of kinds) assert.deepEqual(await runProgram(kind, ending), said, kind);
    assert.deepEqual(await runProgram('mutex', ending, OLD_ENGINE), said, 'without waitAsync');
  });
}
