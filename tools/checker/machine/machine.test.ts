import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, type Body, modelOf, range, runOut, started } from '../../../tests/checker/hand-held.js';
import { explore } from '../explore/explore.js';
import type { Stage } from '../model.js';
import { Machine } from './machine.js';

const X = 8;
const Y = 9;

const addTwice: Body = function* ({ words }) {
  yield* at(words.add(X, 1));
  yield* at(words.add(X, 1));
};

const spinOnX: Body = function* ({ words }) {
  while ((yield* at(words.load(X))) === 0) yield* at(words.pause() as unknown);
};

const sleepOnX: Body = function* ({ words }) {
  yield* at(words.wait(X, 0, Number.POSITIVE_INFINITY));
};

test('start, runs each thread to its first operation on a visible word', () => {
  const machine = started(modelOf({ a: addTwice, b: addTwice }), [X]);
  assert.deepEqual([machine.enabled(), machine.nextWord(0), machine.words.loadPlain(X)], [3, X, 0]);
  machine.step(1);
  assert.deepEqual([machine.words.loadPlain(X), machine.threads[1]!.accesses], [1, 1]);
});

test('step, tells what it changed: its own word, and what the thread did without being held', () => {
  const subject = modelOf({
    *a({ words }) {
      yield* at(words.store(X, 1) as unknown);
      yield* at(words.storePlain(Y, 2) as unknown);
      yield* at(words.store(X, 1) as unknown);
    },
  });
  const machine = started(subject, [X]);
  const changes = range(0, 2).map(() => {
    machine.step(0);
    return [...machine.lastChanges()];
  });
  assert.deepEqual(changes, [[X, Y], []]);
});

test('step, tells of which words a thread had news, and of which it could have had', () => {
  const subject = modelOf({
    *a({ words }) {
      yield* at(words.load(X));
      yield* at(words.load(Y));
      yield* at(words.pause() as unknown);
    },
    b: addTwice,
  });
  const machine = started(subject, [X, Y]);
  const told = [0, 0, 1, 0, 1].map((process) => {
    machine.step(process);
    return [[...machine.lastNews], [...machine.lastHopes]];
  });
  assert.deepEqual(told.slice(2), [
    [[], []],
    [[X], [Y]],
    [[], []],
  ]);
});

test('step, tells of the news that ends a wait before its limit, and not of a notify', () => {
  const subject = modelOf({
    *a({ words }) {
      yield* at(words.wait(X, 0, 10));
    },
    *b({ words }) {
      yield* at(words.store(X, 1) as unknown);
      yield* at(words.notify(X, 1));
    },
  });
  for (const [order, news] of [
    [[0, 1, 0], [X]],
    [[0, 1, 1, 0], []],
  ] as const) {
    const machine = started(subject, [X]);
    for (const process of order) machine.step(process);
    assert.deepEqual(machine.lastNews, news);
  }
});

test('start, runs a thread through that meets no visible word', () => {
  const machine = started(modelOf({ a: addTwice }));
  assert.deepEqual([machine.enabled(), machine.words.loadPlain(X)], [0, 2]);
});

test('begin, starts from what prepare() wrote, and from fresh states of setup()', () => {
  let setups = 0;
  const machine = new Machine(
    modelOf(
      { a: addTwice },
      {
        prepare: (words) => words.store(X, 40),
        setup(stage) {
          setups++;
          return stage;
        },
      },
    ),
    {},
  );
  for (let i = 0; i < 3; i++) {
    machine.begin({ kind: 'none' });
    machine.start();
    assert.equal(machine.words.loadPlain(X), 42);
  }
  assert.equal(setups, 3);
});

test('enabled, leaves a thread out that spins, until a word it has read has changed', () => {
  const setX: Body = function* ({ words }) {
    yield* at(words.store(Y, 1) as unknown);
    yield* at(words.store(X, 1) as unknown);
  };
  const machine = started(modelOf({ a: spinOnX, b: setX }), [X, Y]);
  machine.step(0);
  assert.equal(machine.enabled(), 2);
  machine.step(1);
  assert.equal(machine.enabled(), 2, 'Y is not what it waits for');
  machine.step(1);
  assert.equal(machine.enabled(), 1);
  runOut(machine);
  assert.equal(machine.verdict(), undefined);
});

test('enabled, lets time pass when nobody can go on: a bounded spin comes to its bound', () => {
  const spinThrice: Body = function* ({ words }) {
    for (let i = 0; i < 3; i++) {
      yield* at(words.load(X));
      yield* at(words.pause() as unknown);
    }
    yield* at(words.store(Y, 1) as unknown);
  };
  const machine = started(modelOf({ a: spinThrice }), [X]);
  runOut(machine);
  assert.deepEqual([machine.verdict(), machine.words.loadPlain(Y)], [undefined, 1]);
});

test('enabled, lets a wait with a limit time out, and one without sleep on', () => {
  for (const [limit, kind] of [
    [10, undefined],
    [Number.POSITIVE_INFINITY, 'deadlock'],
  ] as const) {
    const results: unknown[] = [];
    const machine = started(
      modelOf({
        *a({ words }) {
          results.push(yield* at(words.wait(X, 0, limit)));
        },
      }),
    );
    runOut(machine);
    assert.deepEqual([machine.verdict()?.kind, results], [kind, kind === undefined ? ['timed-out'] : []]);
  }
});

test('wait, does not sleep where the word holds something else, and is woken by notify', () => {
  const results: unknown[] = [];
  const waitFor = (value: number): Body =>
    function* ({ words }) {
      results.push(yield* at(words.wait(X, value, Number.POSITIVE_INFINITY)));
    };
  const machine = started(
    modelOf({
      a: waitFor(7),
      b: waitFor(0),
      *c({ words }) {
        results.push(yield* at(words.notify(X, 5)));
      },
    }),
    [X],
  );
  machine.step(0);
  machine.step(1);
  assert.equal(machine.enabled(), 4);
  machine.step(2);
  runOut(machine);
  assert.deepEqual([results, machine.verdict()], [['not-equal', 1, 'ok'], undefined]);
});

test('notify, wakes as many as it says, in the order in which they came', () => {
  const order = modelOf({
    a: sleepOnX,
    b: sleepOnX,
    c: sleepOnX,
    *d({ words }) {
      yield* at(words.notify(X, 2));
    },
  });
  const machine = started(order, [X]);
  for (const sleeper of [2, 0, 1]) machine.step(sleeper);
  machine.step(3);
  assert.equal(machine.enabled(), 0b101);
});

test('notify, does not wake a thread that was killed in its sleep', () => {
  const woken: number[] = [];
  const subject = modelOf({
    a: sleepOnX,
    *b({ words }) {
      woken.push(yield* at(words.notify(X, 1)));
    },
  });
  const machine = started(subject, [X], { kind: 'kill', thread: 0, after: 1 });
  machine.step(0);
  runOut(machine);
  assert.deepEqual([woken, machine.threads[0]!.isKilled, machine.verdict()], [[0], true, undefined]);
});

test('awaitEnd, holds until the other has ended, and says whether it was killed', () => {
  for (const after of [0, 1, undefined]) {
    const ended: boolean[] = [];
    const subject = modelOf({
      a: addTwice,
      *b(stage) {
        ended.push(yield* at(stage.awaitEnd('a')));
        assert.equal(yield* at(stage.words.loadPlain(X)), after ?? 2);
      },
    });
    const fault = after === undefined ? undefined : ({ kind: 'kill', thread: 0, after } as const);
    const machine = started(subject, [X], fault);
    if (after !== 0) assert.equal(machine.enabled(), 1);
    runOut(machine);
    assert.deepEqual([machine.verdict(), ended], [undefined, [after === undefined]]);
  }
});

test('awaitEnd and host, name the threads there are where one is asked for that is not', () => {
  for (const ask of [(stage: Stage) => stage.awaitEnd('z'), (stage: Stage) => stage.host('z')]) {
    const machine = started(
      modelOf({
        *a(stage) {
          ask(stage);
          yield* at(0);
        },
        *b() {},
      }),
    );
    assert.match(machine.verdict()!.message, /^thread a: RangeError: .* thread 'z'; it has a, b/);
  }
});

test('start, runs the microtasks of a thread when its function has returned', () => {
  const machine = started(
    modelOf({
      *a({ words, host }) {
        host('a').queueMicrotask(() => words.store(Y, words.load(X) + 1));
        yield* at(words.store(X, 5) as unknown);
      },
    }),
  );
  assert.equal(machine.words.loadPlain(Y), 6);
});

test('explore, kills a thread once before each of its operations', () => {
  let kills = 0;
  const done = new Set<number>();
  const victim: Body = function* ({ words }) {
    yield* at(words.storePlain(X, 1) as unknown);
    yield* at(words.storePlain(X, 2) as unknown);
    yield* at(words.wait(Y, 1, 5));
    yield* at(words.pause() as unknown);
    yield* at(words.storePlain(X, 3) as unknown);
  };
  const subject = modelOf({ a: victim }, { bounds: { kills: ['a'] } });
  const { result, executions } = explore(subject, {
    onFinal(machine) {
      kills += machine.threads[0]!.isKilled ? 1 : 0;
      done.add(machine.threads[0]!.accesses);
    },
  });
  // Five operations, so five kills and the execution without.
  assert.deepEqual([result, executions, kills, [...done].sort()], ['passed', 6, 5, range(0, 6)]);
});

test('explore, kills a thread in its sleep too', () => {
  const seen = new Set<string>();
  const subject = modelOf(
    {
      *a({ words }) {
        yield* at(words.wait(X, 0, Number.POSITIVE_INFINITY));
      },
      *b({ words }) {
        yield* at(words.store(X, 1) as unknown);
        seen.add(`notified ${yield* at(words.notify(X, 1))}`);
      },
    },
    { bounds: { kills: ['a'] } },
  );
  assert.equal(explore(subject).result, 'passed');
  assert.deepEqual([...seen].sort(), ['notified 0', 'notified 1']);
});

test('explore, refuses to kill a thread that the model does not have', () => {
  assert.throws(() => explore(modelOf({ a: addTwice }, { bounds: { kills: ['z'] } })), /bounds\.kills.*'z'/);
});

test('explore, fails each allocation of each thread once', () => {
  const failed = new Set<string>();
  const allocate = (name: string, count: number): Body =>
    function* (stage) {
      for (let nth = 1; nth <= count; nth++) if (stage.shouldFail()) failed.add(`${name}${nth}`);
      yield* at(0);
    };
  const subject = modelOf({ a: allocate('a', 3), b: allocate('b', 2) }, { bounds: { failures: true } });
  const { executions } = explore(subject);
  assert.deepEqual([[...failed].sort(), executions], [['a1', 'a2', 'a3', 'b1', 'b2'], 6]);
});

test('shouldFail, fails nothing before the threads start', () => {
  const asked: boolean[] = [];
  const subject = modelOf(
    { *a() {} },
    {
      setup(stage) {
        asked.push(stage.shouldFail());
        return stage;
      },
      bounds: { failures: true },
    },
  );
  explore(subject);
  assert.ok(asked.length > 0 && asked.every((fails) => !fails));
});

test('access, says that code was not loaded for the checker when it goes on where it was to be held', () => {
  const careless: Body = function* ({ words }) {
    words.add(X, 1);
    words.add(X, 1);
    yield* at(0);
  };
  const machine = started(modelOf({ a: careless, b: addTwice }), [X]);
  runOut(machine);
  assert.match(machine.verdict()!.message, /thread a went on where it was to be held.*lull check/);
});

test('stateHash, is the same after steps that commute, and another one after others', () => {
  const store = (word: number, value: number): Body =>
    function* ({ words }) {
      yield* at(words.store(word, value) as unknown);
    };
  const hashes = (subject: ReturnType<typeof modelOf>) =>
    [
      [0, 1],
      [1, 0],
    ].map((order) => {
      const machine = started(subject, 'all');
      for (const process of order) machine.step(process);
      return machine.stateHash();
    });
  const [ab, ba] = hashes(modelOf({ a: store(X, 1), b: store(Y, 1) }));
  assert.equal(ab, ba);
  const [first, second] = hashes(modelOf({ a: store(X, 1), b: store(X, 2) }));
  assert.notEqual(first, second);
});

test('an execution with a loop that reads no visible word is held in it', () => {
  const machine = started(
    modelOf({
      *a({ words }) {
        while ((yield* at(words.load(X))) === 0);
      },
      *b({ words }) {
        yield* at(words.storePlain(Y, 1) as unknown);
      },
    }),
  );
  assert.deepEqual([machine.performer.visible[X], machine.performer.hasGrown], [1, true]);
});
