/**
 * Three threads that take, free, free later, end their turns, leave and come back, beside a plain model that
 * knows of every object who has it and which turns it must outlive.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CONFIGURATIONS, type Configuration } from '../../tests/support/configurations.js';
import { type Exhausted, exhaust } from '../../tests/support/exhaust.js';
import { type Actor, partsOf, Stage } from '../../tests/support/stage.js';
import { GFP_NOWAIT } from '../pages/gfp.js';
import type { Address } from '../words/units.js';

const SIZES = [8, 24, 64, 100, 1000, 9000] as const;
const THREADS = 3;

const STEPS = {
  alloc: 8,
  free: 2,
  freeRcu: 6,
  endTurn: 3,
  quiesce: 1,
  pass: 2,
  shrink: 1,
  leave: 1,
  squeeze: 1,
} as const;

interface Step {
  readonly kind: keyof typeof STEPS;
  readonly thread: number;
  readonly pick: number;
}

interface Owned {
  readonly p: Address;
  readonly words: number;
  /** Written into every word but the first two, which are the head's. */
  readonly mark: number;
  /** The turns that were open when it was freed: it must stay as it is until all of them have ended. */
  readonly turns: (() => boolean)[];
}

class Model {
  readonly stage: Stage;
  private readonly _actors: Actor[];
  private readonly _live: Owned[] = [];
  private readonly _waiting: Owned[] = [];
  private _squeezed: Exhausted | undefined;
  private _marks = 0;

  constructor(configuration: Configuration) {
    this.stage = new Stage(configuration, { tiny: { pages: 60 } });
    this._actors = [this.stage, ...Array.from({ length: THREADS - 1 }, () => this.stage.attach())];
  }

  play({ kind, thread, pick }: Step): void {
    const { heap, host } = this._actors[thread]!;
    const steps: Record<Step['kind'], () => void> = {
      alloc: () => this._alloc(thread, SIZES[pick % SIZES.length]!),
      free: () => this._takeOut(pick, (object) => heap.kfree(object.p)),
      freeRcu: () => this._freeRcu(thread, pick),
      endTurn: () => host.runMicrotasks(),
      quiesce: () => heap.quiesce(),
      pass: () => host.advance(pick % 30),
      shrink: () => heap.shrink(),
      leave: () => this._leave(thread),
      squeeze: () => this._squeeze(),
    };
    steps[kind]();
    this._checkWords();
  }

  /** Everybody ends, and everything must be free again. */
  finish(): void {
    this._release();
    this.stage.endTurns();
    this.stage.settle();
    for (const { p } of this._live.splice(0)) this.stage.heap.kfree(p);
    this.stage.endTurns();
    for (const { heap } of this._actors.slice(1)) heap.detach();
    this.stage.heap.shrink();
    this.stage.held.clear();
    const { pages } = this.stage.balance();
    assert.equal(pages.free, pages.total - pages.metadata);
  }

  balance(): void {
    this.stage.held.clear();
    for (const { p } of this._live) this.stage.hold(p);
    // The sheaves that were taken beside the blocks are in nobody's books.
    if (this._squeezed === undefined) this.stage.balance();
  }

  private _alloc(thread: number, bytes: number): void {
    const { heap } = this._actors[thread]!;
    const p = heap.kmalloc(bytes, GFP_NOWAIT);
    if (p === 0) return;
    const words = Math.ceil(bytes / 4);
    const overlaps = (other: Owned): boolean => p < other.p + other.words && other.p < p + words;
    assert.equal(this._live.find(overlaps), undefined, `${p} was handed out twice`);
    for (let i = this._waiting.length - 1; i >= 0; i--) {
      const object = this._waiting[i]!;
      if (!overlaps(object)) continue;
      assert.equal(isProtected(object), false, `${p} was handed out under a turn that may read it`);
      this._waiting.splice(i, 1);
    }
    const mark = ++this._marks;
    this.stage.words.fillPlain(p, p + words, mark);
    this._live.push({ p, words, mark, turns: [] });
  }

  private _takeOut(pick: number, free: (object: Owned) => void): Owned | undefined {
    if (this._live.length === 0) return undefined;
    const [object] = this._live.splice(pick % this._live.length, 1);
    free(object!);
    return object;
  }

  private _freeRcu(thread: number, pick: number): void {
    const { heap } = this._actors[thread]!;
    const object = this._takeOut(pick, ({ p }) => heap.kfreeRcu(p));
    if (object === undefined) return;
    const turns = this._actors.map(({ heap: other }) => {
      const { turn } = partsOf(other);
      const { epoch } = turn;
      return turn.isOpen() ? () => turn.isOpen() && turn.epoch === epoch : () => false;
    });
    this._waiting.push({ ...object, turns });
  }

  /** A thread leaves, and another comes in its place. The first stays: it made the heap. */
  private _leave(thread: number): void {
    if (thread === 0) return;
    this._actors[thread]!.heap.detach();
    this._actors[thread] = this.stage.attach();
  }

  /** Takes all memory, or gives it back: without it there is no sheaf to be had. */
  private _squeeze(): void {
    if (this._squeezed !== undefined) this._release();
    else this._squeezed = exhaust(this.stage.heap);
  }

  private _release(): void {
    this._squeezed?.giveBack();
    this._squeezed = undefined;
  }

  private _checkWords(): void {
    for (const object of this._live) this._checkMark(object, 0);
    for (const object of this._waiting) if (isProtected(object)) this._checkMark(object, 2);
  }

  private _checkMark({ p, words, mark }: Owned, from: number): void {
    // The ends and the middle: an object is small, or was written over from its start.
    for (const i of [from, words >> 1, words - 1]) {
      if (i < from || i >= words) continue;
      assert.equal(this.stage.words.loadPlain(p + i), mark, `word ${i} of ${p} has changed`);
    }
  }
}

function isProtected({ turns }: Owned): boolean {
  return turns.some((isOpen) => isOpen());
}

const steps: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    ...Object.entries(STEPS).map(([kind, weight]) => ({
      weight,
      arbitrary: fc.constant(kind as Step['kind']),
    })),
  ),
  thread: fc.nat(THREADS - 1),
  pick: fc.nat(1000),
});

for (const configuration of CONFIGURATIONS) {
  test(`no object is handed out under a turn that may read it, and none is lost (${configuration.label})`, () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 150, size: 'max' }), (run) => {
        const model = new Model(configuration);
        for (const [i, step] of run.entries()) {
          model.play(step);
          if (i % 20 === 19) model.balance();
        }
        model.finish();
      }),
      { numRuns: configuration.label === 'TINY sizes' ? 100 : 15 },
    );
  });
}
