/**
 * The lists of pages that threads keep for themselves: refilled, trimmed and drained against each other, no
 * page is in two places, and none is lost. A thread that comes back into its own lists goes to the zone.
 *
 * The lists have no lock against other threads: their words must be the slot's own. Any access of another
 * thread to them is a data race, which is reported by itself.
 */
import assert from 'node:assert/strict';
import { zoneStart } from '../../src/layout/heap-layout.js';
import { SLOT } from '../../src/layout/thread-slot.js';
import { ZONE } from '../../src/layout/zone-record.js';
import { RawSpinLock } from '../../src/locks/raw-spin-lock.js';
import { GFP_NOLOCK, GFP_NOWAIT } from '../../src/pages/gfp.js';
import { NO_PAGE_FAULT, PageAllocator } from '../../src/pages/page-allocator.js';
import { ThreadPageLists } from '../../src/pages/thread-page-lists.js';
import { Zone } from '../../src/pages/zone.js';
import { model } from '../../tools/checker/model.js';
import { assertBalanced } from '../support/balanced.js';
import { heapModelMemory } from './support/heap-stage.js';
import { type PagePlayer, type PagePlayers, pagePlayersOf } from './support/page-player.js';
import { assertPagesAccounted } from './support/page-tally.js';
import { isLookedAtUnlocked } from './support/unlocked-looks.js';

/** Pages that the lists of a thread say they keep. */
function listPages({ parts: { words, membership } }: PagePlayer): number {
  return words.loadPlain(membership.start + SLOT.listPages);
}

// Too few for both: who comes second refills with what is left.
const refilling = heapModelMemory({ pages: 3, pageListHigh: 1 });

export const refillsAndTrims = model({
  name: 'two threads that refill and trim their lists have no page in common, and lose none',
  lengthWords: refilling.lengthWords,
  prepare: (words) => refilling.prepare(words),
  setup: (stage) => pagePlayersOf(refilling, stage),
  threads: {
    alpha({ alpha }: PagePlayers) {
      alpha.put(alpha.take(0), 0);
    },
    beta({ beta }: PagePlayers) {
      beta.put(beta.take(1), 1);
    },
  },
  final(players: PagePlayers) {
    const { alpha } = players;
    assertBalanced(alpha.parts);
    const kept = [listPages(players.alpha), listPages(players.beta)];
    assert.ok(
      kept.every((pages) => pages <= 1),
      `lists keep more than their high of 1: ${kept.join(', ')}`,
    );
  },
  nameOf: refilling.nameOf,
  mayRace: (word) => isLookedAtUnlocked(refilling.geometry, word),
});

const draining = heapModelMemory({ pages: 4, pageListBatch: 1 });

export const drainsAgainstRefill = model({
  name: 'what a thread drains from its lists another can have, each page once',
  lengthWords: draining.lengthWords,
  prepare: (words) =>
    draining.prepare(words, ([alpha]) => {
      alpha!.pages.freePages(alpha!.pages.allocPages(0, GFP_NOWAIT));
    }),
  setup: (stage) => pagePlayersOf(draining, stage),
  threads: {
    alpha({ alpha }: PagePlayers) {
      alpha.parts.pages.drain();
      assert.equal(listPages(alpha), 0, 'alpha has drained its lists');
      alpha.keep(0);
    },
    beta({ beta }: PagePlayers) {
      beta.put(beta.take(0), 0);
      beta.parts.pages.drain();
    },
  },
  final({ alpha, beta }: PagePlayers) {
    assert.equal(alpha.refused + beta.refused, 0, 'there was a page for each');
    assertPagesAccounted(alpha.parts.words, draining.geometry, 1);
  },
  nameOf: draining.nameOf,
  mayRace: (word) => isLookedAtUnlocked(draining.geometry, word),
});

const shrinking = heapModelMemory({ pages: 4, minPartialSlabs: 0 });
let shrunk = 0;

export const shrinksAgainstRefill = model({
  name: 'pages that shrinking a cache gives back go round, while another thread refills its lists',
  lengthWords: shrinking.lengthWords,
  prepare: (words) =>
    shrinking.prepare(words, ([alpha]) => {
      const { kmalloc } = alpha!;
      const p = kmalloc.alloc(1024, GFP_NOWAIT);
      shrunk = kmalloc.cacheOf(p);
      kmalloc.free(p);
    }),
  setup: (stage) => pagePlayersOf(shrinking, stage),
  threads: {
    alpha({ alpha }: PagePlayers) {
      alpha.parts.caches.view(shrunk).shrink();
      alpha.parts.pages.drain();
    },
    beta({ beta }: PagePlayers) {
      const first = beta.take(0);
      const pair = beta.take(1);
      beta.put(first, 0);
      beta.put(pair, 1);
    },
  },
  final(players: PagePlayers) {
    assertPagesAccounted(players.alpha.parts.words, shrinking.geometry, 0);
    assert.equal(listPages(players.alpha), 0, 'alpha has drained its lists');
  },
  nameOf: shrinking.nameOf,
  mayRace: (word) => isLookedAtUnlocked(shrinking.geometry, word),
});

/**
 * The lock of a zone, and a hook that runs in the middle of what its thread does with its lists: first before
 * the lock is taken, then under it. The hook comes back into the allocator with the rights that it has there.
 */
class HookedLock extends RawSpinLock {
  pages: PageAllocator | undefined;
  /** What the hook gives back: before the lock is taken, and under it. */
  givesBack: readonly number[] = [];
  /** What it was given. */
  readonly got: number[] = [];

  override acquireIf(maySpin: boolean): boolean {
    this._runHook();
    const isAcquired = super.acquireIf(maySpin);
    if (isAcquired) this._runHook();
    return isAcquired;
  }

  private _runHook(): void {
    const { pages } = this;
    const start = this.givesBack[this.got.length];
    // What it does itself it does not do for.
    if (pages === undefined || start === undefined) return;
    this.pages = undefined;
    this.got.push(pages.allocPagesNolock(0));
    pages.freePagesNolock(start);
    this.pages = pages;
  }
}

interface Reentry {
  readonly players: PagePlayers;
  readonly lock: HookedLock;
  readonly pages: PageAllocator;
}

/** Alpha's allocator over a zone whose lock runs the hook. */
function hooked(players: PagePlayers): Reentry {
  const { words, geometry, membership, ownerTag, rights, charges } = players.alpha.parts;
  const lock = new HookedLock(words, zoneStart(geometry, 0) + ZONE.lock, ownerTag, 50, 'zone 0');
  const zones = [new Zone(words, geometry, 0, lock, membership.start)];
  const lists = new ThreadPageLists(words, geometry, membership.slot, membership.start);
  const pages = new PageAllocator(
    words,
    geometry,
    membership.start,
    zones,
    0,
    lists,
    NO_PAGE_FAULT,
    rights,
    charges,
  );
  return { players, lock, pages };
}

const reentered = heapModelMemory({ pages: 6 });
const held: number[] = [];

export const reentersDuringRefill = model({
  name: 'a hook that comes back into a thread that refills its lists is served by the zone, or not at all',
  lengthWords: reentered.lengthWords,
  prepare: (words) =>
    reentered.prepare(words, ([alpha]) => {
      held.push(alpha!.pages.allocPages(0, GFP_NOWAIT), alpha!.pages.allocPages(0, GFP_NOWAIT));
    }),
  setup: (stage) => hooked(pagePlayersOf(reentered, stage)),
  threads: {
    alpha({ players: { alpha }, lock, pages }: Reentry) {
      lock.pages = pages;
      lock.givesBack = held;
      const start = pages.allocPages(0, GFP_NOWAIT);
      alpha.claim(start, 0);
      const got = lock.got[0]!;
      assert.notEqual(start, 0, 'there was a page for the refill');
      if (got !== 0) alpha.claim(got, 0);
      assert.notEqual(got, start, 'the hook has the page of the allocation that it interrupts');
      assert.equal(lock.got[1], 0, 'the hook got a page under the lock of the zone');
      alpha.kept = got === 0 ? 1 : 2;
      alpha.requireOwn(start, 0);
    },
    beta({ players: { beta } }: Reentry) {
      beta.put(beta.take(0), 0);
    },
  },
  final({ players: { alpha } }: Reentry) {
    const { words } = alpha.parts;
    const lockWord = alpha.parts.membership.start + SLOT.pagesAcquired;
    assert.equal(words.loadPlain(lockWord), 0, 'the lists are left');
    assertPagesAccounted(words, reentered.geometry, alpha.kept);
  },
  nameOf: reentered.nameOf,
  mayRace: (word) => isLookedAtUnlocked(reentered.geometry, word),
});

const trimmed = heapModelMemory({ pages: 6 });
const several: number[] = [];

export const reentersDuringTrim = model({
  name: 'a hook that comes back into a thread that trims its lists disturbs neither, and loses nothing',
  lengthWords: trimmed.lengthWords,
  prepare: (words) =>
    trimmed.prepare(words, ([alpha]) => {
      for (let i = 0; i < 5; i++) several.push(alpha!.pages.allocPages(0, GFP_NOWAIT));
      // The lists keep as many as they may: the next page that comes back is one too many.
      alpha!.pages.freePages(several[3]!);
    }),
  setup: (stage) => hooked(pagePlayersOf(trimmed, stage)),
  threads: {
    alpha({ players: { alpha }, lock, pages }: Reentry) {
      lock.givesBack = [several[0]!, several[1]!];
      lock.pages = pages;
      pages.freePages(several[2]!);
      for (let i = 0; i < lock.got.length; i++) if (lock.got[i] !== 0) alpha.kept++;
    },
    beta({ players: { beta } }: Reentry) {
      beta.keep(0);
    },
  },
  final({ players: { alpha, beta }, lock }: Reentry) {
    const { words, membership } = alpha.parts;
    assert.equal(lock.got.length, 2, 'the hook ran before the lock and under it');
    assert.equal(words.loadPlain(membership.start + SLOT.pagesAcquired), 0, 'the lists are left');
    assertPagesAccounted(words, trimmed.geometry, alpha.kept + beta.kept + 1);
  },
  nameOf: trimmed.nameOf,
  mayRace: (word) => isLookedAtUnlocked(trimmed.geometry, word),
});

const floored = heapModelMemory({ pages: 8, pageListHigh: 4, pageListFloor: 1 });

export const refillsAboveTheFloor = model({
  name: 'who may not spin leaves the floor of its list, refills above it, and loses nothing while another takes',
  lengthWords: floored.lengthWords,
  prepare: (words) =>
    floored.prepare(words, ([alpha]) => {
      alpha!.pages.freePages(alpha!.pages.allocPages(0, GFP_NOWAIT));
    }),
  setup: (stage) => pagePlayersOf(floored, stage),
  threads: {
    alpha({ alpha }: PagePlayers) {
      for (let i = 0; i < 3; i++) alpha.keep(0, GFP_NOLOCK);
      assert.ok(listPages(alpha) >= 1, 'the floor was taken');
    },
    beta({ beta }: PagePlayers) {
      beta.put(beta.take(0), 0);
      beta.keep(1);
    },
  },
  final({ alpha, beta }: PagePlayers) {
    const { words } = alpha.parts;
    assertPagesAccounted(words, floored.geometry, alpha.kept + beta.kept);
    assertBalanced({ words }, [...alpha.held, ...beta.held]);
  },
  nameOf: floored.nameOf,
  mayRace: (word) => isLookedAtUnlocked(floored.geometry, word),
});
