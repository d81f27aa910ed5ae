/**
 * The ways of exploring everything are checked against each other on programs made by chance: partial-order
 * reduction, every preemption, and the plainest search there is, which tries whatever is enabled.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, type Body, modelOf, range } from '../../../tests/checker/hand-held.js';
import { type Fault, NO_FAULT } from '../machine/fault.js';
import { Machine } from '../machine/machine.js';
import type { Bounds, Model, Stage } from '../model.js';
import { Dpor } from './dpor.js';
import { explore } from './explore.js';
import { Dice } from './sampling.js';

const SHARED = 10;
const RESULTS = 20;
const LINES = 4;
const MOST_THREADS = 4;
const SEED = 8;
const LIMITS = { steps: 5000, executions: 2_000_000 };
console.log(`seed ${SEED}`);

interface Line {
  readonly kind: keyof typeof KINDS;
  readonly word: number;
  readonly operand: number;
}

type Perform = (stage: Stage, word: number, operand: number) => Generator<unknown, unknown, unknown>;

const KINDS = {
  load: ({ words }, word) => at(words.load(word)),
  store: ({ words }, word, operand) => at(words.store(word, operand) as unknown),
  compareExchange: ({ words }, word, operand) => at(words.compareExchange(word, 0, operand)),
  add: ({ words }, word, operand) => at(words.add(word, operand)),
  loadPlain: ({ words }, word) => at(words.loadPlain(word)),
  storePlain: ({ words }, word, operand) => at(words.storePlain(word, operand) as unknown),
  wait: ({ words }, word) => at(words.wait(word, 0, 10)),
  notify: ({ words }, word, operand) => at(words.notify(word, operand)),
  *spin({ words }, word, operand) {
    for (let round = 0; round < 2; round++) {
      if ((yield* at(words.load(word))) === operand) return round + 1;
      yield* at(words.pause() as unknown);
    }
    return 3;
  },
  *spinOverTwo({ words }, word, operand) {
    const next = word + 1 < SHARED + 3 ? word + 1 : SHARED;
    for (let round = 0; round < 2; round++) {
      if ((yield* at(words.load(word))) === operand) return round + 1;
      if ((yield* at(words.load(next))) === operand) return round + 4;
      yield* at(words.pause() as unknown);
    }
    return 3;
  },
} satisfies Record<string, Perform>;

const ATOMIC = ['load', 'store', 'compareExchange', 'add'] as const;
const PLAIN = ['loadPlain', 'storePlain'] as const;
const SLEEPING = ['wait', 'notify'] as const;

/** The numbers under which a result is kept; what a store returns is its own affair. */
const OUTCOMES: Readonly<Record<string, number>> = { ok: 5, 'timed-out': 6, 'not-equal': 7 };

function programOf(dice: Dice, threads: number, lines: number, kinds: readonly Line['kind'][]): Line[][] {
  return Array.from({ length: threads }, () =>
    Array.from({ length: lines }, () => ({
      kind: kinds[dice.below(kinds.length)]!,
      word: SHARED + dice.below(3),
      operand: 1 + dice.below(2),
    })),
  );
}

function programModel(program: readonly (readonly Line[])[]): Model {
  const bodies = program.map((lines, me): [string, Body] => [
    `t${me}`,
    function* (stage) {
      for (const [i, { kind, word, operand }] of lines.entries()) {
        const result = yield* (KINDS[kind] as Perform)(stage, word, operand);
        const kept = /^store/.test(kind) ? 0 : (OUTCOMES[String(result)] ?? Number(result));
        yield* at(stage.words.storePlain(RESULTS + me * LINES + i, kept) as unknown);
      }
    },
  ]);
  return modelOf(Object.fromEntries(bodies));
}

const NOTED = [...range(SHARED, 3), ...range(RESULTS, MOST_THREADS * LINES)];

/** What the words hold in the end, with who was killed. */
function finalOf({ words, threads }: Machine): string {
  const values = NOTED.map((word) => words.loadPlain(word));
  return `${values.join()} ${threads.map(({ isKilled }) => (isKilled ? 'k' : '')).join('')}`;
}

/** How an exploration ended: the final states, or the kind of failure. */
function outcome(subject: Model, bounds: Bounds): { all: string[]; executions: number } {
  const all = new Set<string>();
  const onFinal = (machine: Machine) => void all.add(finalOf(machine));
  const { result, executions, counterexample } = explore(subject, { bounds, onFinal });
  if (result === 'passed') return { all: [...all].sort(), executions };
  return { all: [`${result} ${counterexample?.kind}`], executions };
}

/** The plainest search: at each state everything that is enabled, to the end; no state is told from another. */
function searched(subject: Model, bounds: Bounds, most: number): string[] | undefined {
  const machine = new Machine(subject, bounds);
  for (const word of range(SHARED, 3)) {
    machine.performer.learn(word);
    machine.performer.noteWait(word);
  }
  const finals = new Set<string>();
  const left: number[][] = [];
  const chosen: number[] = [];
  for (let executions = 0; executions < most; executions++) {
    machine.begin(NO_FAULT);
    machine.start();
    for (let depth = 0, enabled = machine.enabled(); enabled !== 0; depth++, enabled = machine.enabled()) {
      if (depth === chosen.length) {
        left.push(range(0, 31).filter((process) => ((enabled >>> process) & 1) === 1));
        chosen.push(left[depth]!.pop()!);
      }
      machine.step(chosen[depth]!);
    }
    assert.equal(machine.verdict(), undefined);
    finals.add(finalOf(machine));
    while (chosen.length > 0 && left.at(-1)!.length === 0) {
      left.pop();
      chosen.pop();
    }
    if (chosen.length === 0) return [...finals].sort();
    chosen[chosen.length - 1] = left.at(-1)!.pop()!;
  }
  return undefined;
}

const TIMEOUTS = { timeouts: true } as const;
const KILLED = { races: 'explored', kills: ['t0'] } as const;

for (const [what, programs, threads, lines, kinds, bounds] of [
  ['atomics and plain accesses', 150, 2, 3, [...ATOMIC, ...PLAIN], {}],
  ['three threads', 100, 3, 3, [...ATOMIC, ...PLAIN], {}],
  ['four threads', 40, 4, 2, [...ATOMIC, ...PLAIN], {}],
  ['store buffers', 60, 2, 3, [...ATOMIC, ...PLAIN, ...PLAIN], { storeBuffers: true }],
  ['wait and notify', 100, 2, 4, [...ATOMIC, ...SLEEPING, ...SLEEPING], {}],
  ['wait and notify of three threads', 60, 3, 2, ['store', 'add', ...SLEEPING], {}],
  ['bounded spins', 100, 2, 3, [...ATOMIC, 'spin'], {}],
  ['bounded spins of three threads', 40, 3, 2, ['store', 'add', 'spin'], {}],
  ['bounded spins and waits of three threads', 100, 3, 2, ['store', 'add', 'spin', ...SLEEPING], {}],
  ['spins over two words', 60, 2, 3, ['store', 'add', 'spinOverTwo'], {}],
  ['spins over two words of three threads', 100, 3, 2, ['store', 'add', 'spinOverTwo'], {}],
  ['spins over two words of four threads', 60, 4, 1, ['store', 'add', 'spinOverTwo'], {}],
  [
    'waits, spins and store buffers',
    40,
    2,
    3,
    ['store', 'storePlain', 'spin', 'wait', 'notify'],
    { storeBuffers: true },
  ],
  ['timeouts', 80, 2, 3, ['store', 'add', 'load', ...SLEEPING, ...SLEEPING], TIMEOUTS],
  ['timeouts of three threads', 60, 3, 2, ['store', 'add', ...SLEEPING], TIMEOUTS],
  ['timeouts of one thread', 60, 3, 2, ['store', 'add', ...SLEEPING], { timeouts: ['t1'] }],
  ['timeouts and bounded spins', 60, 2, 3, ['store', 'add', 'spin', ...SLEEPING], TIMEOUTS],
  [
    'timeouts, spins and store buffers',
    30,
    2,
    3,
    ['store', 'storePlain', 'spin', 'wait', 'wait', 'notify'],
    { ...TIMEOUTS, storeBuffers: true },
  ],
  ['kills of those who time out', 40, 2, 3, ['store', 'add', ...SLEEPING], { ...TIMEOUTS, ...KILLED }],
  ['kills', 60, 2, 3, [...ATOMIC, ...PLAIN], KILLED],
  ['kills under store buffers', 30, 2, 3, ['store', 'load', ...PLAIN], { ...KILLED, storeBuffers: true }],
  ['kills of those who wait and spin', 60, 2, 3, ['store', 'add', 'spin', ...SLEEPING], KILLED],
] as const) {
  test(`explore, reaches the same final states by reduction and by every preemption: ${what}`, (t) => {
    const dice = new Dice(SEED);
    let reduced = 0;
    let bounded = 0;
    for (let i = 0; i < programs; i++) {
      const program = programOf(dice, threads, lines, kinds);
      const subject = programModel(program);
      const byReduction = outcome(subject, { races: 'explored', ...bounds });
      const byPreemption = outcome(subject, { races: 'explored', ...bounds, preemptions: 100 });
      reduced += byReduction.executions;
      bounded += byPreemption.executions;
      assert.deepEqual(byReduction.all, byPreemption.all, `program ${i}: ${JSON.stringify(program)}`);
    }
    t.diagnostic(`${reduced} executions by reduction, ${bounded} by preemptions`);
  });
}

test('explore, tries the time of each sleeper where all others were tried before (dpor:I3)', () => {
  const line = (kind: Line['kind'], word: number, operand = 1): Line => ({
    kind,
    word: SHARED + word,
    operand,
  });
  const subject = programModel([
    [line('add', 1), line('wait', 2), line('store', 1, 2)],
    [line('wait', 0), line('wait', 1), line('add', 1)],
    [line('wait', 2), line('notify', 1), line('wait', 1)],
  ]);
  const bounds = { races: 'explored', timeouts: ['t1', 't2'] } as const;
  assert.deepEqual(outcome(subject, bounds).all, outcome(subject, { ...bounds, preemptions: 100 }).all);
});

for (const [what, programs, kinds, bounds] of [
  ['atomics and plain accesses', 40, [...ATOMIC, ...PLAIN], {}],
  ['store buffers', 25, ['store', 'load', ...PLAIN], { storeBuffers: true }],
  ['wait and notify', 40, ['store', 'add', ...SLEEPING], {}],
  ['bounded spins', 40, ['store', 'add', 'load', 'spin'], {}],
  ['spins over two words', 60, ['store', 'add', 'spinOverTwo'], {}],
  ['timeouts', 60, ['store', 'add', 'wait', 'wait', 'notify'], TIMEOUTS],
  ['timeouts and bounded spins', 60, ['store', 'spin', 'wait', 'wait', 'notify'], TIMEOUTS],
] as const) {
  test(`explore, reaches the final states of the plainest search: ${what}`, (t) => {
    const dice = new Dice(SEED + 1);
    let compared = 0;
    for (let i = 0; i < programs; i++) {
      const program = programOf(dice, 2 + (i & 1), 2, kinds);
      const subject = programModel(program);
      const all = searched(subject, { races: 'explored', ...bounds }, 2000);
      if (all === undefined) continue;
      compared++;
      assert.deepEqual(
        outcome(subject, { races: 'explored', ...bounds }).all,
        all,
        `program ${i}: ${JSON.stringify(program)}`,
      );
    }
    assert.ok(compared > programs / 3, `only ${compared} programs were small enough`);
    t.diagnostic(`${compared} programs compared`);
  });
}

/** As outcome(), with every word interleaved from the start. */
function outcomeAllVisible(subject: Model, bounds: Bounds): string[] {
  const all = new Set<string>();
  const machine = new Machine(subject, { ...subject.bounds, ...bounds });
  machine.performer.visible.fill(1);
  for (const word of range(SHARED, 3)) machine.performer.noteWait(word);
  const faults: Fault[] = [NO_FAULT];
  for (const fault of faults) {
    machine.performer.hasGrown = false;
    const dpor = new Dpor(machine, LIMITS, (ended) => void all.add(finalOf(ended)));
    const ending = dpor.run(fault);
    if (ending === 'failed') return [`failed ${dpor.failure?.kind}`];
    assert.equal(ending, 'through');
  }
  return [...all].sort();
}

/** Threads that hand words over: by a flag, by a lock, or carelessly. */
function handOver(dice: Dice): Model {
  const [DATA, FLAG, LOCK] = range(SHARED, 3) as [number, number, number];
  const pieces: readonly ((stage: Stage, result: number) => Generator<unknown, void, unknown>)[] = [
    function* ({ words }) {
      yield* at(words.storePlain(DATA, 1) as unknown);
      yield* at(words.store(FLAG, 1) as unknown);
    },
    function* ({ words }, result) {
      if ((yield* at(words.load(FLAG))) !== 1) return;
      const value = yield* at(words.loadPlain(DATA));
      yield* at(words.storePlain(result, value + 1) as unknown);
    },
    function* ({ words }, result) {
      if ((yield* at(words.exchange(LOCK, 1))) === 1) return;
      const value = yield* at(words.loadPlain(DATA + 4));
      yield* at(words.storePlain(DATA + 4, value + 1) as unknown);
      yield* at(words.store(LOCK, 0) as unknown);
      yield* at(words.storePlain(result, value + 1) as unknown);
    },
    function* ({ words }, result) {
      const value = yield* at(words.loadPlain(DATA + 4));
      yield* at(words.storePlain(result, value) as unknown);
    },
    function* ({ words }) {
      yield* at(words.store(FLAG, 2) as unknown);
    },
  ];
  // The careless piece comes seldom, so that most programs are free of races.
  const drawn = range(0, 3).map(() => range(0, 2).map(() => [0, 1, 2, 2, 1, 2, 4, 3][dice.below(8)]!));
  // Two that write the data would race: the first thread alone does.
  const chosen = drawn.map((own, me) => own.map((piece) => (piece === 0 && me > 0 ? 1 : piece)));
  const bodies = chosen.map((own, me): [string, Body] => [
    `t${me}`,
    function* (stage) {
      for (const [i, piece] of own.entries()) yield* pieces[piece]!(stage, RESULTS + me * LINES + i);
    },
  ]);
  return modelOf(Object.fromEntries(bodies));
}

test('explore, finds out which words matter: the same ends as with every word interleaved', (t) => {
  const dice = new Dice(SEED + 2);
  const kinds = new Map<string, number>();
  for (let i = 0; i < 120; i++) {
    const subject = handOver(dice);
    const found = outcome(subject, {}).all;
    assert.deepEqual(found, outcomeAllVisible(subject, {}), `program ${i}`);
    const kind = found.length === 1 && found[0]!.startsWith('failed') ? found[0]! : 'passed';
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  assert.ok(
    (kinds.get('passed') ?? 0) > 20 && (kinds.get('failed race') ?? 0) > 20,
    JSON.stringify([...kinds]),
  );
  t.diagnostic(JSON.stringify([...kinds]));
});

for (const [what, bounds] of [
  ['random programs', {}],
  ['random programs with timeouts', TIMEOUTS],
] as const) {
  test(`explore, finds out which words matter: ${what} have the same ends as with every word interleaved`, () => {
    const dice = new Dice(SEED + 3);
    for (let i = 0; i < 100; i++) {
      const kinds = [...ATOMIC, ...ATOMIC, 'loadPlain', 'spin', ...SLEEPING] as const;
      const program = programOf(dice, 2 + (i & 1), 3, kinds);
      const subject = programModel(program);
      assert.deepEqual(
        outcome(subject, bounds).all,
        outcomeAllVisible(subject, bounds),
        `program ${i}: ${JSON.stringify(program)}`,
      );
    }
  });
}
