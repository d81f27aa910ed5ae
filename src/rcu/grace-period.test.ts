import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertUnchanged, snapshotOf } from '../../tests/support/balanced.js';
import { formatBareHeap, whileLocked } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS, type Configuration } from '../../tests/support/configurations.js';
import { beforeEachAccess } from '../../tests/support/wrapped-words.js';
import { HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SLOT, SLOT_STATE, TURN_OPEN, TURN_STEP } from '../layout/thread-slot.js';
import { RawSpinLock } from '../locks/raw-spin-lock.js';
import type { Words } from '../words/words.js';
import { GracePeriod } from './grace-period.js';
import { isRunning } from './sequence.js';

interface Scene {
  readonly words: Words;
  readonly gracePeriod: GracePeriod;
  /** The same grace period, as another thread has it. */
  readonly other: GracePeriod;
  open(slot: number): void;
  end(slot: number): void;
  /** The thread of that slot is found dead. */
  die(slot: number): void;
}

/** `claimed` threads that are between turns. */
function makeScene({ options }: Configuration, claimed = 3): Scene {
  const { words, geometry } = formatBareHeap(options);
  words.store(HEADER.slotsClaimed, claimed);
  for (let slot = 0; slot < claimed; slot++) {
    words.store(slotStart(geometry, slot) + SLOT.generation, 1);
    words.store(slotStart(geometry, slot) + SLOT.state, SLOT_STATE.live);
  }
  const turnOf = (slot: number): number => slotStart(geometry, slot) + SLOT.turn;
  const made = (tag: number) =>
    new GracePeriod(words, geometry, new RawSpinLock(words, HEADER.gracePeriodLock, tag, 10, 'grace period'));
  return {
    words,
    gracePeriod: made(0x101),
    other: made(0x102),
    die: (slot) => words.store(slotStart(geometry, slot) + SLOT.state, SLOT_STATE.dead),
    open: (slot) => words.or(turnOf(slot), TURN_OPEN),
    end: (slot) => words.store(turnOf(slot), ((words.load(turnOf(slot)) & ~TURN_OPEN) + TURN_STEP) | 0),
  };
}

for (const configuration of CONFIGURATIONS) {
  const inScene = (name: string, body: (scene: Scene) => void): void => {
    test(`${name} (${configuration.label})`, () => {
      const scene = makeScene(configuration);
      body(scene);
      assert.equal(scene.words.load(HEADER.gracePeriodLock), 0);
    });
  };

  inScene(
    'drive() with everybody between turns takes a whole grace period in one call',
    ({ gracePeriod }) => {
      const before = gracePeriod.sequence();
      const cookie = gracePeriod.snap();
      assert.equal(gracePeriod.done(cookie), false);
      assert.equal(gracePeriod.drive(cookie), true);
      assert.equal(gracePeriod.done(cookie), true);
      assert.equal(gracePeriod.sequence(), (before + 4) | 0);
    },
  );

  inScene('drive() of a cookie that is done does nothing', ({ gracePeriod, words }) => {
    const cookie = gracePeriod.snap();
    gracePeriod.drive(cookie);
    const before = snapshotOf(words);
    assert.equal(gracePeriod.drive(cookie), true);
    assertUnchanged(words, before);
  });

  inScene(
    'drive() goes on working for 20 grace periods, across the wrap of the number',
    ({ gracePeriod, open, end }) => {
      for (let period = 0; period < 20; period++) {
        const cookie = gracePeriod.snap();
        open(1);
        assert.equal(gracePeriod.drive(cookie), false);
        end(1);
        assert.equal(gracePeriod.drive(cookie), true);
      }
    },
  );

  inScene('drive() waits for every turn that was open at the start', ({ gracePeriod, open, end }) => {
    open(0);
    open(2);
    const cookie = gracePeriod.snap();
    assert.equal(gracePeriod.drive(cookie), false);
    assert.equal(isRunning(gracePeriod.sequence()), true);
    end(0);
    assert.equal(gracePeriod.drive(cookie), false);
    end(2);
    assert.equal(gracePeriod.drive(cookie), true);
  });

  inScene('drive() does not wait for a turn that began after the start', ({ gracePeriod, open, end }) => {
    open(0);
    const cookie = gracePeriod.snap();
    assert.equal(gracePeriod.drive(cookie), false);
    open(1);
    end(0);
    open(0);
    assert.equal(gracePeriod.drive(cookie), true);
  });

  inScene(
    'drive() does not wait for a thread that claimed its slot after the start',
    ({ gracePeriod, words, open, end }) => {
      open(0);
      const cookie = gracePeriod.snap();
      assert.equal(gracePeriod.drive(cookie), false);
      words.store(HEADER.slotsClaimed, 4);
      open(3);
      end(0);
      assert.equal(gracePeriod.drive(cookie), true);
    },
  );

  inScene('drive() never looks at slots that nobody has claimed', ({ gracePeriod, open }) => {
    open(3);
    assert.equal(gracePeriod.drive(gracePeriod.snap()), true);
  });

  inScene(
    'snap() while a grace period runs names the next one, for the running one began too early',
    ({ gracePeriod, open, end }) => {
      open(0);
      assert.equal(gracePeriod.drive(gracePeriod.snap()), false);
      open(1);
      const cookie = gracePeriod.snap();
      end(0);
      assert.equal(gracePeriod.drive(cookie), false);
      end(1);
      assert.equal(gracePeriod.drive(cookie), true);
    },
  );

  inScene('drive() leaves the grace period to whoever is driving it', ({ gracePeriod, words }) => {
    const cookie = gracePeriod.snap();
    whileLocked(words, HEADER.gracePeriodLock, () => {
      const before = snapshotOf(words);
      assert.equal(gracePeriod.drive(cookie), false);
      assertUnchanged(words, before);
    });
    assert.equal(gracePeriod.drive(cookie), true);
  });

  inScene(
    'drive() of two threads takes turns: one starts a grace period, the other ends it',
    ({ gracePeriod, other, open, end }) => {
      open(0);
      const mine = gracePeriod.snap();
      assert.equal(gracePeriod.drive(mine), false);
      const theirs = other.snap();
      assert.equal(other.drive(theirs), false);
      end(0);
      assert.equal(other.drive(theirs), true);
      assert.equal(gracePeriod.done(mine), true);
      assert.equal(gracePeriod.drive(mine), true);
    },
  );

  inScene(
    'drive() wakes whoever sleeps on the number, at the end and not at the start',
    ({ gracePeriod, words, open, end }) => {
      const woken: number[] = [];
      words.notify = (index, count) => {
        assert.equal(index, HEADER.gracePeriodSequence);
        assert.equal(isRunning(words.load(index)), false);
        woken.push(count);
        return 0;
      };
      open(0);
      const cookie = gracePeriod.snap();
      gracePeriod.drive(cookie);
      assert.deepEqual(woken, []);
      end(0);
      gracePeriod.drive(cookie);
      assert.deepEqual(woken, [0x7fffffff]);
    },
  );

  inScene(
    'a grace period adds to the number before it looks at any turn (grace-period:P1)',
    ({ gracePeriod, words }) => {
      const steps: string[] = [];
      const add = words.add.bind(words);
      const load = words.load.bind(words);
      words.add = (index, value) => {
        if (index === HEADER.gracePeriodSequence) steps.push('add');
        return add(index, value);
      };
      words.load = (index) => {
        if (index === HEADER.slotsClaimed || index >= 1024) steps.push('look');
        return load(index);
      };
      gracePeriod.drive(gracePeriod.snap());
      assert.deepEqual([...new Set(steps)], ['add', 'look']);
      assert.equal(steps.filter((step) => step === 'add').length, 1);
    },
  );

  inScene('drive() does not wait for the turn of a thread that is dead', ({ gracePeriod, open, die }) => {
    open(1);
    const cookie = gracePeriod.snap();
    assert.equal(gracePeriod.drive(cookie), false);
    die(1);
    assert.equal(gracePeriod.drive(cookie), true);
    assert.equal(gracePeriod.drive(gracePeriod.snap()), true, 'a turn of the dead was noted again');
  });

  inScene('drive() leaves the lock to an owner that is not dead, also of another stay', (scene) => {
    const { gracePeriod, other, words, die } = scene;
    words.store(HEADER.gracePeriodLock, 0x102);
    assert.equal(gracePeriod.drive(gracePeriod.snap()), false);
    words.store(HEADER.gracePeriodLock, 0x202);
    die(1);
    assert.equal(gracePeriod.drive(gracePeriod.snap()), false);
    words.store(HEADER.gracePeriodLock, 0x102);
    assert.equal(gracePeriod.drive(gracePeriod.snap()), true);
    assert.equal(other.done(gracePeriod.snap()), false);
  });

  inScene('wake() wakes whoever sleeps on the number', ({ gracePeriod, words }) => {
    const woken: number[] = [];
    words.notify = (index) => woken.push(index);
    gracePeriod.wake();
    assert.deepEqual(woken, [HEADER.gracePeriodSequence]);
  });

  test(`drive() goes on wherever a driver was killed, and ends no grace period early (${configuration.label})`, () => {
    let steps = 0;
    let isKilled = true;
    for (; isKilled; steps++) isKilled = driveAfterAKill(configuration, steps);
    assert.ok(steps > 12, `the driver was killed at ${steps} steps only`);
  });

  test(`done() is true only when every turn that was open at snap() has ended, whatever the order (${configuration.label})`, () => {
    const steps = fc.array(
      fc.record({ kind: fc.constantFrom('open', 'end', 'snap', 'drive', 'drive other'), slot: fc.nat(2) }),
      { maxLength: 60, size: 'max' },
    );
    fc.assert(
      fc.property(steps, (run) => checkRun(configuration, run)),
      { numRuns: 200 },
    );
  });
}

/** Thrown where a driver is killed: its thread takes no step after that. */
class Killed extends Error {}

/** Has every access throw after `steps` of them, until the function that it returns is called. */
function killAfter(words: Words, steps: number): () => void {
  const names = ['load', 'store', 'exchange', 'compareExchange', 'add', 'and', 'or', 'notify', 'storePlain'];
  let left = steps;
  return beforeEachAccess(
    words,
    () => {
      if (left-- <= 0) throw new Killed();
    },
    names,
  );
}

/**
 * The thread of slot 0 reads what that of slot 2 unlinks. That of slot 1 drives the grace period for it, and is killed
 * after so many steps; then that of slot 2 goes on, before the death is known and after.
 * @returns whether there was a step to be killed at
 */
function driveAfterAKill(configuration: Configuration, steps: number): boolean {
  const { words, gracePeriod, other, open, end, die } = makeScene(configuration);
  open(0);
  const cookie = gracePeriod.snap();
  const isKilled = isKilledIn(words, steps, () => {
    // The first starts it, the second finds a turn that has ended.
    other.drive(cookie);
    other.drive(cookie);
  });
  const kill = `a kill at step ${steps}`;
  assert.equal(gracePeriod.drive(cookie), false, `ended under a reader, after ${kill}`);
  // In the middle of a turn.
  open(1);
  die(1);
  for (let look = 0; look < 3; look++) {
    assert.equal(gracePeriod.drive(cookie), false, `ended under a reader, after ${kill}`);
  }
  end(0);
  assert.equal(gracePeriod.drive(cookie), true, `does not end after ${kill}`);
  assert.equal(gracePeriod.drive(gracePeriod.snap()), true, `none ends after ${kill}`);
  assert.equal(words.load(HEADER.gracePeriodLock), 0);
  return isKilled;
}

function isKilledIn(words: Words, steps: number, run: () => void): boolean {
  const revive = killAfter(words, steps);
  try {
    run();
    return false;
  } catch (error) {
    if (error instanceof Killed) return true;
    throw error;
  } finally {
    revive();
  }
}

interface Step {
  readonly kind: string;
  readonly slot: number;
}

/** Plays the steps beside a model that knows which turns each cookie must outlive. */
function checkRun(configuration: Configuration, run: readonly Step[]): void {
  const { gracePeriod, other, open, end } = makeScene(configuration);
  const turns = [0, 0, 0];
  const isOpen = [false, false, false];
  const cookies: { cookie: number; waitsFor: (readonly [slot: number, turn: number])[] }[] = [];
  const driveBoth = (driver: GracePeriod): void => {
    for (const { cookie } of cookies) driver.drive(cookie);
  };
  for (const { kind, slot } of run) {
    if (kind === 'open' && !isOpen[slot]) {
      open(slot);
      isOpen[slot] = true;
      turns[slot]!++;
    } else if (kind === 'end' && isOpen[slot]) {
      end(slot);
      isOpen[slot] = false;
    } else if (kind === 'snap') {
      const waitsFor = [0, 1, 2].filter((s) => isOpen[s]).map((s) => [s, turns[s]!] as const);
      cookies.push({ cookie: gracePeriod.snap(), waitsFor });
    } else if (kind === 'drive') driveBoth(gracePeriod);
    else if (kind === 'drive other') driveBoth(other);
    for (const { cookie, waitsFor } of cookies) {
      const stillOpen = waitsFor.filter(([s, turn]) => isOpen[s] && turns[s] === turn);
      if (stillOpen.length > 0) assert.equal(gracePeriod.done(cookie), false, 'done under an open turn');
    }
  }
  for (const slot of [0, 1, 2]) if (isOpen[slot]) end(slot);
  for (const { cookie } of cookies) assert.equal(gracePeriod.drive(cookie), true, 'not done between turns');
}
