/**
 * The zone and its buddy: no page is handed out twice, blocks are split and merged under zone.lock alone, and
 * nothing is lost.
 *
 * Each thread writes a page that it has plainly, and reads it again before it gives it back: two threads with
 * one page are a data race. The models use the zones themselves, without the lists that threads keep.
 */
import assert from 'node:assert/strict';
import { descriptorStart, slotStart, zoneStart } from '../../src/layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageState } from '../../src/layout/page-descriptor.js';
import { FREE_AREA, FREE_AREA_WORDS, ZONE } from '../../src/layout/zone-record.js';
import { RawSpinLock } from '../../src/locks/raw-spin-lock.js';
import { ALLOC_NO_WATERMARKS, ALLOC_WMARK_MIN } from '../../src/pages/alloc-flags.js';
import { Zone } from '../../src/pages/zone.js';
import { PAGE_SHIFT } from '../../src/words/units.js';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';
import { type HeapModelMemory, heapModelMemory } from './support/heap-stage.js';
import { assertPagesAccounted } from './support/page-tally.js';
import { isDeferredHead } from './support/unlocked-looks.js';

/** A thread of the model: its own view of the zone, and what it met. */
class Player {
  readonly words: Words;
  readonly zone: Zone;
  readonly tag: number;
  /** Pages it could not have. */
  refused = 0;
  /** Pages it keeps at the end. */
  kept = 0;

  constructor({ words }: Stage, { geometry }: HeapModelMemory, tag: number) {
    const slot = slotStart(geometry, tag - 1);
    const lock = new RawSpinLock(words, zoneStart(geometry, 0) + ZONE.lock, tag, 50, 'zone 0');
    this.words = words;
    this.zone = new Zone(words, geometry, 0, lock, slot);
    this.tag = tag;
  }

  /** Takes a block and writes every page of it; 0 when there is none. */
  take(order: number): number {
    const page = this.zone.take(order, pageState(PAGE_KIND.allocated, order, 0), ALLOC_WMARK_MIN);
    if (page === 0) this.refused++;
    else this._write(page, order);
    return page;
  }

  /** Takes single pages that it keeps, and counts them. */
  takeSingles(count: number, flags: number): void {
    for (let i = 0; i < count; i++) {
      const page = this.zone.take(0, pageState(PAGE_KIND.allocated, 0, 0), flags);
      if (page === 0) continue;
      this._write(page, 0);
      this.kept++;
    }
  }

  put(page: number, order: number): void {
    if (page === 0) return;
    for (let i = 0; i < 1 << order; i++) {
      assert.equal(this.words.loadPlain((page + i) << PAGE_SHIFT), this.tag, `page ${page + i} is another's`);
    }
    this.zone.put(page, order, true);
  }

  private _write(page: number, order: number): void {
    for (let i = 0; i < 1 << order; i++) this.words.storePlain((page + i) << PAGE_SHIFT, this.tag);
  }
}

interface Players {
  readonly words: Words;
  readonly alpha: Player;
  readonly beta: Player;
  readonly gamma: Player;
}

function playersOf(memory: HeapModelMemory, stage: Stage): Players {
  return {
    words: stage.words,
    alpha: new Player(stage, memory, 1),
    beta: new Player(stage, memory, 2),
    gamma: new Player(stage, memory, 3),
  };
}

/** Free blocks of one order. */
function freeBlocks(words: Words, { geometry }: HeapModelMemory, order: number): number {
  const area = zoneStart(geometry, 0) + ZONE.freeArea + order * FREE_AREA_WORDS;
  let blocks = 0;
  let page = words.loadPlain(area + FREE_AREA.head);
  while (page !== 0 && blocks <= geometry.totalPages) {
    blocks++;
    page = words.loadPlain(descriptorStart(geometry, page) + DESCRIPTOR.next);
  }
  assert.equal(words.loadPlain(area + FREE_AREA.blocks), blocks, `blocks of order ${order}`);
  return blocks;
}

// Pages 6 to 13: [6 7] [8 9 10 11] [12 13].
const eight = heapModelMemory({ pages: 8 });

export const noPageTwice = model({
  name: 'of two threads that take and give back blocks, none has a page that the other has',
  lengthWords: eight.lengthWords,
  prepare: (words) => eight.prepare(words),
  setup: (stage) => playersOf(eight, stage),
  threads: {
    alpha({ alpha }: Players) {
      const single = alpha.take(0);
      const pair = alpha.take(1);
      alpha.put(single, 0);
      alpha.put(pair, 1);
    },
    beta({ beta }: Players) {
      const single = beta.take(0);
      beta.put(single, 0);
      beta.kept = beta.take(2);
    },
  },
  final({ words, alpha, beta }: Players) {
    assert.equal(alpha.refused + beta.refused, 0, 'there was room for all');
    assertPagesAccounted(words, eight.geometry, beta.kept === 0 ? 0 : 4);
  },
  nameOf: eight.nameOf,
});

// Pages 6 to 11, a pair and a block of six.
const six = heapModelMemory({ pages: 6 });

export const splitsAndMerges = model({
  name: 'what two threads split is merged again when both have given all back',
  lengthWords: six.lengthWords,
  prepare: (words) => six.prepare(words),
  setup: (stage) => playersOf(six, stage),
  threads: {
    alpha({ alpha }: Players) {
      const first = alpha.take(0);
      const second = alpha.take(0);
      alpha.put(first, 0);
      alpha.put(second, 0);
    },
    beta({ beta }: Players) {
      beta.put(beta.take(0), 0);
    },
  },
  final({ words }: Players) {
    assertPagesAccounted(words, six.geometry, 0);
    const blocks = [freeBlocks(words, six, 0), freeBlocks(words, six, 1), freeBlocks(words, six, 2)];
    assert.deepEqual(blocks, [0, 1, 1], 'free blocks of orders 0, 1 and 2');
  },
  nameOf: six.nameOf,
});

// Slots that no thread of the model uses move the pages up to 8 to 11: one block of four.
const four = heapModelMemory({ pages: 4, threads: 6 });

export const mergesEqualsAlone = model({
  name: 'a block is merged with a buddy of its own order, and not with the free half of one that is split',
  lengthWords: four.lengthWords,
  prepare: (words) => four.prepare(words),
  setup: (stage) => playersOf(four, stage),
  threads: {
    alpha({ alpha }: Players) {
      alpha.put(alpha.take(1), 1);
    },
    beta({ beta }: Players) {
      const first = beta.take(0);
      const second = beta.take(0);
      beta.put(first, 0);
      beta.put(second, 0);
    },
  },
  final({ words }: Players) {
    assertPagesAccounted(words, four.geometry, 0);
    const blocks = [freeBlocks(words, four, 0), freeBlocks(words, four, 1), freeBlocks(words, four, 2)];
    assert.deepEqual(blocks, [0, 0, 1], 'free blocks of orders 0, 1 and 2');
  },
  nameOf: four.nameOf,
});

const one = heapModelMemory({ pages: 1 });

export const lastPage = model({
  name: 'the last page goes to one of two threads, and to the other once it is back',
  lengthWords: one.lengthWords,
  prepare: (words) => one.prepare(words),
  setup: (stage) => playersOf(one, stage),
  threads: {
    alpha({ alpha }: Players) {
      alpha.put(alpha.take(0), 0);
      alpha.kept = alpha.take(0);
    },
    beta({ beta }: Players) {
      beta.put(beta.take(0), 0);
      beta.kept = beta.take(0);
    },
  },
  final({ words, alpha, beta }: Players) {
    assert.ok(alpha.kept === 0 || beta.kept === 0, 'both keep the last page');
    // Whoever tries last finds what the other has not kept.
    assert.ok(alpha.kept !== 0 || beta.kept !== 0, "the last page is nobody's");
    assertPagesAccounted(words, one.geometry, 1);
  },
  nameOf: one.nameOf,
  // Where a lock is busy and nothing may spin, blocks are deferred: no thread of this model does that.
  mayRace: (word) => isDeferredHead(one.geometry, word),
});

const crowded = heapModelMemory({ pages: 3, threads: 3 });

export const threeThreads = model({
  name: 'three threads that take and give back blocks of a heap too small for all have no page in common',
  lengthWords: crowded.lengthWords,
  prepare: (words) => crowded.prepare(words),
  setup: (stage) => playersOf(crowded, stage),
  threads: {
    alpha({ alpha }: Players) {
      alpha.put(alpha.take(1), 1);
      alpha.put(alpha.take(0), 0);
    },
    beta({ beta }: Players) {
      beta.put(beta.take(0), 0);
      beta.put(beta.take(1), 1);
    },
    gamma({ gamma }: Players) {
      const first = gamma.take(0);
      const second = gamma.take(0);
      gamma.put(first, 0);
      gamma.put(second, 0);
    },
  },
  final({ words }: Players) {
    assertPagesAccounted(words, crowded.geometry, 0);
  },
  nameOf: crowded.nameOf,
  bounds: { preemptions: 2 },
  // 31,000 executions, 660,000 states: six seconds.
  nightly: { preemptions: 4 },
});

// Two of four pages are kept for those who may have more.
const kept = heapModelMemory({ pages: 4, minFreePages: 2 });

export const keepsTheReserve = model({
  name: 'two threads that take all they may leave the pages below the mark, and one that may have more gets those',
  lengthWords: kept.lengthWords,
  prepare: (words) => kept.prepare(words),
  setup: (stage) => playersOf(kept, stage),
  threads: {
    alpha({ alpha }: Players) {
      alpha.takeSingles(2, ALLOC_WMARK_MIN);
    },
    beta({ beta }: Players) {
      beta.takeSingles(2, ALLOC_WMARK_MIN);
      beta.takeSingles(1, ALLOC_NO_WATERMARKS);
    },
  },
  final({ words, alpha, beta }: Players) {
    assert.equal(alpha.kept + beta.kept, 3, 'two above the mark, and one below it');
    assertPagesAccounted(words, kept.geometry, 3);
  },
  nameOf: kept.nameOf,
});
