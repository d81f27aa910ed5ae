/**
 * Waits that may time out at any moment (`Bounds.timeouts`): what only they find, and that every way of exploring
 * finds exactly what an interpreter does that knows nothing of the checker.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, type Body, finalsOf, modelOf, range, replayed } from '../../../tests/checker/hand-held.js';
import { Machine } from '../machine/machine.js';
import type { Bounds, Model, Stage } from '../model.js';
import { type ExplorationResult, explore } from './explore.js';
import { replay } from './replay.js';
import { Dice, type Sampling } from './sampling.js';
import { parseSchedule } from './schedule.js';

const X = 8;
const Y = 9;
const SEED = 5;
const FOR_EVER = Number.POSITIVE_INFINITY;
console.log(`seed ${SEED}`);

const WAYS: readonly (readonly [string, Bounds, Sampling?])[] = [
  ['by reduction', {}],
  ['with one preemption', { preemptions: 1 }],
  ['by chance', {}, { seed: SEED, executions: 500 }],
  ['by PCT', {}, { seed: SEED, executions: 500, depth: 3 }],
];

/** An exploration with timeouts of all threads. */
function explored(subject: Model, bounds: Bounds, sampling?: Sampling): ExplorationResult {
  return explore(subject, { bounds: { timeouts: true, ...bounds }, ...(sampling && { sampling }) });
}

function store({ words }: Stage, word: number, value: number): Generator<unknown, unknown, unknown> {
  return at(words.store(word, value) as unknown);
}

/** What the waiter says of itself, whether the permit is its, and whether the permit is anybody's. */
const WAITS = 10;
const GIVEN = 11;
const FREE = 12;
const TAKEN = 13;

/**
 * A permit is given to the thread that waits for it, or left free where nobody does. The giver that first looks and
 * then gives may come too late: the waiter's time has come in between, it has looked once more, and left.
 */
function handOver(inOneStep: boolean): Model {
  const waiter: Body = function* (stage) {
    const { words } = stage;
    yield* store(stage, WAITS, 1);
    yield* at(words.wait(GIVEN, 0, 10));
    const saidSo = yield* at(words.compareExchange(WAITS, 1, 0));
    if ((yield* at(words.exchange(GIVEN, 0))) === 1 || saidSo === 2) yield* store(stage, TAKEN, 1);
  };
  const giver: Body = function* (stage) {
    const { words } = stage;
    const isWaited = (yield* at(inOneStep ? words.compareExchange(WAITS, 1, 2) : words.load(WAITS))) === 1;
    if (!isWaited) return yield* at(words.storePlain(FREE, 1) as unknown) as Generator<unknown, void>;
    yield* store(stage, GIVEN, 1);
    yield* at(words.notify(GIVEN, 1));
  };
  return modelOf(
    { waiter, giver },
    {
      final: ({ words }) =>
        assert.equal(words.loadPlain(FREE) + words.loadPlain(TAKEN), 1, 'the permit is lost'),
    },
  );
}

for (const [way, bounds, sampling] of WAYS) {
  test(`explore, finds a permit that is lost because time comes while others run, ${way}`, () => {
    const found = explored(handOver(false), bounds, sampling);
    assert.deepEqual([found.result, found.counterexample?.kind], ['failed', 'assertion']);
    assert.match(found.counterexample!.message, /the permit is lost/);
    const again = replayed(handOver(false), found, { timeouts: true });
    assert.match(again.failure!.message, /the permit is lost/, found.counterexample!.schedule);
    assert.ok(again.traces.some(({ result }) => result === 'timed-out'));
    assert.equal(explored(handOver(true), bounds, sampling).result, 'passed');
  });
}

test('explore, does not find it where time comes only when nobody else can go on', () => {
  assert.equal(explore(handOver(false)).result, 'passed');
  assert.equal(explored(handOver(false), { timeouts: ['giver'] }).result, 'passed');
});

/** Who has waited for long enough reads the buffer, whether the writer is done or not. */
function reuse(looks: boolean): Model {
  const WRITING = X;
  const BUFFER = 14;
  const writer: Body = function* (stage) {
    yield* at(stage.words.storePlain(BUFFER, 1) as unknown);
    yield* store(stage, WRITING, 0);
    yield* at(stage.words.notify(WRITING, 1));
  };
  const reader: Body = function* ({ words }) {
    const woken = yield* at(words.wait(WRITING, 1, 10));
    if (looks && woken === 'timed-out' && (yield* at(words.load(WRITING))) === 1) return;
    if (!looks) yield* at(words.load(WRITING));
    yield* at(words.loadPlain(BUFFER));
  };
  return modelOf({ writer, reader }, { prepare: (words) => words.store(WRITING, 1) });
}

test('explore, reports the race of who goes on after the limit with whom it has waited for', () => {
  assert.equal(explore(reuse(false)).result, 'passed');
  assert.equal(explored(reuse(false), {}).counterexample?.kind, 'race');
  assert.equal(explored(reuse(true), {}).result, 'passed');
});

/** A thread keeps both others going until it has waited in vain: nothing else lets the limit come to its end. */
function bounded(rounds: number): Model {
  const waiter: Body = function* (stage) {
    const { words } = stage;
    for (let round = 0; round < rounds; round++) {
      if ((yield* at(words.wait(X, 0, 10))) === 'timed-out') yield* at(words.add(Y, 1));
    }
    yield* store(stage, X, 1);
    yield* at(words.notify(X, FOR_EVER));
  };
  const sleeper: Body = function* ({ words }) {
    yield* at(words.wait(X, 0, FOR_EVER));
  };
  return modelOf({ waiter, sleeper });
}

test('explore, comes to an end of a loop that waits, times out and waits again', () => {
  const { finals, executions } = finalsOf(bounded(20), [X, Y], { bounds: { timeouts: true } });
  assert.deepEqual(finals, ['1,20']);
  assert.ok(executions < 100, `${executions} executions`);
});

test('explore, lets only the threads that are named time out while others can go on', () => {
  const waits = (mark: number): Body =>
    function* (stage) {
      const woken = yield* at(stage.words.wait(X, 0, 10));
      if (woken === 'timed-out') yield* store(stage, mark, 1);
    };
  const looks: Body = function* (stage) {
    yield* store(stage, Y, (yield* at(stage.words.load(WAITS))) + 2 * (yield* at(stage.words.load(GIVEN))));
  };
  const subject = modelOf({ a: waits(WAITS), b: waits(GIVEN), looks });
  const seen = (timeouts: readonly string[]): string[] =>
    finalsOf(subject, [Y], { bounds: { timeouts } }).finals;
  assert.deepEqual([seen([]), seen(['a']), seen(['b'])], [['0'], ['0', '1'], ['0', '2']]);
  assert.deepEqual(seen(['a', 'b']), ['0', '1', '2', '3']);
});

test('explore, refuses the name of a thread that the model does not have', () => {
  assert.throws(() => explore(bounded(1), { bounds: { timeouts: ['reader'] } }), {
    message: "bounds.timeouts names thread 'reader', which the model does not have; it has waiter, sleeper",
  });
});

test('explore, says in words whose waits time out', () => {
  assert.equal(explored(bounded(1), {}).bound, 'every schedule, timeouts at any time');
  assert.equal(
    explored(bounded(1), { timeouts: ['waiter', 'sleeper'] }).bound,
    'every schedule, timeouts of waiter and sleeper at any time',
  );
});

test('explore, counts no preemption where the thread that ran has gone to sleep', () => {
  const waiter: Body = function* (stage) {
    const woken = yield* at(stage.words.wait(X, 0, 10));
    yield* store(stage, Y, woken === 'timed-out' ? 1 : 2);
  };
  const waker: Body = function* ({ words }) {
    yield* at(words.notify(X, 1));
    yield* at(words.load(Y));
  };
  const { finals } = finalsOf(modelOf({ waiter, waker }), [Y], {
    bounds: { timeouts: true, preemptions: 0 },
  });
  assert.deepEqual(finals, ['1', '2']);
});

test('explore, counts a preemption where time comes while another thread runs', () => {
  const waiter: Body = function* (stage) {
    yield* at(stage.words.wait(X, 0, 10));
    yield* store(stage, Y, 1);
  };
  const looker: Body = function* (stage) {
    const { words } = stage;
    const before = yield* at(words.load(Y));
    yield* at(words.storePlain(X + 2, 10 * before + (yield* at(words.load(Y)))) as unknown);
  };
  const seen = (preemptions: number): string[] =>
    finalsOf(modelOf({ waiter, looker }), [X + 2], { bounds: { timeouts: true, preemptions } }).finals;
  assert.deepEqual(
    [seen(0), seen(1)],
    [
      ['0', '11'],
      ['0', '1', '11'],
    ],
  );
});

test('replay, goes on with whoever can before it lets time come, where the schedule says no more', () => {
  const waiter: Body = function* (stage) {
    const woken = yield* at(stage.words.wait(X, 0, 10));
    yield* store(stage, Y, woken === 'timed-out' ? 1 : 2);
  };
  const waker: Body = function* (stage) {
    yield* at(stage.words.notify(X, 1));
  };
  const subject = modelOf({ waiter, waker });
  const outcomes = ['A1', 'A2', 'A1B1'].map((schedule) => {
    const machine = new Machine(subject, { timeouts: true });
    machine.performer.visible[X] = 1;
    machine.performer.noteWait(X);
    const { failure } = replay(machine, parseSchedule(schedule), 100);
    assert.equal(failure, undefined);
    return machine.words.loadPlain(Y);
  });
  assert.deepEqual(outcomes, [2, 1, 2]);
});

test('explore, draws a priority for the limit apart from that of its thread, by PCT', () => {
  const waiter: Body = function* (stage) {
    const woken = yield* at(stage.words.wait(X, 0, 10));
    yield* store(stage, Y, woken === 'timed-out' ? 1 : 2);
  };
  const waker: Body = function* ({ words }) {
    for (let i = 0; i < 5; i++) yield* at(words.load(Y));
    yield* at(words.notify(X, 1));
  };
  // Without a step at which a priority falls: who sleeps first is woken only where its limit comes last.
  const sampling = { seed: SEED, executions: 60, depth: 1 };
  const { finals } = finalsOf(modelOf({ waiter, waker }), [Y], { bounds: { timeouts: true }, sampling });
  assert.deepEqual(finals, ['1', '2']);
});

/** What a thread of a random program does; each waits once at most, with a limit. */
interface Line {
  readonly kind: 'load' | 'store' | 'add' | 'wait' | 'notify';
  readonly word: number;
  readonly operand: number;
}

const WORDS = 2;
const LINES = 3;
const OUTCOMES = { ok: 5, 'timed-out': 6, 'not-equal': 7 } as const;
const KINDS = ['load', 'store', 'add', 'wait', 'wait', 'notify', 'notify'] as const;

function programOf(dice: Dice, threads: number): Line[][] {
  return range(0, threads).map(() => {
    let waits = 0;
    return range(0, LINES).map(() => {
      const drawn = KINDS[dice.below(KINDS.length)]!;
      const kind = drawn === 'wait' && waits++ > 0 ? 'notify' : drawn;
      return { kind, word: dice.below(WORDS), operand: 1 + dice.below(2) };
    });
  });
}

/** Where an interpreted program is. */
interface Place {
  readonly memory: number[];
  readonly results: number[][];
  /** Who sleeps, in the order in which they came, and on what; who was woken. */
  readonly asleep: { thread: number; word: number }[];
  readonly woken: number[];
}

/** Every final state, by trying all that can happen next: a step of whoever is awake, or the time of who sleeps. */
function interpreted(program: readonly (readonly Line[])[]): string[] {
  const seen = new Set<string>();
  const finals = new Set<string>();
  const left: Place[] = [
    { memory: range(0, WORDS).map(() => 0), results: program.map(() => []), asleep: [], woken: [] },
  ];
  for (let place = left.pop(); place !== undefined; place = left.pop()) {
    const text = JSON.stringify(place);
    if (seen.has(text)) continue;
    seen.add(text);
    const next = program.flatMap((lines, thread) => stepsOf(place!, lines, thread));
    if (next.length === 0) finals.add(finalOf(place));
    left.push(...next);
  }
  return [...finals].sort();
}

function stepsOf(place: Place, lines: readonly Line[], thread: number): Place[] {
  const after = structuredClone(place);
  const results = after.results[thread]!;
  if (after.woken.includes(thread)) {
    after.woken.splice(after.woken.indexOf(thread), 1);
    results.push(OUTCOMES.ok);
    return [after];
  }
  const bed = after.asleep.findIndex((sleeper) => sleeper.thread === thread);
  if (bed >= 0) {
    after.asleep.splice(bed, 1);
    results.push(OUTCOMES['timed-out']);
    return [after];
  }
  const line = lines[results.length];
  if (line === undefined) return [];
  perform(after, line, thread, results);
  return [after];
}

function perform(place: Place, { kind, word, operand }: Line, thread: number, results: number[]): void {
  const old = place.memory[word]!;
  switch (kind) {
    case 'load':
      results.push(old);
      return;
    case 'store':
      place.memory[word] = operand;
      results.push(0);
      return;
    case 'add':
      place.memory[word] = old + operand;
      results.push(old);
      return;
    case 'wait':
      if (old === 0) place.asleep.push({ thread, word });
      else results.push(OUTCOMES['not-equal']);
      return;
    case 'notify': {
      const chosen = place.asleep.filter((sleeper) => sleeper.word === word).slice(0, operand);
      for (const sleeper of chosen) {
        place.asleep.splice(place.asleep.indexOf(sleeper), 1);
        place.woken.push(sleeper.thread);
      }
      place.woken.sort();
      results.push(chosen.length);
    }
  }
}

function finalOf({ memory, results }: Place): string {
  const padded = results.flatMap((own) => range(0, LINES).map((i) => own[i] ?? 0));
  return [...memory, ...padded].join();
}

/** The same program as a model; results are kept from `RESULTS` on. */
function modelOfProgram(program: readonly (readonly Line[])[]): Model {
  const bodies = program.map((lines, thread): [string, Body] => [
    `t${thread}`,
    function* (stage) {
      for (const [i, line] of lines.entries()) {
        const result = yield* operate(stage, line);
        const kept = line.kind === 'store' ? 0 : (OUTCOMES[result as 'ok'] ?? (result as number));
        yield* at(stage.words.storePlain(RESULTS + thread * LINES + i, kept) as unknown);
      }
    },
  ]);
  return modelOf(Object.fromEntries(bodies));
}

const RESULTS = 20;

function* operate({ words }: Stage, { kind, word, operand }: Line): Generator<unknown, unknown, unknown> {
  if (kind === 'wait') return yield* at(words.wait(X + word, 0, 10));
  if (kind === 'load') return yield* at(words.load(X + word));
  return yield* at(words[kind](X + word, operand) as unknown);
}

for (const [threads, programs] of [
  [2, 80],
  [3, 25],
] as const) {
  test(`explore, ends as an interpreter does in which time may come at any moment: ${threads} threads`, (t) => {
    const dice = new Dice(SEED + threads);
    let timeouts = 0;
    for (let i = 0; i < programs; i++) {
      const program = programOf(dice, threads);
      const all = interpreted(program);
      const told = `program ${i}: ${JSON.stringify(program)}`;
      const noted = [...range(X, WORDS), ...range(RESULTS, threads * LINES)];
      const subject = modelOfProgram(program);
      for (const preemptions of [undefined, 100]) {
        const bounds = { races: 'explored', timeouts: true, ...(preemptions && { preemptions }) } as const;
        assert.deepEqual(finalsOf(subject, noted, { bounds }).finals, all, told);
      }
      const sampling = { seed: i, executions: 50, ...(i % 2 === 0 && { depth: 3 }) };
      const bounds = { races: 'explored', timeouts: true } as const;
      const sampled = finalsOf(subject, noted, { bounds, sampling }).finals;
      assert.deepEqual(
        sampled.filter((final) => !all.includes(final)),
        [],
        told,
      );
      const without = finalsOf(subject, noted, { bounds: { races: 'explored' } }).finals;
      assert.deepEqual(
        without.filter((final) => !all.includes(final)),
        [],
        told,
      );
      if (without.length < all.length) timeouts++;
    }
    assert.ok(timeouts > programs / 10, `timeouts mattered to only ${timeouts} programs`);
    t.diagnostic(`timeouts mattered to ${timeouts} of ${programs} programs`);
  });
}
