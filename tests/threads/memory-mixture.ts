/**
 * MemoryMixture: one thread's random operations on pages and objects. What it holds carries a pattern from the
 * allocation on, which is looked at before every free; a share of it goes to other threads through a mailbox,
 * a row of words in the heap from which each takes what another has put in.
 *
 * The two lowest bits of a tag say how the memory was had, since who frees it need not be who took it.
 */
import {
  __GFP_ZERO,
  type Address,
  GFP_ATOMIC,
  GFP_KERNEL,
  GFP_NOLOCK,
  GFP_NOWAIT,
  type Gfp,
  type Heap,
  type NamedCache,
} from '../../src/index.js';
import { HEAD_OFFSET, Patterns } from './pattern.js';
import type { Random } from './seed.js';

const KIND = { object: 0, pages: 1, named: 2 } as const;
const KIND_MASK = 3;

const PAGE_WORDS = 1024;
/** Held by one thread at once, about. */
const MAX_HELD = 250;
const NAMED_CACHES = [
  ['mixture-40', 40],
  ['mixture-264', 264],
] as const;

export class MemoryMixture {
  /** Objects taken, and those of them that another thread had put into the mailbox. */
  taken = 0;
  received = 0;
  /** Allocations with the right to spin for a lock, not to wait, that got nothing. */
  refused = 0;
  private readonly _random: Random;
  private readonly _mailbox: Address;
  private readonly _mailboxWords: number;
  private readonly _held: Address[] = [];
  private _heap!: Heap;
  private _patterns!: Patterns;
  private _named: NamedCache[] = [];

  constructor(random: Random, mailbox: Address, mailboxWords: number) {
    this._random = random;
    this._mailbox = mailbox;
    this._mailboxWords = mailboxWords;
  }

  /** Goes on with this Heap object; what is held stays so. */
  enter(heap: Heap): void {
    this._heap = heap;
    this._patterns = new Patterns(heap.words);
    this._named = NAMED_CACHES.map(([name, bytes]) => heap.slabCache(name, bytes));
  }

  /** One operation. Throws where a pattern is not as it was written. */
  step(): void {
    const dice = this._random.below(100);
    if (dice < 34 && this._held.length < MAX_HELD) this._takeObject();
    else if (dice < 38) this._takeNamed();
    else if (dice < 42) this._takePages();
    else if (dice < 60) this._free();
    else if (dice < 62) this._freeSeveral();
    else if (dice < 78) this._freeRcu();
    else if (dice < 95) this._exchange();
    else this._look();
  }

  /** Frees all that is held. */
  freeAll(): void {
    while (this._held.length > 0) this._free();
  }

  private _takeObject(): void {
    const bytes = this._randomBytes();
    const gfp = this._randomGfp();
    const p = this._heap.kmalloc(bytes, gfp);
    if (p === 0) {
      this._countRefusal(gfp);
      return;
    }
    if ((gfp & __GFP_ZERO) !== 0) this._requireZeroed(p, bytes >>> 2);
    this._hold(p, bytes >>> 2, KIND.object);
  }

  private _takeNamed(): void {
    const cache = this._named[this._random.below(this._named.length)]!;
    this._hold(cache.alloc(), cache.objectBytes >>> 2, KIND.named);
  }

  private _takePages(): void {
    const order = this._random.oneIn(8) ? this._random.below(5) : this._random.below(2);
    const p = this._random.oneIn(4) ? this._heap.allocPagesNolock(order) : this._heap.allocPages(order);
    if (p !== 0) this._hold(p, PAGE_WORDS << order, KIND.pages);
  }

  private _hold(p: Address, words: number, kind: number): void {
    const isAligned = kind === KIND.pages ? p % words === 0 : p % 2 === 0;
    if (!isAligned) throw new Error(`address ${p} of ${words} words is not aligned`);
    this._patterns.write(p, words, (this._random.next() & ~KIND_MASK) | kind);
    this._held.push(p);
    this.taken++;
  }

  private _free(): void {
    const p = this._pick();
    if (p === 0) return;
    switch (this._patterns.tagOf(p) & KIND_MASK) {
      case KIND.pages:
        if (this._random.oneIn(4)) this._heap.freePagesNolock(p);
        else this._heap.freePages(p);
        return;
      case KIND.named: {
        const isFirst = this._patterns.lengthOf(p) === this._named[0]!.objectBytes >>> 2;
        this._named[isFirst ? 0 : 1]!.free(p);
        return;
      }
      default:
        this._heap.kfree(p);
    }
  }

  private _freeSeveral(): void {
    const several: Address[] = [];
    for (let i = this._random.below(8); i > 0; i--) {
      const p = this._pick();
      if (p !== 0) several.push(p);
    }
    this._heap.kfreeBulk(several);
  }

  private _freeRcu(): void {
    const p = this._pick();
    if (p !== 0) this._heap.kfreeRcu(p, this._patterns.lengthOf(p) < 4 ? 0 : HEAD_OFFSET);
  }

  /** Swaps something held, or nothing, for what lies in a word of the mailbox. */
  private _exchange(): void {
    const given = this._random.oneIn(3) ? 0 : this._pick();
    const word = this._mailbox + this._random.below(this._mailboxWords);
    const p = this._heap.words.exchange(word, given) as Address;
    if (p === 0) return;
    this._require(p);
    this._held.push(p);
    this.received++;
  }

  private _look(): void {
    if (this._held.length > 0) this._require(this._held[this._random.below(this._held.length)]!);
  }

  /** Takes something out of what is held, its pattern looked at; 0 when nothing is. */
  private _pick(): Address {
    const held = this._held;
    if (held.length === 0) return 0 as Address;
    const i = this._random.below(held.length);
    const p = held[i]!;
    held[i] = held[held.length - 1]!;
    held.pop();
    this._require(p);
    return p;
  }

  private _require(p: Address): void {
    const problem = this._patterns.problemAt(p);
    if (problem !== '') throw new Error(problem);
  }

  private _requireZeroed(p: Address, words: number): void {
    for (let i = 0; i < words; i++) {
      const found = this._heap.words.loadPlain(p + i);
      if (found !== 0) throw new Error(`word ${i} of zeroed address ${p} is ${found}`);
    }
  }

  private _countRefusal(gfp: Gfp): void {
    if ((gfp & ~__GFP_ZERO) !== GFP_NOLOCK) this.refused++;
  }

  private _randomBytes(): number {
    if (this._random.oneIn(60)) return 2048 + this._random.below(12_000);
    if (this._random.oneIn(8)) return 128 + this._random.below(1500);
    return 8 + this._random.below(120);
  }

  private _randomGfp(): Gfp {
    const zero = this._random.oneIn(16) ? __GFP_ZERO : 0;
    switch (this._random.below(8)) {
      case 0:
        return GFP_NOLOCK | zero;
      case 1:
        return GFP_NOWAIT | zero;
      case 2:
        return GFP_ATOMIC | zero;
      default:
        return GFP_KERNEL | zero;
    }
  }
}
