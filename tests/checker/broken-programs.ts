/**
 * Small programs with a fault each, that the checker must find: ordinary code, loaded so that it can be held.
 *
 * The name of each begins with the kind of failure that it must end in.
 */
import assert from 'node:assert/strict';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';

const FLAG = 1;
const DATA = 2;
const COUNT = 3;
const LEFT = 4;
const RIGHT = 5;
const TURN = 6;
const RESULT = 8;

const setup = (stage: Stage): Stage => stage;
const FOR_EVER = Number.POSITIVE_INFINITY;

function nameOf(word: number): string {
  return (
    { [FLAG]: 'flag', [DATA]: 'data', [COUNT]: 'count', [LEFT]: 'left', [RIGHT]: 'right' }[word] ??
    `word ${word}`
  );
}

function lock(words: Words, word: number): void {
  while (words.exchange(word, 1) === 1) words.wait(word, 1, FOR_EVER);
}

function unlock(words: Words, word: number): void {
  words.store(word, 0);
  words.notify(word, 1);
}

export const lockOrder = model<Stage>({
  name: 'deadlock: two threads take two locks in opposite order',
  ...{ setup, nameOf },
  threads: {
    a({ words }) {
      lock(words, LEFT);
      lock(words, RIGHT);
      unlock(words, RIGHT);
      unlock(words, LEFT);
    },
    b({ words }) {
      lock(words, RIGHT);
      lock(words, LEFT);
      unlock(words, LEFT);
      unlock(words, RIGHT);
    },
  },
});

export const lostWakeUp = model<Stage>({
  name: 'deadlock: a thread looks, is notified before it sleeps, and sleeps on a word that says nothing',
  ...{ setup, nameOf },
  threads: {
    sleeper({ words }) {
      if (words.load(FLAG) === 0) words.wait(COUNT, 0, FOR_EVER);
    },
    waker({ words }) {
      words.store(FLAG, 1);
      words.notify(COUNT, 1);
    },
  },
});

function sleepOnFlag({ words }: Stage): void {
  while (words.load(FLAG) === 0) words.wait(FLAG, 0, FOR_EVER);
}

export const oneIsWoken = model<Stage>({
  name: 'deadlock: two sleep, and one is woken',
  ...{ setup, nameOf },
  threads: {
    a: sleepOnFlag,
    b: sleepOnFlag,
    c({ words }) {
      words.store(FLAG, 1);
      words.notify(FLAG, 1);
    },
  },
});

export const endIsAwaited = model<Stage>({
  name: 'deadlock: a thread awaits the end of one that sleeps until it is woken by it',
  ...{ setup, nameOf },
  threads: {
    a(stage) {
      stage.words.add(COUNT, 1);
      stage.awaitEnd('b');
      stage.words.store(FLAG, 1);
      stage.words.notify(FLAG, 1);
    },
    b: sleepOnFlag,
  },
});

export const deadOwnerSleeps = model<Stage>({
  name: 'deadlock: a thread is killed with the lock, and another sleeps for it',
  ...{ setup, nameOf },
  threads: {
    owner({ words }) {
      lock(words, FLAG);
      unlock(words, FLAG);
    },
    other({ words }) {
      lock(words, FLAG);
      unlock(words, FLAG);
    },
  },
  bounds: { kills: ['owner'] },
});

export const deadOwnerSpins = model<Stage>({
  name: 'livelock: a thread is killed with the lock, and another spins for it',
  ...{ setup, nameOf },
  threads: {
    owner({ words }) {
      while (words.exchange(FLAG, 1) === 1) words.pause();
      words.add(COUNT, 1);
      words.store(FLAG, 0);
    },
    other({ words }) {
      words.add(COUNT, 1);
      while (words.load(FLAG) === 1) words.pause();
    },
  },
  bounds: { kills: ['owner'] },
});

export const nobodySetsTheFlag = model<Stage>({
  name: 'livelock: a spin without a pause that nobody ends',
  ...{ setup, nameOf },
  threads: {
    a({ words }) {
      while (words.load(FLAG) === 0);
    },
    b({ words }) {
      words.load(FLAG);
      words.add(COUNT, 1);
    },
  },
});

export const politeForEver = model<Stage>({
  name: 'livelock: two threads give way to each other',
  ...{ setup, nameOf },
  threads: {
    a({ words }) {
      words.store(LEFT, 1);
      while (words.load(RIGHT) === 1) words.pause();
      words.store(LEFT, 0);
    },
    b({ words }) {
      words.store(RIGHT, 1);
      while (words.load(LEFT) === 1) words.pause();
      words.store(RIGHT, 0);
    },
  },
});

export const neverDone = model<Stage>({
  name: 'livelock: two threads that undo what the other did have no end',
  ...{ setup, nameOf },
  threads: {
    a({ words }) {
      while (words.exchange(FLAG, 1) !== 7) words.add(COUNT, 1);
    },
    b({ words }) {
      while (words.exchange(FLAG, 2) !== 7) words.add(COUNT, 1);
    },
  },
  bounds: { steps: 200 },
});

function addOneSlowly({ words }: Stage): void {
  words.store(COUNT, words.load(COUNT) + 1);
}

export const lostUpdate = model<Stage>({
  name: 'assertion: two threads load and store where they should add',
  ...{ setup, nameOf },
  threads: { a: addOneSlowly, b: addOneSlowly },
  final: ({ words }) => assert.equal(words.loadPlain(COUNT), 2),
});

export const tornPair = model<Stage>({
  name: 'assertion: two words that belong together are written one after the other',
  ...{ setup, nameOf },
  threads: {
    writer({ words }) {
      words.store(LEFT, 1);
      words.store(RIGHT, 1);
    },
    reader({ words }) {
      assert.equal(words.load(LEFT), words.load(RIGHT), 'the pair is torn');
    },
  },
});

export const unorderedPublication = model<Stage>({
  name: 'assertion: data and flag are plain, and the flag reaches memory first',
  ...{ setup, nameOf },
  threads: {
    writer({ words }) {
      words.storePlain(DATA, 7);
      words.storePlain(FLAG, 1);
    },
    reader({ words }) {
      if (words.loadPlain(FLAG) === 1)
        assert.equal(words.loadPlain(DATA), 7, 'published before it was written');
    },
  },
  bounds: { storeBuffers: true, races: 'explored' },
});

function enter(mine: number, other: number): (stage: Stage) => void {
  return ({ words }) => {
    words.storePlain(mine, 1);
    if (words.loadPlain(other) === 0) words.add(RESULT, 1);
  };
}

export const dekkerPlain = model<Stage>({
  name: 'assertion: both enter where each raises a plain flag and looks at the other',
  ...{ setup, nameOf },
  threads: { left: enter(LEFT, RIGHT), right: enter(RIGHT, LEFT) },
  final: ({ words }) => assert.ok(words.loadPlain(RESULT) <= 1, 'both are inside'),
  bounds: { storeBuffers: true, races: 'explored' },
});

/** A stack of words: HEAD holds a node, a node holds the next. Nodes 10, 11 and 12 lie on it, 10 on top. */
const HEAD = 9;

function pop(words: Words): number {
  for (;;) {
    const top = words.load(HEAD);
    if (top === 0) return 0;
    const next = words.load(top);
    if (words.compareExchange(HEAD, top, next) === top) return top;
  }
}

function push(words: Words, node: number): void {
  for (;;) {
    const top = words.load(HEAD);
    words.store(node, top);
    if (words.compareExchange(HEAD, top, node) === top) return;
  }
}

export const popsWhatIsGone = model<Stage>({
  name: 'assertion: a stack whose nodes come back takes one for the same (ABA)',
  ...{ setup, nameOf },
  prepare(words) {
    words.storePlain(HEAD, 10);
    words.storePlain(10, 11);
    words.storePlain(11, 12);
  },
  threads: {
    slow({ words }) {
      words.storePlain(RESULT, pop(words));
    },
    fast({ words }) {
      const first = pop(words);
      words.storePlain(RESULT + 8, pop(words));
      push(words, first);
    },
  },
  final({ words }) {
    const held = new Set([words.loadPlain(RESULT), words.loadPlain(RESULT + 8)]);
    for (let node = words.loadPlain(HEAD); node !== 0; node = words.loadPlain(node)) {
      assert.ok(!held.has(node), `node ${node} is on the stack, and a thread has it`);
      held.add(node);
    }
  },
});

function passThrough(word: number): (stage: Stage) => void {
  return ({ words }) => {
    words.storePlain(word, 1);
    words.add(COUNT, 1);
    words.storePlain(word, 0);
    words.add(COUNT, 1);
  };
}

export const bothInside = model<Stage>({
  name: 'assertion: an invariant breaks over words that only their owners touch',
  ...{ setup, nameOf },
  threads: { left: passThrough(LEFT), right: passThrough(RIGHT) },
  invariant({ words }) {
    assert.ok(words.loadPlain(LEFT) + words.loadPlain(RIGHT) < 2, 'both are inside');
  },
});

export const deadWriterTears = model<Stage>({
  name: 'assertion: a thread is killed between two words that belong together',
  ...{ setup, nameOf },
  threads: {
    writer({ words }) {
      words.store(LEFT, 1);
      words.store(RIGHT, 1);
    },
    reader(stage) {
      stage.awaitEnd('writer');
      assert.equal(stage.words.load(LEFT), stage.words.load(RIGHT), 'the pair is torn');
    },
  },
  bounds: { kills: ['writer'] },
});

export const forgottenFailure = model<Stage>({
  name: 'assertion: an allocation fails, and what it gave is used',
  ...{ setup, nameOf },
  threads: {
    a(stage) {
      for (let i = 0; i < 2; i++) {
        const address = stage.shouldFail() ? 0 : 20 + i;
        stage.words.store(FLAG, address);
      }
    },
    b({ words }) {
      words.load(FLAG);
    },
  },
  final: ({ words }) => assert.notEqual(words.loadPlain(FLAG), 0, 'nothing was published'),
  bounds: { failures: true },
});

export const deadUnderBuffers = model<Stage>({
  name: 'assertion: a thread is killed, and its later store reaches memory without the earlier',
  ...{ setup, nameOf },
  threads: {
    writer({ words }) {
      words.storePlain(DATA, 7);
      words.storePlain(FLAG, 1);
      words.add(COUNT, 1);
    },
    reader({ words }) {
      if (words.loadPlain(FLAG) === 1) words.storePlain(RESULT, words.loadPlain(DATA) + 1);
    },
  },
  final: ({ words }) => assert.notEqual(words.loadPlain(RESULT), 1, 'published before it was written'),
  bounds: { storeBuffers: true, races: 'explored', kills: ['writer'] },
});

export const racyFlag = model<Stage>({
  name: 'race: a flag is stored and loaded plainly',
  ...{ setup, nameOf },
  threads: {
    writer({ words }) {
      words.storePlain(FLAG, 1);
    },
    reader({ words }) {
      words.loadPlain(FLAG);
    },
  },
});

export const looksThenTakes = model<{ cells: Int32Array }>({
  name: 'race: a lock over Atomics that looks and then stores lets two in',
  nameOf,
  setup: ({ buffer }) => ({ cells: new Int32Array(buffer) }),
  threads: { a: countInside, b: countInside },
});

function countInside({ cells }: { readonly cells: Int32Array }): void {
  while (Atomics.load(cells, FLAG) === 1) Atomics.wait(cells, FLAG, 1);
  Atomics.store(cells, FLAG, 1);
  cells[COUNT] = cells[COUNT]! + 1;
  Atomics.store(cells, FLAG, 0);
  Atomics.notify(cells, FLAG, 1);
}

export const brokenChain = model<Stage>({
  name: 'race: the second of two hand-overs looks plainly',
  ...{ setup, nameOf },
  threads: {
    a({ words }) {
      words.storePlain(DATA, 1);
      words.store(FLAG, 1);
    },
    b({ words }) {
      if (words.load(FLAG) === 1) words.store(TURN, 1);
    },
    c({ words }) {
      if (words.loadPlain(TURN) === 1) words.loadPlain(DATA);
    },
  },
});

export const overwrittenRelease = model<Stage>({
  name: 'race: a third thread stores over the flag, and what the first published is not ordered',
  ...{ setup, nameOf },
  threads: {
    a({ words }) {
      words.storePlain(DATA, 1);
      words.store(FLAG, 1);
    },
    b({ words }) {
      words.store(FLAG, 2);
    },
    c({ words }) {
      if (words.load(FLAG) === 2 && words.load(FLAG) === 2) words.loadPlain(DATA);
    },
  },
});

export const unexpected = model<Stage>({
  name: 'error: a thread throws where it meets what it does not expect',
  ...{ setup, nameOf },
  threads: {
    a({ words }) {
      words.store(FLAG, 1);
      words.store(FLAG, 2);
    },
    b({ words }) {
      if (words.load(FLAG) === 1) throw new TypeError('half done');
    },
  },
});

export const outside = model<Stage>({
  name: 'error: an address that is not there is read',
  ...{ setup, nameOf },
  threads: {
    a({ words }) {
      words.store(FLAG, 1000);
    },
    b({ words }) {
      words.load(words.load(FLAG));
    },
  },
});
