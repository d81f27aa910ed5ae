/**
 * A thread of a model that takes and gives back pages, and writes each page that it has: two threads with one
 * page are a data race, or read what the other wrote.
 */
import assert from 'node:assert/strict';
import type { HeapParts } from '../../../src/heap/heap-parts.js';
import { GFP_NOWAIT, type Gfp } from '../../../src/pages/gfp.js';
import { PAGE_WORDS } from '../../../src/words/units.js';
import type { Stage } from '../../../tools/checker/model.js';
import type { HeapModelMemory } from './heap-stage.js';

export class PagePlayer {
  readonly parts: HeapParts;
  readonly tag: number;
  /** Allocations that got nothing. */
  refused = 0;
  /** Pages it keeps at the end. */
  kept = 0;
  /** The blocks that they are. */
  readonly held: number[] = [];

  constructor(parts: HeapParts, tag: number) {
    this.parts = parts;
    this.tag = tag;
  }

  /** Takes a block and writes every page of it; 0 when there is none. */
  take(order: number, gfp: Gfp = GFP_NOWAIT): number {
    const start = this.parts.pages.allocPages(order, gfp);
    if (start === 0) this.refused++;
    else this.claim(start, order);
    return start;
  }

  /** Takes a block that it keeps. */
  keep(order: number, gfp: Gfp = GFP_NOWAIT): void {
    const start = this.take(order, gfp);
    if (start === 0) return;
    this.kept += 1 << order;
    this.held.push(start);
  }

  /** take() by the call that may not spin, in any context. */
  takeNolock(order: number): number {
    const start = this.parts.pages.allocPagesNolock(order);
    if (start === 0) this.refused++;
    else this.claim(start, order);
    return start;
  }

  /** keep() that may not spin. */
  keepNolock(order: number): void {
    const start = this.takeNolock(order);
    if (start === 0) return;
    this.kept += 1 << order;
    this.held.push(start);
  }

  /** Gives a block back, if it is one. */
  put(start: number, order: number): void {
    if (start === 0) return;
    this.requireOwn(start, order);
    this.parts.pages.freePages(start);
  }

  /** Gives a block back without spinning, if it is one. */
  putNolock(start: number, order: number): void {
    if (start === 0) return;
    this.requireOwn(start, order);
    this.parts.pages.freePagesNolock(start);
  }

  /** Writes every page of a block that this thread has now. */
  claim(start: number, order: number): void {
    for (let i = 0; i < 1 << order; i++) this.parts.words.storePlain(start + i * PAGE_WORDS, this.tag);
  }

  /** Throws where another thread has written a page of the block. */
  requireOwn(start: number, order: number): void {
    for (let i = 0; i < 1 << order; i++) {
      const found = this.parts.words.loadPlain(start + i * PAGE_WORDS);
      assert.equal(found, this.tag, `the block at ${start} is another thread's`);
    }
  }
}

/** The threads of a model. Those that it does not have stand idle. */
export interface PagePlayers {
  readonly alpha: PagePlayer;
  readonly beta: PagePlayer;
  /** The same as beta in a heap of two. */
  readonly gamma: PagePlayer;
}

/** Wires a model's threads: alpha to slot 0, beta to slot 1, gamma to slot 2. */
export function pagePlayersOf(memory: HeapModelMemory, stage: Stage, threads: 2 | 3 = 2): PagePlayers {
  const alpha = new PagePlayer(memory.wire(stage, 'alpha', 0), 1);
  const beta = new PagePlayer(memory.wire(stage, 'beta', 1), 2);
  const gamma = threads === 3 ? new PagePlayer(memory.wire(stage, 'gamma', 2), 3) : beta;
  return { alpha, beta, gamma };
}
