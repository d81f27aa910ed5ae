/**
 * The page map: kfree finds the cache of an object by the state of its page, also where another thread has
 * allocated the object, and where the page has been something else before.
 *
 * An address goes from thread to thread through a word of the model's own, by exchange: who has taken it out
 * owns the object. kfree reads the state of the page plainly: where another thread still writes it, that is a
 * data race.
 */
import assert from 'node:assert/strict';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { GFP_NOWAIT } from '../../src/pages/gfp.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { assertBalanced } from '../support/balanced.js';
import { heapModelMemory } from './support/heap-stage.js';
import { type ObjectPlayer, type ObjectPlayers, objectPlayersOf } from './support/object-player.js';
import { isPageState } from './support/unlocked-looks.js';

const BYTES = 64;
const CACHE_ID = 8;
/** Two of these fill a slab of two pages: the second starts in its second page. */
const PAGE_OF_BYTES = 4096;
/** A block of four pages. */
const BLOCK_OF_BYTES = 16384;

/** A word of a page of its own: where the threads of a model find what the other sends. */
class Mailbox {
  word = 0;

  /** Made anew by each preparation. */
  make(alpha: HeapParts | undefined): void {
    this.word = alpha!.pages.allocPages(0, GFP_NOWAIT);
    alpha!.words.storePlain(this.word, 0);
  }
}

/** Hands an object over; frees what the other has not taken yet. */
function send(mailbox: Mailbox, from: ObjectPlayer, p: number): void {
  const unread = from.parts.words.exchange(mailbox.word, p);
  if (unread !== 0) from.parts.kmalloc.free(unread);
}

/** Takes what is in the mailbox; 0 when it is empty. */
function receive(mailbox: Mailbox, { parts }: ObjectPlayer): number {
  return parts.words.exchange(mailbox.word, 0);
}

/** Frees an object that another thread has written, and asserts what it is. */
function freeForeign(player: ObjectPlayer, p: number, cache: number, writer: number): void {
  if (p === 0) return;
  const { kmalloc, words } = player.parts;
  assert.equal(kmalloc.cacheOf(p), cache, `cache of ${p}`);
  assert.equal(words.loadPlain(p), writer, 'what its last owner wrote');
  player.claim(p, BYTES);
  kmalloc.free(p);
}

function assertBooks({ alpha, beta }: ObjectPlayers, { word }: Mailbox): void {
  const left = alpha.parts.words.loadPlain(word);
  const held = [word, ...alpha.held, ...beta.held];
  if (left !== 0) held.push(left);
  assertBalanced({ words: alpha.parts.words }, held);
}

const small = heapModelMemory({ pages: 8 });
const smallMailbox = new Mailbox();

export const freesWhatAnotherAllocated = model({
  name: 'an object that another thread allocated goes into the cache that it is of, and a sheaf of its new owner',
  lengthWords: small.lengthWords,
  prepare: (words) => small.prepare(words, ([alpha]) => smallMailbox.make(alpha)),
  setup: (stage: Stage) => objectPlayersOf(small, stage),
  threads: {
    alpha({ alpha }: ObjectPlayers) {
      send(smallMailbox, alpha, alpha.take(BYTES));
      send(smallMailbox, alpha, alpha.take(BYTES));
      alpha.keep(BYTES);
    },
    beta({ beta }: ObjectPlayers) {
      freeForeign(beta, receive(smallMailbox, beta), CACHE_ID, 1);
      freeForeign(beta, receive(smallMailbox, beta), CACHE_ID, 1);
    },
  },
  final(players: ObjectPlayers) {
    assert.equal(players.alpha.refused + players.beta.refused, 0, 'there was an object for each');
    assertBooks(players, smallMailbox);
  },
  nameOf: small.nameOf,
});

// Sheaves of one object: the other object of a slab is for whoever comes next.
const fresh = heapModelMemory({ pages: 8, sheafCapacity: 1 });
const had: number[] = [];

export const knowsAFreshSlab = model({
  name: 'who is given an object of a slab that another thread has just made can free it',
  lengthWords: fresh.lengthWords,
  prepare: (words) =>
    fresh.prepare(words, ([alpha, beta]) => {
      had.length = 0;
      had.push(alpha!.kmalloc.alloc(BYTES, GFP_NOWAIT), beta!.kmalloc.alloc(BYTES, GFP_NOWAIT));
    }),
  setup: (stage: Stage) => objectPlayersOf(fresh, stage),
  threads: {
    // Each has an empty sheaf, and the slab that the two before came from is full.
    alpha({ alpha }: ObjectPlayers) {
      alpha.keep(BYTES);
    },
    beta({ beta }: ObjectPlayers) {
      beta.put(beta.take(BYTES), BYTES);
    },
  },
  final({ alpha, beta }: ObjectPlayers) {
    assert.equal(alpha.refused + beta.refused, 0, 'there was an object for each');
    assertBalanced(alpha.parts, [...had, ...alpha.held]);
  },
  nameOf: fresh.nameOf,
});

const large = heapModelMemory({ pages: 8, minPartialSlabs: 0 });
const largeMailbox = new Mailbox();
const LARGE_CACHE_ID = 56;
const pages: number[] = [];

export const findsTheCacheFromATail = model({
  name: 'an object that starts in the second page of its slab is freed by another thread, and its slab goes',
  lengthWords: large.lengthWords,
  prepare: (words) =>
    large.prepare(words, ([alpha]) => {
      largeMailbox.make(alpha);
      const { kmalloc } = alpha!;
      pages.length = 0;
      pages.push(kmalloc.alloc(PAGE_OF_BYTES, GFP_NOWAIT), kmalloc.alloc(PAGE_OF_BYTES, GFP_NOWAIT));
      pages.sort((a, b) => a - b);
      assert.equal(pages[0]! + PAGE_OF_BYTES / 4, pages[1], 'the two are one slab');
      assert.equal(kmalloc.cacheOf(pages[0]!), LARGE_CACHE_ID, 'the cache of 4096 bytes');
    }),
  setup: (stage: Stage) => objectPlayersOf(large, stage),
  threads: {
    alpha({ alpha }: ObjectPlayers) {
      alpha.claim(pages[1]!, BYTES);
      send(largeMailbox, alpha, pages[1]!);
      alpha.parts.kmalloc.free(pages[0]!);
      alpha.parts.caches.view(LARGE_CACHE_ID).shrink();
    },
    beta({ beta }: ObjectPlayers) {
      freeForeign(beta, receive(largeMailbox, beta), LARGE_CACHE_ID, 1);
      beta.parts.caches.view(LARGE_CACHE_ID).shrink();
      beta.keep(BLOCK_OF_BYTES);
    },
  },
  final: (players: ObjectPlayers) => assertBooks(players, largeMailbox),
  nameOf: large.nameOf,
});

const changing = heapModelMemory({ pages: 4, minPartialSlabs: 0, pageListHigh: 0, pageListBatch: 1 });
const changingMailbox = new Mailbox();

let before = 0;

export const pageChangesItsClass = model({
  name: 'a page that was a slab of one class and is now one of another is that to every thread',
  lengthWords: changing.lengthWords,
  prepare: (words) =>
    changing.prepare(words, ([alpha]) => {
      changingMailbox.make(alpha);
      before = alpha!.kmalloc.alloc(BYTES, GFP_NOWAIT);
    }),
  setup: (stage: Stage) => objectPlayersOf(changing, stage),
  threads: {
    alpha({ alpha }: ObjectPlayers) {
      alpha.claim(before, BYTES);
      alpha.put(before, BYTES);
      alpha.parts.caches.view(CACHE_ID).shrink();
      freeForeign(alpha, receive(changingMailbox, alpha), CACHE_ID + 1, 2);
    },
    beta({ beta }: ObjectPlayers) {
      const p = beta.take(BYTES + 8);
      if (p !== 0) send(changingMailbox, beta, p);
    },
  },
  final: (players: ObjectPlayers) => assertBooks(players, changingMailbox),
  nameOf: changing.nameOf,
  // The buddy looks at the page next to the one that it takes; kfree's own are seen to by the claims above.
  mayRace: (word) => isPageState(changing.geometry, word),
});
