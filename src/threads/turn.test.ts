import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { HEADER } from '../layout/heap-header.js';
import { SLOT, TURN_BORROWED, TURN_OPEN, TURN_STEP } from '../layout/thread-slot.js';
import { ownerTag } from '../locks/owner.js';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { Turn } from './turn.js';

const WORD = 512;
const OPERATIONS = 10;

interface Scene {
  readonly turn: Turn;
  readonly words: NativeWords;
  readonly host: FakeHost;
  /** How often betweenTurns was called. */
  readonly ended: () => number;
}

function makeTurn(even = 40, betweenTurns: () => void = () => {}, spinRounds = 100): Scene {
  const words = new NativeWords(reserveBuffer(4096));
  words.store(WORD, even);
  const host = new FakeHost();
  let ended = 0;
  const onEnd = () => {
    assert.equal(turn.isOpen(), false);
    assert.equal(words.load(WORD) & TURN_OPEN, 0);
    ended++;
    betweenTurns();
  };
  const turn: Turn = new Turn(words, WORD, even, host, OPERATIONS, onEnd, spinRounds);
  return { turn, words, host, ended: () => ended };
}

for (const enter of ['pin', 'spend'] as const) {
  test(`${enter}() begins a turn: the word is odd until a microtask ends it`, () => {
    const { turn, words, host, ended } = makeTurn();
    assert.equal(turn.isOpen(), false);
    turn[enter]();
    assert.equal(turn.isOpen(), true);
    assert.equal(words.load(WORD), 40 | TURN_OPEN);
    assert.equal(ended(), 0);
    host.runMicrotasks();
    assert.equal(turn.isOpen(), false);
    assert.equal(words.load(WORD), 40 + TURN_STEP);
    assert.equal(ended(), 1);
  });

  test(`${enter}() queues one microtask a turn, whatever follows in it`, () => {
    const { turn, host } = makeTurn();
    turn[enter]();
    for (let i = 0; i < OPERATIONS; i++) {
      turn.spend();
      turn.pin();
    }
    assert.equal(host.microtasks, 1);
    host.runMicrotasks();
    turn[enter]();
    assert.equal(host.microtasks, 1);
  });

  test(`${enter}() begins the next turn at the next even number`, () => {
    const { turn, words, host } = makeTurn();
    for (let count = 0; count < 5; count++) {
      turn[enter]();
      assert.equal(words.load(WORD), (40 + count * TURN_STEP) | TURN_OPEN);
      assert.equal(turn.epoch, count + 1);
      host.runMicrotasks();
    }
  });
}

test('the turn word goes on counting across its wrap', () => {
  const { turn, words, host } = makeTurn(0x7ffffffc);
  turn.pin();
  assert.equal(words.load(WORD), 0x7ffffffd);
  host.runMicrotasks();
  assert.equal(words.load(WORD), -(2 ** 31));
  turn.pin();
  turn.quiesce();
  assert.equal(words.load(WORD), (-(2 ** 31) + TURN_STEP) | TURN_OPEN);
});

test('spend() renews the turn every so many operations', () => {
  const { turn, ended, host } = makeTurn();
  for (let i = 0; i < 1000; i++) turn.spend();
  assert.ok(ended() >= 90 && ended() <= 100, `${ended()} renewals in 1000 operations of 10 to a turn`);
  assert.equal(turn.isOpen(), true);
  assert.equal(host.microtasks, 1);
});

test('spend() after pin() never renews, so that addresses stay good', () => {
  const { turn, ended } = makeTurn();
  turn.spend();
  turn.pin();
  for (let i = 0; i < 1000; i++) turn.spend();
  assert.equal(ended(), 0);
  assert.equal(turn.epoch, 1);
});

test('pin() ends with the turn: the next turn may be renewed again', () => {
  const { turn, host } = makeTurn();
  turn.pin();
  assert.equal(turn.pinned, true);
  host.runMicrotasks();
  assert.equal(turn.pinned, false);
  for (let i = 0; i < 100; i++) turn.spend();
  assert.ok(turn.epoch > 2);
});

test('expire() makes the next spend() renew the turn, once', () => {
  const { turn, ended } = makeTurn();
  turn.spend();
  turn.expire();
  turn.spend();
  assert.equal(ended(), 1);
  turn.spend();
  assert.equal(ended(), 1);
});

test('expire() renews no pinned turn', () => {
  const { turn, ended } = makeTurn();
  turn.pin();
  turn.expire();
  turn.spend();
  assert.equal(ended(), 0);
});

test('run() opens a turn for its function, ends it, and returns what the function returned', () => {
  const { turn, words, host, ended } = makeTurn();
  const result = turn.run(() => {
    assert.equal(words.load(WORD) & TURN_OPEN, TURN_OPEN);
    for (let i = 0; i < 100; i++) turn.spend();
    turn.pin();
    return 'result';
  });
  assert.equal(result, 'result');
  assert.equal(turn.isOpen(), false);
  assert.equal(turn.pinned, false);
  assert.deepEqual([ended(), turn.epoch], [1, 1]);
  assert.equal(host.microtasks, 0);
});

test('run() inside run() ends nothing: the outermost does', () => {
  const { turn, ended } = makeTurn();
  turn.run(() => {
    turn.run(() => turn.run(() => {}));
    assert.equal(turn.isOpen(), true);
    assert.equal(ended(), 0);
  });
  assert.equal(ended(), 1);
});

test('run() inside an open turn does not end it, and leaves it pinned or not as it was', () => {
  const { turn, ended, host } = makeTurn();
  turn.spend();
  turn.run(() => assert.equal(turn.pinned, true));
  assert.deepEqual([turn.isOpen(), turn.pinned, ended()], [true, false, 0]);
  turn.pin();
  turn.run(() => {});
  assert.deepEqual([turn.isOpen(), turn.pinned, ended()], [true, true, 0]);
  host.runMicrotasks();
  assert.equal(ended(), 1);
});

test('run() of a function that throws ends the turn and passes the error on', () => {
  const { turn, ended } = makeTurn();
  const failure = new Error('from the function');
  assert.throws(
    () =>
      turn.run(() => {
        throw failure;
      }),
    failure,
  );
  assert.deepEqual([turn.isOpen(), ended()], [false, 1]);
  turn.quiesce();
  turn.leave();
});

test('run() refuses a function that returns a promise with a TypeError, and ends the turn', () => {
  const { turn } = makeTurn();
  assert.throws(() => turn.run(async () => {}), {
    name: 'TypeError',
    message: /function that returns a promise; a turn ends when fn returns.*Pass a synchronous function/,
  });
  assert.equal(turn.isOpen(), false);
  for (const value of [null, undefined, 0, '', Object.fromEntries([['then', 5]]), []])
    assert.equal(
      turn.run(() => value),
      value,
    );
});

test('quiesce() ends the turn and starts the next, pinned or not as it was', () => {
  const { turn, words, ended, host } = makeTurn();
  turn.pin();
  turn.quiesce();
  assert.deepEqual([turn.isOpen(), turn.pinned, ended(), turn.epoch], [true, true, 1, 2]);
  assert.equal(words.load(WORD), (40 + TURN_STEP) | TURN_OPEN);
  host.runMicrotasks();
  assert.equal(turn.isOpen(), false);
  turn.spend();
  turn.quiesce();
  assert.equal(turn.pinned, false);
});

test('quiesce() between turns does nothing', () => {
  const { turn, words, ended } = makeTurn();
  turn.quiesce();
  assert.deepEqual([turn.isOpen(), ended(), words.load(WORD)], [false, 0, 40]);
});

test('leave() ends the turn; the microtask that was to end it ends what came after', () => {
  const { turn, host, ended } = makeTurn();
  turn.pin();
  turn.leave();
  assert.deepEqual([turn.isOpen(), turn.pinned, ended()], [false, false, 1]);
  turn.leave();
  assert.equal(ended(), 1);
  turn.pin();
  assert.equal(host.microtasks, 1);
  host.runMicrotasks();
  assert.deepEqual([turn.isOpen(), ended()], [false, 2]);
});

test('a microtask that finds its turn ended already does nothing', () => {
  const { turn, words, host, ended } = makeTurn();
  turn.pin();
  turn.leave();
  host.runMicrotasks();
  assert.deepEqual([ended(), words.load(WORD)], [1, 40 + TURN_STEP]);
});

for (const [name, call] of [
  ['quiesce()', (turn: Turn) => turn.quiesce()],
  ['leave()', (turn: Turn) => turn.leave()],
  ['close()', (turn: Turn) => turn.close()],
] as const) {
  test(`${name} inside run() throws, and the turn goes on`, () => {
    const { turn, ended } = makeTurn();
    turn.run(() => {
      assert.throws(
        () => call(turn),
        /inside turn\(fn\), which promised to keep what it read: return from fn first/,
      );
      turn.run(() => assert.throws(() => call(turn), /inside turn\(fn\)/));
      assert.deepEqual([turn.isOpen(), ended()], [true, 0]);
    });
    call(turn);
  });
}

test('close() ends the turn for good: every way into another throws', () => {
  const { turn, words, host } = makeTurn();
  turn.pin();
  turn.close();
  assert.equal(words.load(WORD), 40 + TURN_STEP);
  for (const call of [() => turn.pin(), () => turn.spend(), () => turn.run(() => {})]) {
    assert.throws(call, /used a heap after detach\(\): attach to it again, and use the new Heap object/);
    assert.equal(turn.isOpen(), false);
  }
  host.runMicrotasks();
  assert.equal(words.load(WORD), 40 + TURN_STEP);
});

test('isLeavable() is false where an address may be held: pinned, or inside run()', () => {
  const { turn, host } = makeTurn();
  assert.equal(turn.isLeavable(), true);
  turn.spend();
  assert.equal(turn.isLeavable(), true);
  turn.run(() => assert.equal(turn.isLeavable(), false));
  assert.equal(turn.isLeavable(), true);
  turn.pin();
  assert.equal(turn.isLeavable(), false);
  host.runMicrotasks();
  assert.equal(turn.isLeavable(), true);
});

test('endScopes() lets a thread that ends inside run() leave', () => {
  const { turn, words } = makeTurn();
  turn.run(() => {
    turn.endScopes();
    turn.close();
    assert.equal(words.load(WORD) & TURN_OPEN, 0);
  });
});

test('enter reads the grace-period number after the turn word is odd (turn:P1)', () => {
  const { turn, words } = makeTurn();
  const steps: string[] = [];
  const load = words.load.bind(words);
  const compareExchange = words.compareExchange.bind(words);
  words.load = (index) => {
    if (index === HEADER.gracePeriodSequence) steps.push('load sequence');
    return load(index);
  };
  words.compareExchange = (index, expected, value) => {
    if (index === WORD) steps.push('turn word odd');
    return compareExchange(index, expected, value);
  };
  turn.pin();
  turn.quiesce();
  turn.leave();
  turn.run(() => {});
  assert.deepEqual(steps, Array(3).fill(['turn word odd', 'load sequence']).flat());
});

test('a turn is ended by an atomic store (turn:P2)', () => {
  const { turn, words } = makeTurn();
  const stored: number[] = [];
  words.store = (index, value) => {
    assert.equal(index, WORD);
    stored.push(value);
    words.storePlain(index, value);
  };
  turn.pin();
  turn.leave();
  assert.deepEqual(stored, [40 + TURN_STEP]);
});

test('enter waits until whoever has borrowed the slot gives it back', () => {
  const { turn, words } = makeTurn();
  words.or(WORD, TURN_BORROWED);
  let pauses = 0;
  words.pause = () => {
    if (++pauses === 3) words.and(WORD, ~TURN_BORROWED);
  };
  turn.pin();
  assert.equal(pauses, 3);
  assert.equal(words.load(WORD), 40 | TURN_OPEN);
});

test('enter ends in a LockTimeoutError where the borrower never gives the slot back; the turn is not open', () => {
  const { turn, words, ended } = makeTurn(40, () => {}, 5);
  words.or(WORD, TURN_BORROWED);
  words.store(WORD - SLOT.turn + SLOT.borrower, ownerTag(9, 3));
  let pauses = 0;
  words.pause = () => {
    pauses++;
  };
  for (const enter of [() => turn.pin(), () => turn.spend(), () => turn.run(() => {})]) {
    pauses = 0;
    assert.throws(enter, {
      name: 'LockTimeoutError',
      ownerSlot: 9,
      message: /after 5 rounds: thread slot 9/,
    });
    assert.equal(pauses, 5);
  }
  assert.deepEqual([turn.isOpen(), turn.pinned, ended()], [false, false, 0]);
  words.and(WORD, ~TURN_BORROWED);
  turn.pin();
  assert.equal(words.load(WORD), 40 | TURN_OPEN);
});

test('what runs between turns may open turns of its own', () => {
  let inside = 0;
  const scene: Scene = makeTurn(40, () => {
    if (inside++ === 0) scene.turn.run(() => assert.equal(scene.turn.isOpen(), true));
  });
  scene.turn.pin();
  scene.turn.quiesce();
  assert.equal(scene.turn.isOpen(), true);
  assert.equal(scene.turn.pinned, true);
  assert.equal(scene.words.load(WORD), (40 + 2 * TURN_STEP) | TURN_OPEN);
  scene.host.runMicrotasks();
  assert.equal(scene.turn.isOpen(), false);
});

test('a turn that begins between turns, in a hook, is over with what began it', () => {
  let hook = (): void => {};
  const { turn, words, host } = makeTurn(40, () => hook());
  hook = () => {
    hook = () => {};
    turn.pin();
    assert.equal(words.load(WORD), (40 + TURN_STEP) | TURN_OPEN);
  };
  turn.pin();
  turn.quiesce();
  assert.equal(words.load(WORD), (40 + 2 * TURN_STEP) | TURN_OPEN, 'the turn that quiesce() starts');
  hook = () => turn.spend();
  turn.leave();
  assert.equal(turn.isOpen(), false);
  assert.equal(words.load(WORD), 40 + 4 * TURN_STEP);
  host.runMicrotasks();
  assert.equal(words.load(WORD), 40 + 4 * TURN_STEP);
});

const INSIDE_SECTION =
  /inside a read section, which promised to keep what it read: call rcu\.readUnlock\(\) first/;
const INSIDE_READ = /inside rcu\.read\(fn\), which promised to keep what it read: return from fn first$/;

test('readLock() begins a turn that lasts until the synchronous run ends; readUnlock() ends no turn', () => {
  const { turn, words, host, ended } = makeTurn();
  turn.readLock();
  assert.equal(words.load(WORD), 40 | TURN_OPEN);
  assert.deepEqual([turn.pinned, turn.isReading()], [true, true]);
  for (let i = 0; i < 1000; i++) turn.spend();
  turn.readUnlock();
  assert.deepEqual([turn.isOpen(), turn.pinned, turn.isReading(), ended()], [true, true, false, 0]);
  host.runMicrotasks();
  assert.deepEqual([turn.isOpen(), ended()], [false, 1]);
});

test('readLock() and readUnlock() in a turn touch no shared word', () => {
  const { turn, words } = makeTurn();
  turn.pin();
  const refuse = () => assert.fail('a shared word is touched');
  for (const name of ['load', 'store', 'compareExchange', 'loadPlain', 'storePlain'] as const) {
    words[name] = refuse as never;
  }
  for (let depth = 0; depth < 3; depth++) turn.readLock();
  turn.read(() => turn.readLock());
  for (let depth = 0; depth < 3; depth++) turn.readUnlock();
});

for (const [name, call] of [
  ['quiesce()', (turn: Turn) => turn.quiesce()],
  ['leave()', (turn: Turn) => turn.leave()],
  ['close()', (turn: Turn) => turn.close()],
] as const) {
  test(`${name} inside a read section throws until the outermost is ended`, () => {
    const { turn, ended } = makeTurn();
    turn.readLock();
    turn.readLock();
    assert.throws(() => call(turn), INSIDE_SECTION);
    turn.readUnlock();
    assert.throws(() => call(turn), INSIDE_SECTION);
    turn.readUnlock();
    assert.equal(ended(), 0);
    call(turn);
    assert.equal(ended(), 1);
  });

  test(`${name} inside read(fn) throws, and names it`, () => {
    const { turn } = makeTurn();
    turn.read(() => {
      assert.throws(() => call(turn), INSIDE_READ);
      turn.run(() => assert.throws(() => call(turn), INSIDE_READ));
    });
    turn.readLock();
    turn.read(() => assert.throws(() => call(turn), INSIDE_READ));
    assert.throws(() => call(turn), INSIDE_SECTION);
    turn.readUnlock();
    call(turn);
  });
}

test('read() is run(): a turn of its own, which ends; an exception leaves it', () => {
  const { turn, ended } = makeTurn();
  assert.equal(
    turn.read(() => 'result'),
    'result',
  );
  assert.deepEqual([turn.isOpen(), ended()], [false, 1]);
  const failure = new Error('from the function');
  assert.throws(
    () =>
      turn.read(() => {
        turn.readLock();
        throw failure;
      }),
    failure,
  );
  assert.deepEqual([turn.isOpen(), turn.isReading(), ended()], [false, false, 2]);
  turn.leave();
});

test('read() refuses a function that returns a promise by its name', () => {
  const { turn } = makeTurn();
  assert.throws(() => turn.read(async () => {}), {
    name: 'TypeError',
    message: /^rcu\.read\(fn\) was given a function that returns a promise/,
  });
  assert.deepEqual([turn.isOpen(), turn.isReading()], [false, false]);
});

test('readUnlock() without readLock() throws, and the count stays right', () => {
  const { turn } = makeTurn();
  const message = 'called rcu.readUnlock() without rcu.readLock(): no read section is open';
  assert.throws(() => turn.readUnlock(), { message });
  turn.read(() => assert.throws(() => turn.readUnlock(), { message }));
  turn.readLock();
  turn.readUnlock();
  assert.throws(() => turn.readUnlock(), { message });
  turn.leave();
});

test('a read section ends with its turn: readUnlock() after an await throws, and says so', () => {
  const { turn, host } = makeTurn();
  turn.readLock();
  turn.readLock();
  host.runMicrotasks();
  assert.deepEqual([turn.isOpen(), turn.isReading()], [false, false]);
  turn.readLock();
  turn.readUnlock();
  for (let depth = 0; depth < 2; depth++) {
    assert.throws(
      () => turn.readUnlock(),
      /of a read section that is over: it ended with its turn.*Unlock before an await/,
    );
  }
  assert.throws(() => turn.readUnlock(), /without rcu\.readLock\(\)/);
});

for (const name of ['run', 'read'] as const) {
  test(`${name}() ends the sections that its function has begun, and none that were open before`, () => {
    const { turn } = makeTurn();
    turn.readLock();
    turn[name](() => {
      turn.readLock();
      turn.readLock();
    });
    assert.equal(turn.isReading(), true);
    turn.readUnlock();
    assert.equal(turn.isReading(), false);
    assert.throws(() => turn.readUnlock(), /it began in\. Unlock before an await/);
    turn.readLock();
    turn[name](() => turn.readUnlock());
    assert.equal(turn.isReading(), false);
    turn.quiesce();
  });
}

test('a section that is open between turns, in a hook, is over with what began it', () => {
  let hook = (): void => {};
  const { turn } = makeTurn(40, () => hook());
  hook = () => {
    hook = () => {};
    turn.readLock();
  };
  turn.pin();
  turn.leave();
  assert.deepEqual([turn.isOpen(), turn.isReading()], [false, false]);
});

test('finish() ends the turn and what is open in it', () => {
  const { turn, ended } = makeTurn();
  turn.finish();
  assert.equal(ended(), 0);
  turn.readLock();
  turn.finish();
  assert.deepEqual([turn.isOpen(), turn.isReading(), ended()], [false, false, 1]);
});

test('endScopes() lets a thread that ends inside a read section leave', () => {
  const { turn } = makeTurn();
  turn.readLock();
  turn.endScopes();
  turn.close();
  assert.throws(() => turn.readLock(), /used a heap after detach/);
  assert.equal(turn.isReading(), false);
});
