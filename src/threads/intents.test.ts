import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diesIn, stopAt } from '../../tests/support/stopping-words.js';
import { INTENT, INTENT_FRAME_WORDS, INTENT_FRAMES, INTENT_KIND, SLOT } from '../layout/thread-slot.js';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { Intents } from './intents.js';

const START = 1024;
const PLACE = 77;
const [FIRST, SECOND, INNER] = [4000, 5000, 6000];

interface Scene {
  readonly buffer: SharedArrayBuffer;
  readonly words: NativeWords;
  readonly intents: Intents;
}

function scene(buffer = reserveBuffer(8192)): Scene {
  const words = new NativeWords(buffer);
  return { buffer, words, intents: new Intents(words, START) };
}

/** What a frame says: kind, place, a, b. */
function said(words: NativeWords, frame: number): number[] {
  return [INTENT.kind, INTENT.place, INTENT.a, INTENT.b].map((word) => words.loadPlain(frame + word));
}

/** The allocator hands out `p`. */
function handOut(words: NativeWords, p: number): void {
  words.storePlain(START + SLOT.inHand, p);
}

test('Intents.open, says what is about to be done, and forgets what was in hand', () => {
  const { words, intents } = scene();
  handOut(words, FIRST);
  const frame = intents.open(INTENT_KIND.publish, PLACE);
  assert.deepEqual(said(words, frame), [INTENT_KIND.publish, PLACE, 0, 0]);
  assert.equal(words.loadPlain(START + SLOT.inHand), 0);
  intents.take(frame, SECOND);
  intents.takeSecond(frame, INNER);
  assert.deepEqual(said(words, frame), [INTENT_KIND.publish, PLACE, SECOND, INNER]);
  intents.close(frame);
  assert.equal(words.loadPlain(START + SLOT.intentDepth), 0);
});

test('Intents.close, gives the outer intent back what it had in hand', () => {
  const { words, intents } = scene();
  const outer = intents.open(INTENT_KIND.publish, PLACE);
  handOut(words, FIRST);
  const inner = intents.open(INTENT_KIND.slab, 0);
  handOut(words, INNER);
  intents.close(inner);
  assert.equal(words.loadPlain(START + SLOT.inHand), FIRST);
  assert.equal(words.loadPlain(START + SLOT.intentDepth), 1);
  assert.deepEqual(said(words, outer), [INTENT_KIND.publish, PLACE, 0, 0]);
});

test('Intents.close, ends what an exception has left half open inside of it', () => {
  for (let steps = 0; ; steps++) {
    const { buffer, words, intents } = scene();
    const outer = intents.open(INTENT_KIND.publish, PLACE);
    handOut(words, FIRST);
    const inner = scene(buffer);
    stopAt(inner.words, steps);
    const isCutOff = diesIn(() => inner.intents.open(INTENT_KIND.slab, 0));
    intents.take(outer, FIRST);
    intents.close(outer);
    const left = [SLOT.intentDepth, SLOT.inHand].map((word) => words.loadPlain(START + word));
    assert.deepEqual(left, [0, 0], `after ${steps} accesses`);
    if (!isCutOff) return;
  }
});

test('Intents.open, beyond INTENT_FRAMES tells nothing, and comes back to what was told', () => {
  const { words, intents } = scene();
  const frames: number[] = [];
  for (let i = 0; i < INTENT_FRAMES + 2; i++) frames.push(intents.open(INTENT_KIND.free, 0, FIRST + i));
  assert.deepEqual(frames.slice(INTENT_FRAMES), [0, 0]);
  intents.take(0, SECOND);
  intents.settle(FIRST + INTENT_FRAMES - 1);
  const last = frames[INTENT_FRAMES - 1]!;
  assert.equal(words.loadPlain(last + INTENT.a), FIRST + INTENT_FRAMES - 1, 'it is not the innermost');
  for (const frame of frames.reverse()) intents.close(frame);
  assert.equal(words.loadPlain(START + SLOT.intentDepth), 0);
});

test('Intents.settle, ends the innermost intent to free that memory, and no other', () => {
  const { words, intents } = scene();
  intents.settle(FIRST);
  const outer = intents.open(INTENT_KIND.free, 0, FIRST);
  const inner = intents.open(INTENT_KIND.publish, PLACE, FIRST);
  intents.settle(FIRST);
  assert.deepEqual([words.loadPlain(outer + INTENT.a), words.loadPlain(inner + INTENT.a)], [FIRST, FIRST]);
  intents.close(inner);
  intents.settle(SECOND);
  assert.equal(words.loadPlain(outer + INTENT.a), FIRST);
  intents.settle(FIRST);
  assert.equal(words.loadPlain(outer + INTENT.a), 0);
});

/** What the outer intent has in hand, as who reaps the slot finds it out: from within. */
function outerInHand({ words, intents }: Scene): number {
  while (words.loadPlain(START + SLOT.intentDepth) > 1) {
    const depth = words.loadPlain(START + SLOT.intentDepth);
    intents.close(START + SLOT.intents + (depth - 1) * INTENT_FRAME_WORDS);
  }
  return words.loadPlain(START + SLOT.inHand);
}

test('Intents, of a thread that stops anywhere inside an inner one leave the outer what it had in hand', () => {
  for (let steps = 0; ; steps++) {
    const { buffer, words, intents } = scene();
    intents.open(INTENT_KIND.publish, PLACE);
    handOut(words, FIRST);
    const dying = scene(buffer);
    stopAt(dying.words, steps);
    const isDead = diesIn(() => {
      const frame = dying.intents.open(INTENT_KIND.slab, 0);
      dying.words.storePlain(START + SLOT.inHand, INNER);
      dying.intents.take(frame, INNER);
      dying.intents.close(frame);
    });
    assert.equal(outerInHand({ buffer, words, intents }), FIRST, `stopped after ${steps} accesses`);
    if (!isDead) return;
  }
});

test('Intents, of a thread that stops anywhere while it opens one say nothing, or all of it', () => {
  for (let steps = 0; ; steps++) {
    const { buffer, words } = scene();
    // What was said there before.
    const before = scene(buffer);
    before.intents.close(before.intents.open(INTENT_KIND.free, 3, 4, 5));
    const dying = scene(buffer);
    stopAt(dying.words, steps);
    const isDead = diesIn(() => dying.intents.open(INTENT_KIND.publish, PLACE, FIRST, SECOND));
    const frame = START + SLOT.intents;
    const kind = words.loadPlain(frame + INTENT.kind);
    if (kind !== INTENT_KIND.nothing) {
      assert.deepEqual(said(words, frame), [INTENT_KIND.publish, PLACE, FIRST, SECOND]);
    }
    if (!isDead) return;
  }
});
