import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { at, type Body, modelOf, started } from '../../../tests/checker/hand-held.js';
import type { Fault } from '../machine/fault.js';
import { letter, parseSchedule, Schedule } from './schedule.js';

const X = 8;

/** A machine of three threads that store plainly, buffered, without end. */
function endless() {
  const body: Body = function* ({ words }) {
    for (let i = 0; ; i++) yield* at(words.storePlain(X + (i % 2), i) as unknown);
  };
  const subject = modelOf(
    { a: body, b: body, c: body },
    { bounds: { storeBuffers: true, races: 'explored' } },
  );
  return started(subject, [X, X + 1]);
}

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.constant<Fault>({ kind: 'none' }),
  fc.tuple(fc.nat(2), fc.nat(999)).map(([thread, after]): Fault => ({ kind: 'kill', thread, after })),
  fc.tuple(fc.nat(2), fc.nat(98)).map(([thread, nth]): Fault => ({ kind: 'fail', thread, nth: nth + 1 })),
);

test('parseSchedule, reads back what Schedule wrote of any execution', () => {
  fc.assert(
    fc.property(fault, fc.array(fc.nat(8), { maxLength: 30 }), (wanted, choices) => {
      const machine = endless();
      const schedule = new Schedule(machine);
      schedule.begin(wanted);
      const done: (readonly [string, number, number])[] = [];
      for (const choice of choices) {
        const enabled: number[] = [];
        for (let p = 0, bits = machine.enabled(); bits !== 0; p++, bits >>>= 1) if (bits & 1) enabled.push(p);
        const process = enabled[choice % enabled.length]!;
        machine.step(process);
        schedule.note(process);
        const thread = machine.threads[process];
        const lane = machine.performer.buffers.lanes[process - 3];
        if (thread === undefined) done.push(['drain', lane!.thread, lane!.word]);
        else if (done.at(-1)?.[0] === 'run' && done.at(-1)?.[1] === process)
          done[done.length - 1] = ['run', process, thread.accesses];
        else done.push(['run', process, thread.accesses]);
      }
      const parsed = parseSchedule(schedule.toString());
      assert.deepEqual(parsed.fault, wanted);
      assert.deepEqual(
        parsed.legs.map((leg) => [leg.kind, leg.thread, leg.kind === 'run' ? leg.until : leg.word]),
        done,
      );
      assert.deepEqual(
        [...parsed.buffered].sort(),
        [...new Set(machine.performer.buffers.lanes.map(({ word }) => word))].sort(),
      );
      assert.equal(schedule.steps(), choices.length);
    }),
  );
});

test('Schedule, begins with what threads did before any step, but for the one that steps first', () => {
  const bodyOn = (own: number): Body =>
    function* ({ words }) {
      yield* at(words.storePlain(own, 1) as unknown);
      yield* at(words.add(X, 1));
    };
  const machine = started(modelOf({ a: bodyOn(X + 1), b: bodyOn(X + 2), c: bodyOn(X + 3) }), [X]);
  const schedule = new Schedule(machine);
  schedule.begin({ kind: 'none' });
  assert.equal(schedule.toString(), 'A1B1C1');
  for (const process of [1, 0]) {
    machine.step(process);
    schedule.note(process);
  }
  assert.equal(schedule.toString(), 'A1C1B2A2');
});

test('parseSchedule, reads every part', () => {
  assert.deepEqual(parseSchedule('kA7.w12,13.A5B3dA12A9'), {
    fault: { kind: 'kill', thread: 0, after: 7 },
    buffered: [12, 13],
    legs: [
      { kind: 'run', thread: 0, until: 5 },
      { kind: 'run', thread: 1, until: 3 },
      { kind: 'drain', thread: 0, word: 12 },
      { kind: 'run', thread: 0, until: 9 },
    ],
  });
  assert.deepEqual(parseSchedule('fC2.').fault, { kind: 'fail', thread: 2, nth: 2 });
  assert.deepEqual(parseSchedule(''), { fault: { kind: 'none' }, buffered: [], legs: [] });
});

for (const text of [
  'A',
  '5A',
  'a5',
  'A5 B3',
  'kA.A5',
  'kA7',
  'xA7.A5',
  'w.A5',
  'w12A5',
  'A5B3!',
  'dA',
  'ddA1',
]) {
  test(`parseSchedule, refuses '${text}' and shows what one looks like`, () => {
    assert.throws(() => parseSchedule(text), new RegExp(`^Error: read '${text}' as a schedule.*A5B3A9`));
  });
}

test('letter, gives a letter that parseSchedule reads back', () => {
  for (let thread = 0; thread < 26; thread++) {
    assert.equal(parseSchedule(`${letter(thread)}1`).legs[0]!.thread, thread);
  }
});
