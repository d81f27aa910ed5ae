/**
 * MemoryModel: what a heap's memory must be, by plain lists, beside the heap itself. One thread with several
 * attachments stands for several threads: each has its own slot, sheaves, page lists and turns.
 *
 *     live      taken and not given back: holds its pattern, lies apart from all others
 *     retired   given to kfreeRcu while some turns were open: stays so until the last of them has ended
 */
import assert from 'node:assert/strict';
import {
  __GFP_ZERO,
  type Address,
  GFP_KERNEL,
  type Gfp,
  Heap,
  type HeapHandle,
  type HeapOptions,
  OutOfMemoryError,
} from '../../src/index.js';
import { HEAD_OFFSET, Patterns } from '../threads/pattern.js';

const PAGE_WORDS = 1024;
const LARGEST_OBJECT_BYTES = 8192;

/** Memory that must stay as it is. */
interface Piece {
  readonly p: Address;
  readonly words: number;
  readonly isPages: boolean;
}

interface Retired extends Piece {
  /** Attachments in whose turn it was when it was retired. */
  readonly heldBy: Set<number>;
}

export class MemoryModel {
  readonly live: Piece[] = [];
  /** Allocations that found no memory. */
  refused = 0;
  private readonly _handle: HeapHandle;
  private readonly _patterns: Patterns;
  private readonly _attachments: (Heap | undefined)[];
  private readonly _inTurn = new Set<number>();
  private _retired: Retired[] = [];
  private _tag: number;

  constructor(options: HeapOptions, attachments: number, seed: number) {
    const first = Heap.create({ ...options, threads: attachments });
    this._handle = first.handle;
    this._patterns = new Patterns(first.words);
    this._attachments = [first, ...new Array<undefined>(attachments - 1).fill(undefined)];
    this._tag = seed;
  }

  kmalloc(attachment: number, bytes: number, gfp: Gfp): void {
    this._take(attachment, gfp, bytes >>> 2, bytes > LARGEST_OBJECT_BYTES, (heap) =>
      heap.kmalloc(bytes, gfp),
    );
  }

  allocPages(attachment: number, order: number, gfp: Gfp): void {
    this._take(attachment, gfp, PAGE_WORDS << order, true, (heap) => heap.allocPages(order, gfp));
  }

  allocPagesNolock(attachment: number, order: number): void {
    this._take(attachment, 0, PAGE_WORDS << order, true, (heap) => heap.allocPagesNolock(order));
  }

  free(attachment: number, which: number, nolock: boolean): void {
    const piece = this._pick(which);
    if (piece === undefined) return;
    const heap = this._enter(attachment);
    if (!piece.isPages) heap.kfree(piece.p);
    else if (nolock) heap.freePagesNolock(piece.p);
    else heap.freePages(piece.p);
  }

  freeBulk(attachment: number, count: number): void {
    const pieces = this.live.splice(0, count);
    for (const piece of pieces) this._require(piece);
    this._enter(attachment).kfreeBulk(pieces.map(({ p }) => p));
  }

  freeRcu(attachment: number, which: number): void {
    const piece = this._pick(which);
    if (piece === undefined) return;
    this._enter(attachment).kfreeRcu(piece.p, piece.words < 4 ? 0 : HEAD_OFFSET);
    this._retired.push({ ...piece, heldBy: new Set(this._inTurn) });
  }

  /** An address inside a piece is refused, and nothing changes. */
  freeWrongly(attachment: number, which: number): void {
    const piece = this.live[which % Math.max(1, this.live.length)];
    if (piece === undefined) return;
    const heap = this._enter(attachment);
    const wrong = (piece.p + 1) as Address;
    assert.throws(() => heap.kfree(wrong), RangeError);
    assert.throws(() => heap.kfreeRcu(wrong), RangeError);
    assert.throws(() => heap.freePages(wrong), RangeError);
  }

  quiesce(attachment: number): void {
    this._attachments[attachment]?.quiesce();
    for (const { heldBy } of this._retired) heldBy.delete(attachment);
  }

  synchronize(attachment: number): void {
    this._join(attachment).synchronizeRcuSync();
    this._inTurn.clear();
    this._retired = [];
  }

  shrink(attachment: number): void {
    this._join(attachment).shrink();
  }

  detach(attachment: number): void {
    this._attachments[attachment]?.detach();
    this._attachments[attachment] = undefined;
    this._inTurn.delete(attachment);
    for (const { heldBy } of this._retired) heldBy.delete(attachment);
  }

  /** Looks at everything that must be as it was. */
  check(): void {
    this._retired = this._retired.filter(({ heldBy }) => heldBy.size > 0);
    for (const piece of this.live) this._require(piece);
    // Of the smallest an RcuHead may take all words.
    for (const piece of this._retired) if (piece.words >= 4) this._require(piece);
  }

  /** The books add up with what is held. */
  checkBalance(): void {
    const report = this._join(0).balance({ held: this.live.map(({ p }) => p) });
    assert.deepEqual(report.problems, []);
    assert.deepEqual(report.unreachable, []);
  }

  /** Gives everything back by all ways, after which no page is in use. */
  finish(): void {
    while (this.live.length > 0) {
      this.freeRcu(this.live.length % this._attachments.length, 0);
      this.free(0, 0, false);
    }
    for (let attachment = 1; attachment < this._attachments.length; attachment++) this.detach(attachment);
    this.synchronize(0);
    this.shrink(0);
    this.detach(0);
    const { problems, pages } = this._join(0).balance();
    assert.deepEqual(problems, []);
    assert.equal(pages.free, pages.total - pages.metadata, 'pages are still in use');
  }

  /** Leaves nothing of a run that failed to the next. */
  abandon(): void {
    for (const heap of this._attachments) heap?.detach();
  }

  private _take(
    attachment: number,
    gfp: Gfp,
    words: number,
    isPages: boolean,
    alloc: (heap: Heap) => Address,
  ): void {
    const heap = this._enter(attachment);
    const p = orNothing(gfp, () => alloc(heap));
    if (p === 0) {
      this.refused++;
      return;
    }
    assert.equal(p % (isPages ? PAGE_WORDS : 2), 0, `address ${p} is not aligned`);
    this._requireApart(p, words);
    if ((gfp & __GFP_ZERO) !== 0) {
      for (let i = 0; i < words; i++) assert.equal(heap.words.loadPlain(p + i), 0, `word ${i} is not zeroed`);
    }
    this._tag = (this._tag + 0x9e3779b9) | 0;
    this._patterns.write(p, words, this._tag);
    this.live.push({ p, words, isPages });
  }

  private _requireApart(p: Address, words: number): void {
    for (const other of this.live) assert.ok(isApart(p, words, other), `${p} was handed out twice`);
    for (const other of this._retired) {
      assert.ok(
        other.heldBy.size === 0 || isApart(p, words, other),
        `${p} was reused in a turn that may read it`,
      );
    }
  }

  private _pick(which: number): Piece | undefined {
    if (this.live.length === 0) return undefined;
    const [piece] = this.live.splice(which % this.live.length, 1);
    this._require(piece!);
    return piece;
  }

  private _require({ p }: Piece): void {
    assert.equal(this._patterns.problemAt(p), '');
  }

  private _enter(attachment: number): Heap {
    this._inTurn.add(attachment);
    return this._join(attachment);
  }

  private _join(attachment: number): Heap {
    this._attachments[attachment] ??= Heap.attach(this._handle);
    return this._attachments[attachment];
  }
}

/** What `alloc` returns; 0 where it is told to throw for want of memory, and does. */
function orNothing(gfp: Gfp, alloc: () => Address): Address {
  try {
    return alloc();
  } catch (error) {
    if (!(error instanceof OutOfMemoryError)) throw error;
    assert.equal(gfp & GFP_KERNEL, GFP_KERNEL, 'only GFP_KERNEL is told by an error');
    return 0 as Address;
  }
}

function isApart(p: number, words: number, other: Piece): boolean {
  return p + words <= other.p || other.p + other.words <= p;
}
