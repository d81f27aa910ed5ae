import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Memory } from './memory.js';
import { ReadTrail } from './read-trail.js';

interface Scene {
  readonly memory: Memory;
  readonly trail: ReadTrail;
  read(...words: number[]): void;
}

function scene(): Scene {
  const memory = new Memory(64);
  const trail = new ReadTrail();
  return {
    ...{ memory, trail },
    read(...words) {
      for (const word of words) trail.noteRead(word, memory);
    },
  };
}

function list(length: number): number[] {
  return Array.from({ length }, (_, i) => i + 1);
}

test('goesRound, is false for a thread that reads one list twice', () => {
  const { trail, read } = scene();
  read(...list(20), ...list(20));
  assert.equal(trail.goesRound(), false);
});

test('goesRound, is true from the eighth time that the same three words are read', () => {
  const { trail, read } = scene();
  for (let turn = 1; turn < 8; turn++) read(7, 9, 12);
  read(7, 9);
  assert.equal(trail.goesRound(), false);
  read(12);
  assert.equal(trail.goesRound(), true);
});

test('goesRound, knows rounds of up to 16 reads', () => {
  for (const [length, expected] of [
    [1, true],
    [16, true],
    [17, false],
  ] as const) {
    const { trail, read } = scene();
    for (let turn = 0; turn < 20; turn++) read(...list(length));
    assert.equal(trail.goesRound(), expected, `${length} reads a turn`);
  }
});

test('goesRound, is false for a loop each of whose turns looks at another word', () => {
  const { trail, read } = scene();
  for (let turn = 0; turn < 30; turn++) read(1, 10 + turn);
  assert.equal(trail.goesRound(), false);
});

test('goesRound, stays true however long the loop goes on', () => {
  const { trail, read } = scene();
  for (let turn = 0; turn < 200; turn++) {
    read(...list(16));
    assert.equal(trail.goesRound(), turn >= 7, `turn ${turn}`);
  }
});

test('goesRound, is false again after another value was read, after a write and after forget()', () => {
  const breaks: ((subject: Scene) => void)[] = [
    ({ memory, read }) => {
      memory.write(1, 5);
      read(1);
    },
    ({ memory, trail }) => trail.noteWrite(2, 0, memory),
    ({ trail }) => trail.forget(),
  ];
  for (const breakOff of breaks) {
    const subject = scene();
    subject.read(1, 1, 1, 1, 1, 1, 1, 1);
    assert.equal(subject.trail.goesRound(), true);
    breakOff(subject);
    assert.equal(subject.trail.goesRound(), false, String(breakOff));
  }
});

test('hasNews, is true once a word that was read has changed, until it is read again', () => {
  const { memory, trail, read } = scene();
  read(1, 2);
  memory.write(3, 1);
  assert.equal(trail.hasNews(memory), false, 'nobody read word 3');
  memory.write(2, 1);
  assert.equal(trail.hasNews(memory), true);
  read(2);
  assert.equal(trail.hasNews(memory), false);
});

test("hasNews, is false after the thread's own write", () => {
  const { memory, trail, read } = scene();
  read(1);
  memory.write(1, 5);
  trail.noteWrite(1, 0, memory);
  assert.equal(trail.hasNews(memory), false);
});

test('hasNews, is true after an own write over a value that the thread had not seen', () => {
  const { memory, trail, read } = scene();
  read(1);
  memory.write(1, 5);
  memory.write(1, 6);
  trail.noteWrite(1, 1, memory);
  assert.equal(trail.hasNews(memory), true);
});

test('sort, tells the words that have changed from the others, each once', () => {
  const { memory, trail, read } = scene();
  read(4, 2, 9, 4);
  memory.write(2, 1);
  memory.write(2, 0);
  memory.write(9, 1);
  memory.write(5, 1);
  const [changed, unchanged]: [number[], number[]] = [[], []];
  trail.sort(memory, changed, unchanged);
  assert.deepEqual([changed, unchanged], [[2, 9], [4]]);
});

test('words, has each word once, and none after forget()', () => {
  const { memory, trail, read } = scene();
  read(4, 2, 4, 2, 9);
  assert.deepEqual(trail.words(), [4, 2, 9]);
  trail.forget();
  memory.write(4, 1);
  assert.deepEqual([trail.words(), trail.hasNews(memory)], [[], false]);
});
