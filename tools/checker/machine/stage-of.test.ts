import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Words } from '../../../src/words/words.js';
import { runPlainly } from '../hold/runtime.js';
import { QuietHost } from './model-host.js';
import { bodyOf, stageOf } from './stage-of.js';
import { Step } from './step.js';

const THREADS = ['reader', 'writer'];

function stage() {
  const hosts = THREADS.map(() => new QuietHost());
  const buffer = new SharedArrayBuffer(16);
  const words = {} as Words;
  const asked: number[] = [];
  const subject = stageOf(words, buffer, THREADS, {
    host: (thread) => hosts[thread]!,
    awaitEnd(thread) {
      asked.push(thread);
      return thread === 1;
    },
    shouldFail: () => true,
  });
  return { subject, hosts, buffer, words, asked };
}

test('stageOf, gives the memory as it is, as words and as a buffer', () => {
  const { subject, words, buffer } = stage();
  assert.equal(subject.words, words);
  assert.equal(subject.buffer, buffer);
  assert.equal(subject.shouldFail(), true);
});

test('stageOf, finds threads by their names', () => {
  const { subject, hosts, asked } = stage();
  assert.equal(subject.host('reader'), hosts[0]);
  assert.equal(subject.host('writer'), hosts[1]);
  assert.deepEqual([subject.awaitEnd('writer'), subject.awaitEnd('reader'), asked], [true, false, [1, 0]]);
});

test('stageOf, throws a RangeError that names the threads there are', () => {
  const { subject, asked } = stage();
  const expected = {
    name: 'RangeError',
    message: "asked a model for its thread 'reeder'; it has reader, writer",
  };
  assert.throws(() => subject.host('reeder'), expected);
  assert.throws(() => subject.awaitEnd('reeder'), expected);
  assert.deepEqual(asked, []);
});

test('bodyOf, runs a plain function with the state, and then its microtasks', () => {
  const host = new QuietHost();
  const notes: unknown[] = [];
  const body = bodyOf(
    (state) => {
      host.queueMicrotask(() => void notes.push('microtask'));
      notes.push(state);
    },
    'state',
    host,
  );
  assert.deepEqual(notes, [], 'nothing runs before the first step');
  runPlainly(body, 'body');
  assert.deepEqual(notes, ['state', 'microtask']);
});

test('bodyOf, is held where the thread is, and where a microtask of it is', () => {
  const host = new QuietHost();
  const notes: string[] = [];
  function* task(): Generator<unknown, void, unknown> {
    notes.push(`task ${yield* new Step<number>()}`);
  }
  function* run(): Generator<unknown, void, unknown> {
    host.queueMicrotask(task as unknown as () => void);
    notes.push(`thread ${yield* new Step<number>()}`);
  }
  const body = bodyOf(run as unknown as () => void, undefined, host);
  assert.equal(body.next().done, false);
  assert.deepEqual(notes, []);
  assert.equal(body.next(7).done, false);
  assert.deepEqual(notes, ['thread 7']);
  assert.equal(body.next(8).done, true);
  assert.deepEqual(notes, ['thread 7', 'task 8']);
});
