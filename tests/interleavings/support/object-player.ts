/**
 * A thread of a model that takes and gives back objects, and writes each word of an object that it has: two
 * threads with one object are a data race, or read what the other wrote.
 *
 * It works outside of any turn: a turn keeps others from borrowing the slot, which no thread of these models does.
 */
import assert from 'node:assert/strict';
import type { HeapParts } from '../../../src/heap/heap-parts.js';
import { GFP_NOLOCK, GFP_NOWAIT, type Gfp } from '../../../src/pages/gfp.js';
import type { Stage } from '../../../tools/checker/model.js';
import type { HeapModelMemory } from './heap-stage.js';

export class ObjectPlayer {
  readonly parts: HeapParts;
  readonly tag: number;
  /** Objects it keeps at the end. */
  readonly held: number[] = [];
  /** Allocations that got nothing. */
  refused = 0;

  constructor(parts: HeapParts, tag: number) {
    this.parts = parts;
    this.tag = tag;
  }

  /** Takes an object and writes it; 0 when there is none. */
  take(bytes: number, gfp: Gfp = GFP_NOWAIT): number {
    const p = this.parts.kmalloc.alloc(bytes, gfp);
    if (p === 0) this.refused++;
    else this.claim(p, bytes);
    return p;
  }

  /** Takes an object that it keeps. */
  keep(bytes: number, gfp: Gfp = GFP_NOWAIT): void {
    const p = this.take(bytes, gfp);
    if (p !== 0) this.held.push(p);
  }

  /** Gives an object back, if it is one. */
  put(p: number, bytes: number): void {
    if (p === 0) return;
    this.requireOwn(p, bytes);
    this.parts.kmalloc.free(p);
  }

  /** take() that may not spin, in any context. */
  takeNolock(bytes: number): number {
    const p = this.parts.kmalloc.allocNolock(bytes, GFP_NOLOCK);
    if (p === 0) this.refused++;
    else this.claim(p, bytes);
    return p;
  }

  /** keep() that may not spin. */
  keepNolock(bytes: number): void {
    const p = this.takeNolock(bytes);
    if (p !== 0) this.held.push(p);
  }

  /** put() that may not spin. */
  putNolock(p: number, bytes: number): void {
    if (p === 0) return;
    this.requireOwn(p, bytes);
    this.parts.kmalloc.freeNolock(p);
  }

  /** Writes an object that this thread has now: its first word, where a free one is linked, and its last. */
  claim(p: number, bytes: number): void {
    this.parts.words.storePlain(p, this.tag);
    this.parts.words.storePlain(p + (bytes >>> 2) - 1, this.tag);
  }

  /** Throws where another thread has written the object. */
  requireOwn(p: number, bytes: number): void {
    const { words } = this.parts;
    const found = [words.loadPlain(p), words.loadPlain(p + (bytes >>> 2) - 1)];
    assert.deepEqual(found, [this.tag, this.tag], `the object at ${p} is another thread's`);
  }
}

/** The two threads of a model. */
export interface ObjectPlayers {
  readonly alpha: ObjectPlayer;
  readonly beta: ObjectPlayer;
}

/** Wires a model's threads: alpha to slot 0, beta to slot 1. */
export function objectPlayersOf(memory: HeapModelMemory, stage: Stage): ObjectPlayers {
  return {
    alpha: new ObjectPlayer(memory.wire(stage, 'alpha', 0), 1),
    beta: new ObjectPlayer(memory.wire(stage, 'beta', 1), 2),
  };
}
