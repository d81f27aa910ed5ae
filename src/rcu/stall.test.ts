import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { formatBareHeap } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { noteActivity } from '../layout/activity.js';
import { HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { ACTIVITY, ACTIVITY_TEXTS, SLOT, SLOT_STATE, TURN_OPEN, TURN_STEP } from '../layout/thread-slot.js';
import { RawSpinLock } from '../locks/raw-spin-lock.js';
import { GracePeriod } from './grace-period.js';
import { RcuEvents, type StallEvent } from './rcu-events.js';
import { StallWatch } from './stall.js';

const STALL_MILLIS = 100;
const BUSY = 2;

/** One thread that waits, with a clock and events of its own. */
interface Waiter {
  readonly host: FakeHost;
  readonly stall: StallWatch;
  readonly events: StallEvent[];
}

function makeScene(options: object, stallMillis = STALL_MILLIS) {
  const { words, geometry } = formatBareHeap({ ...options, stallMillis });
  words.store(HEADER.slotsClaimed, 3);
  const busy = slotStart(geometry, BUSY);
  const lock = new RawSpinLock(words, HEADER.gracePeriodLock, 0x101, 10, 'grace period');
  const gracePeriod = new GracePeriod(words, geometry, lock);
  const name = new TextEncoder().encode('worker');
  words.storePlain(busy + SLOT.nameBytes, name.length);
  words.writeBytesPlain(busy + SLOT.name, name, name.length);
  words.store(busy + SLOT.state, SLOT_STATE.live);
  return {
    words,
    busy,
    open: () => words.or(busy + SLOT.turn, TURN_OPEN),
    end: () => words.store(busy + SLOT.turn, (words.load(busy + SLOT.turn) & ~TURN_OPEN) + TURN_STEP),
    /** Starts a grace period, or looks whether it is over. */
    drive: () => gracePeriod.drive(gracePeriod.snap()),
    addWaiter: (turnStack = ''): Waiter => {
      const host = new FakeHost();
      const bus = new RcuEvents();
      const events: StallEvent[] = [];
      bus.on('stall', (event) => events.push(event));
      const parts = { words, geometry, host, gracePeriod, events: bus, turnStack: () => turnStack };
      return { host, stall: new StallWatch(parts), events };
    },
  };
}

/** Runs `body` with a console that keeps its lines. */
function withConsole(body: (lines: string[]) => void): void {
  const lines: string[] = [];
  const spy = mock.method(console, 'error', (line: string) => lines.push(line));
  try {
    body(lines);
  } finally {
    spy.mock.restore();
  }
}

/** Lets time pass for all, each looking at each millisecond. */
function pass(waiters: readonly Waiter[], millis: number): void {
  for (let i = 0; i < millis; i++) {
    for (const { host, stall } of waiters) {
      host.advance(1);
      stall.look();
    }
  }
}

for (const { label, options } of CONFIGURATIONS) {
  test(`a stall is reported after stallMillis, once, and again after twice as long (${label})`, () => {
    withConsole((lines) => {
      const scene = makeScene(options);
      const waiter = scene.addWaiter();
      scene.open();
      scene.drive();
      waiter.stall.look();
      const reportedAt: number[] = [];
      for (let millis = 1; millis <= 16 * STALL_MILLIS; millis++) {
        pass([waiter], 1);
        if (waiter.events.length > reportedAt.length) reportedAt.push(millis);
      }
      assert.deepEqual(reportedAt, [100, 300, 700, 1500]);
      assert.deepEqual(
        waiter.events.map(({ millis }) => millis),
        reportedAt,
      );
      assert.deepEqual(
        waiter.events.map(({ message }) => message),
        lines,
      );
      assert.match(
        lines[0]!,
        /^lull: a grace period has been held up for 100 ms by thread 'worker' \(slot 2\), which /,
      );
      assert.equal(lines[0]!.includes('\n'), false);
    });
  });

  test(`what the thread did last is told, and whether it did anything since (${label})`, () => {
    withConsole((lines) => {
      const scene = makeScene(options);
      const waiter = scene.addWaiter();
      noteActivity(scene.words, scene.busy, ACTIVITY.sheaf);
      scene.open();
      scene.drive();
      waiter.stall.look();
      pass([waiter], STALL_MILLIS);
      assert.deepEqual(waiter.events[0]!.holdouts, [
        {
          slot: BUSY,
          name: 'worker',
          lastActivity: ACTIVITY_TEXTS[ACTIVITY.sheaf],
          isActive: false,
          stack: '',
        },
      ]);
      assert.match(lines[0]!, /did nothing in Lull since then, so it is in other code/);
      noteActivity(scene.words, scene.busy, ACTIVITY.mapGrowth);
      pass([waiter], 2 * STALL_MILLIS);
      assert.equal(waiter.events[1]!.holdouts[0]!.isActive, true);
      assert.match(lines[1]!, /is at work in Lull: it just grew a map/);
    });
  });

  test(`a turn that ends is reported no more, and the next grace period has a time of its own (${label})`, () => {
    withConsole((lines) => {
      const scene = makeScene(options);
      const waiter = scene.addWaiter();
      scene.open();
      scene.drive();
      waiter.stall.look();
      pass([waiter], STALL_MILLIS);
      scene.end();
      // Nobody has driven it to its end: that is nobody's turn.
      pass([waiter], 10 * STALL_MILLIS);
      assert.equal(lines.length, 1);
      assert.equal(scene.drive(), true);
      pass([waiter], 10 * STALL_MILLIS);
      scene.open();
      scene.drive();
      pass([waiter], STALL_MILLIS);
      assert.equal(lines.length, 1);
      pass([waiter], 1);
      assert.equal(lines.length, 2);
    });
  });

  test(`of several threads that wait, one makes each report (${label})`, () => {
    withConsole((lines) => {
      const scene = makeScene(options);
      const waiters = [scene.addWaiter(), scene.addWaiter(), scene.addWaiter()];
      scene.open();
      scene.drive();
      for (const { stall } of waiters) stall.look();
      pass(waiters, 8 * STALL_MILLIS);
      assert.equal(lines.length, 3);
      // One that comes late waits for its own time, and for the next report's.
      const late = scene.addWaiter();
      pass([late], 2 * STALL_MILLIS);
      assert.deepEqual([late.events.length, lines.length], [0, 3]);
    });
  });

  test(`threads that are between turns, dead, or have left are never named (${label})`, () => {
    withConsole((lines) => {
      for (const become of ['dead', 'ended'] as const) {
        const scene = makeScene(options);
        const waiter = scene.addWaiter();
        scene.open();
        scene.drive();
        waiter.stall.look();
        if (become === 'dead') scene.words.store(scene.busy + SLOT.state, SLOT_STATE.dead);
        else scene.end();
        pass([waiter], 4 * STALL_MILLIS);
        assert.deepEqual(waiter.events, []);
      }
      assert.deepEqual(lines, []);
    });
  });

  test(`stallMillis 0 reports nothing (${label})`, () => {
    withConsole((lines) => {
      const scene = makeScene(options, 0);
      const waiter = scene.addWaiter();
      scene.open();
      scene.drive();
      pass([waiter], 5000);
      assert.deepEqual(lines, []);
    });
  });

  test(`where the turn began is told, where it is known (${label})`, () => {
    withConsole((lines) => {
      const scene = makeScene(options);
      const waiter = scene.addWaiter('    at crunch (/app/worker.js:7:3)');
      scene.open();
      scene.drive();
      waiter.stall.look();
      pass([waiter], STALL_MILLIS);
      assert.match(
        lines[0]!,
        /heap\.idle\(fn\)\.\nThe turn of thread 'worker' \(slot 2\) began\n {4}at crunch \(\/app\/worker\.js:7:3\)$/,
      );
      assert.equal(waiter.events[0]!.holdouts[0]!.stack, '    at crunch (/app/worker.js:7:3)');
    });
  });

  test(`describeHoldouts() names who holds it up now (${label})`, () => {
    const scene = makeScene(options);
    const { stall } = scene.addWaiter();
    scene.open();
    scene.drive();
    assert.match(
      stall.describeHoldouts(),
      /^held up by thread 'worker' \(slot 2\), in a turn that does not end\. /,
    );
    scene.end();
    assert.match(stall.describeHoldouts(), /^no thread holds it up at this moment/);
  });
}
