/**
 * Deferred frees: a block that is freed where zone.lock is busy and nothing may spin goes on the zone's list,
 * and from there into the buddy, by whoever has the lock next. No block is lost, and none comes back twice.
 *
 * The list is pushed to by compareExchange and taken whole by exchange, so a block that is pushed, taken and
 * pushed again while a third thread is about to push does no harm: the value of the head is all that counts.
 *
 * Blocks are of order 4: larger than what threads keep on lists of their own.
 */
import assert from 'node:assert/strict';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { GFP_NOLOCK, GFP_NOWAIT } from '../../src/pages/gfp.js';
import { model } from '../../tools/checker/model.js';
import { assertBalanced } from '../support/balanced.js';
import { type HeapModelMemory, heapModelMemory } from './support/heap-stage.js';
import { type PagePlayer, type PagePlayers, pagePlayersOf } from './support/page-player.js';
import { assertPagesAccounted } from './support/page-tally.js';
import { isLookedAtUnlocked } from './support/unlocked-looks.js';

/** Larger than what threads keep on lists of their own. */
const ORDER = 4;

/** A heap of which blocks are allocated before the threads start. */
interface Given {
  readonly memory: HeapModelMemory;
  readonly blocks: number[];
}

function given(pages: number, threads: number): Given {
  return { memory: heapModelMemory({ pages, threads }), blocks: [] };
}

function allocate({ blocks }: Given, alpha: HeapParts | undefined, count: number): void {
  blocks.length = 0;
  for (let i = 0; i < count; i++) blocks.push(alpha!.pages.allocPages(ORDER, GFP_NOWAIT));
  for (const start of blocks) assert.notEqual(start, 0, 'the heap is too small for the model');
}

/** Writes a block as its owner does, and gives it back without spinning. */
function useAndDefer(player: PagePlayer, start: number): void {
  player.claim(start, ORDER);
  player.putNolock(start, ORDER);
}

/** Takes a block and gives it back without spinning. */
function takeAndDefer(player: PagePlayer): void {
  player.putNolock(player.take(ORDER, GFP_NOLOCK), ORDER);
}

/** Asserts that the books add up, that what waits is free after a drain, and that every block is to be had. */
function assertNoneLost({ memory }: Given, { alpha, beta, gamma }: PagePlayers, blocks: number): void {
  const { words, pages } = alpha.parts;
  const kept = [...new Set([...alpha.held, ...beta.held, ...gamma.held])];
  assertBalanced({ words }, kept);
  pages.drain();
  assertPagesAccounted(words, memory.geometry, kept.length << ORDER);
  for (let i = kept.length; i < blocks; i++) {
    assert.notEqual(pages.allocPages(ORDER, GFP_NOWAIT), 0, `block ${i + 1} of ${blocks} is not to be had`);
  }
}

// Blocks at pages 16 and 32.
const two = given(42, 2);

export const deferredAgainstFree = model({
  name: 'a block that is freed without spinning against an ordinary free comes back, and so does the other',
  lengthWords: two.memory.lengthWords,
  prepare: (words) => two.memory.prepare(words, ([alpha]) => allocate(two, alpha, 2)),
  setup: (stage) => pagePlayersOf(two.memory, stage),
  threads: {
    alpha({ alpha }: PagePlayers) {
      useAndDefer(alpha, two.blocks[0]!);
    },
    beta({ beta }: PagePlayers) {
      beta.claim(two.blocks[1]!, ORDER);
      beta.put(two.blocks[1]!, ORDER);
      beta.keep(ORDER);
    },
  },
  final(players: PagePlayers) {
    assert.equal(players.beta.refused, 0, 'beta has given back a block, and gets none');
    assertNoneLost(two, players, 2);
  },
  nameOf: two.memory.nameOf,
  mayRace: (word) => isLookedAtUnlocked(two.memory.geometry, word),
});

const pair = given(42, 2);

export const deferredAgainstAllocation = model({
  name: 'what is freed without spinning is handed out once, with all that its last owner wrote',
  lengthWords: pair.memory.lengthWords,
  prepare: (words) => pair.memory.prepare(words, ([alpha]) => allocate(pair, alpha, 2)),
  setup: (stage) => pagePlayersOf(pair.memory, stage),
  threads: {
    alpha({ alpha }: PagePlayers) {
      useAndDefer(alpha, pair.blocks[0]!);
      useAndDefer(alpha, pair.blocks[1]!);
      alpha.keep(ORDER, GFP_NOLOCK);
    },
    beta({ beta }: PagePlayers) {
      beta.keep(ORDER);
      beta.put(beta.take(ORDER), ORDER);
    },
  },
  final: (players: PagePlayers) => assertNoneLost(pair, players, 2),
  nameOf: pair.memory.nameOf,
  mayRace: (word) => isLookedAtUnlocked(pair.memory.geometry, word),
});

const again = given(42, 2);

export const deferredAgain = model({
  name: 'a block that is deferred, taken and deferred again is not lost under another thread that defers',
  lengthWords: again.memory.lengthWords,
  prepare: (words) => again.memory.prepare(words, ([alpha]) => allocate(again, alpha, 2)),
  setup: (stage) => pagePlayersOf(again.memory, stage),
  threads: {
    alpha({ alpha }: PagePlayers) {
      useAndDefer(alpha, again.blocks[0]!);
      takeAndDefer(alpha);
    },
    beta({ beta }: PagePlayers) {
      useAndDefer(beta, again.blocks[1]!);
      takeAndDefer(beta);
    },
  },
  final: (players: PagePlayers) => assertNoneLost(again, players, 2),
  nameOf: again.memory.nameOf,
  mayRace: (word) => isLookedAtUnlocked(again.memory.geometry, word),
});

// Blocks at pages 16, 32 and 48.
const three = given(59, 3);

export const twoDeferUnderAThird = model({
  name: 'of two threads that free without spinning while a third has the lock, neither loses a block',
  lengthWords: three.memory.lengthWords,
  prepare: (words) => three.memory.prepare(words, ([alpha]) => allocate(three, alpha, 2)),
  setup: (stage) => pagePlayersOf(three.memory, stage, 3),
  threads: {
    alpha({ alpha }: PagePlayers) {
      useAndDefer(alpha, three.blocks[0]!);
    },
    beta({ beta }: PagePlayers) {
      useAndDefer(beta, three.blocks[1]!);
    },
    gamma({ gamma }: PagePlayers) {
      gamma.put(gamma.take(ORDER), ORDER);
      gamma.keep(ORDER);
    },
  },
  final(players: PagePlayers) {
    assert.equal(players.gamma.refused, 0, 'gamma has given back a block, and gets none');
    assertNoneLost(three, players, 3);
  },
  nameOf: three.memory.nameOf,
  mayRace: (word) => isLookedAtUnlocked(three.memory.geometry, word),
});
