/**
 * The stack depot: threads store the same stacks at once without a lock, each stack is stored once, and whoever finds
 * one finds it whole, also where the thread that stored it was killed in the middle.
 *
 * Both stacks of these models lie in one bucket: others have nothing to do with each other.
 */
import assert from 'node:assert/strict';
import {
  DEPOT,
  DEPOT_BUCKETS,
  depotPagesStart,
  formatDepot,
  StackDepot,
} from '../../src/pages/stack-depot.js';
import { NativeWords, reserveBuffer } from '../../src/words/native-words.js';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';

const PAGES = 0;
/** Room for a few stacks of up to four bytes: four words each. */
const LENGTH = depotPagesStart() + 8 * 4;
const ONE = 's';
const OTHER = findNeighbour(ONE);

/** A text whose stack lies in the same bucket as that of `text`. */
function findNeighbour(text: string): string {
  const bucket = bucketOf(text);
  for (let i = 0; i < 100 * DEPOT_BUCKETS; i++) {
    const candidate = i.toString(36);
    if (candidate !== text && bucketOf(candidate) === bucket) return candidate;
  }
  throw new Error('no two texts share a bucket');
}

function bucketOf(text: string): number {
  const words = new NativeWords(reserveBuffer(LENGTH * 4));
  formatDepot(words, PAGES);
  const handle = new StackDepot(words).save(text);
  for (let at = DEPOT.buckets; ; at++) if (words.loadPlain(at) === handle) return at;
}

interface Scene {
  readonly words: Words;
  readonly depots: readonly StackDepot[];
  /** By thread: the handles that its calls returned. */
  readonly handles: readonly number[][];
}

function scene({ words }: Stage): Scene {
  return { words, depots: [new StackDepot(words), new StackDepot(words)], handles: [[], []] };
}

function save({ depots, handles }: Scene, thread: number, text: string): void {
  handles[thread]!.push(depots[thread]!.save(text));
}

function nameOf(index: number): string {
  for (const [name, at] of Object.entries(DEPOT)) if (at === index) return name;
  if (index < depotPagesStart()) return `bucket ${index - DEPOT.buckets}`;
  return `records + ${index - depotPagesStart()}`;
}

/** Asserts that the depot holds each of `texts` once, as a thread sees it that comes when all is over. */
function assertStored(words: Words, texts: readonly string[]): void {
  const before = words.loadPlain(DEPOT.stacks);
  const late = new StackDepot(words);
  for (const text of texts) assert.equal(late.text(late.save(text)), text);
  assert.equal(words.loadPlain(DEPOT.stacks), before, 'a stack was not in the depot');
}

export const storesOnce = model<Scene>({
  name: 'two threads that store the same two stacks at once get the same two handles, and the texts are whole',
  lengthWords: LENGTH,
  prepare: (words) => formatDepot(words, PAGES),
  nameOf,
  setup: scene,
  threads: {
    alpha(state) {
      save(state, 0, ONE);
      save(state, 0, OTHER);
    },
    beta(state) {
      save(state, 1, OTHER);
      save(state, 1, ONE);
    },
  },
  final({ words, depots, handles: [alpha, beta] }) {
    assert.deepEqual(alpha, [...beta!].reverse(), 'the same stack has two handles');
    assert.deepEqual(
      alpha!.map((handle) => depots[1]!.text(handle)),
      [ONE, OTHER],
    );
    assert.equal(words.loadPlain(DEPOT.stacks), 2);
    assertStored(words, [ONE, OTHER]);
  },
});

export const survivesDeath = model<Scene>({
  name: 'where a thread was killed while it stored a stack, others store and find theirs, whole',
  lengthWords: LENGTH,
  prepare: (words) => formatDepot(words, PAGES),
  nameOf,
  setup: scene,
  threads: {
    victim(state) {
      save(state, 0, ONE);
      save(state, 0, OTHER);
    },
    beta(state) {
      save(state, 1, ONE);
      save(state, 1, OTHER);
    },
  },
  final({ depots, handles: [victim, beta] }) {
    assert.deepEqual(
      beta!.map((handle) => depots[1]!.text(handle)),
      [ONE, OTHER],
    );
    assert.deepEqual(victim, beta!.slice(0, victim!.length));
  },
  bounds: { kills: ['victim'] },
});
