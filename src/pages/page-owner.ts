/**
 * PageOwner: what a debug heap knows of each page: who took it, who gave it back, and whether it is filled with the
 * pattern of free memory. Lies in the buffer of the stack depot, apart from the heap.
 *
 *     per page   alloc stack | free stack | slots, filled | requested bytes
 *
 * Plain accesses, no lock: the words of a page belong to whoever has the page. Who reads them of another's page
 * (owners(), a report) may see an old value.
 */
import type { Words } from '../words/words.js';
import { DEPOT_PAGE_WORDS, depotPagesStart } from './stack-depot.js';

/** Offsets in a page's words. */
const OWNER = { allocStack: 0, freeStack: 1, flags: 2, bytes: 3 } as const;
const SLOT_MASK = 0xff;
const FREE_SLOT_SHIFT = 8;
const FILLED = 1 << 16;
/** Somebody had the page. */
const USED = 1 << 17;
/** The block that starts here was freed, and waits for a grace period. */
const WAITING = 1 << 18;
/** Its wait is over, and it is about to be freed: by whoever frees it then, for who retired it. */
const RETIRED = 1 << 19;

/** Who had a page last. */
export interface PageHistory {
  readonly allocStack: number;
  readonly freeStack: number;
  readonly allocSlot: number;
  readonly freeSlot: number;
  /** Bytes that were asked for, where kmalloc() took the block; else 0. */
  readonly bytes: number;
}

export class PageOwner {
  private readonly _words: Words;

  /** @param words of the stack depot */
  constructor(words: Words) {
    this._words = words;
  }

  noteAlloc(page: number, order: number, stack: number, slot: number): void {
    for (let i = page; i < page + (1 << order); i++) {
      const at = this._at(i);
      this._words.storePlain(at + OWNER.allocStack, stack);
      this._words.storePlain(at + OWNER.freeStack, 0);
      this._words.storePlain(at + OWNER.flags, slot | USED);
      this._words.storePlain(at + OWNER.bytes, 0);
    }
  }

  /**
   * Notes who frees a block; of one whose wait is over, who retired it.
   *
   * @param filled whether the pages were filled with the pattern of free memory
   */
  noteFree(page: number, order: number, stack: number, slot: number, filled: boolean): void {
    if ((this._words.loadPlain(this._at(page) + OWNER.flags) & RETIRED) !== 0) {
      const { freeStack, freeSlot } = this.history(page);
      this._noteFree(page, order, freeStack, freeSlot, filled);
    } else this._noteFree(page, order, stack, slot, filled);
  }

  /** The block that starts at `page` waits for a grace period from now on; false where it did already. */
  retire(page: number, stack: number, slot: number): boolean {
    const at = this._at(page);
    // Publishes nothing: of two who free the block at once one is told.
    if ((this._words.or(at + OWNER.flags, WAITING) & WAITING) !== 0) return false;
    this._words.storePlain(at + OWNER.freeStack, stack);
    const allocSlot = this._words.loadPlain(at + OWNER.flags) & SLOT_MASK;
    this._words.storePlain(at + OWNER.flags, USED | WAITING | allocSlot | (slot << FREE_SLOT_SHIFT));
    return true;
  }

  /** The block's wait is over: it is freed next. */
  release(page: number): void {
    const flags = this._at(page) + OWNER.flags;
    const before = this._words.loadPlain(flags);
    if ((before & WAITING) !== 0) this._words.storePlain(flags, (before & ~WAITING) | RETIRED);
  }

  /** The block does not wait after all. */
  restore(page: number): void {
    const flags = this._at(page) + OWNER.flags;
    this._words.storePlain(flags, this._words.loadPlain(flags) & ~WAITING);
  }

  isWaiting(page: number): boolean {
    return (this._words.loadPlain(this._at(page) + OWNER.flags) & WAITING) !== 0;
  }

  /** Notes how many bytes of the block that starts at `page` were asked for. */
  setBytes(page: number, bytes: number): void {
    this._words.storePlain(this._at(page) + OWNER.bytes, bytes);
  }

  /** Whether the page was filled when it was freed. */
  isFilled(page: number): boolean {
    return (this._words.loadPlain(this._at(page) + OWNER.flags) & FILLED) !== 0;
  }

  /** Whether nobody had the page since the heap was made. */
  isFresh(page: number): boolean {
    return (this._words.loadPlain(this._at(page) + OWNER.flags) & USED) === 0;
  }

  history(page: number): PageHistory {
    const at = this._at(page);
    const flags = this._words.loadPlain(at + OWNER.flags);
    return {
      allocStack: this._words.loadPlain(at + OWNER.allocStack),
      freeStack: this._words.loadPlain(at + OWNER.freeStack),
      allocSlot: flags & SLOT_MASK,
      freeSlot: (flags >>> FREE_SLOT_SHIFT) & SLOT_MASK,
      bytes: this._words.loadPlain(at + OWNER.bytes),
    };
  }

  private _noteFree(page: number, order: number, stack: number, slot: number, filled: boolean): void {
    for (let i = page; i < page + (1 << order); i++) {
      const at = this._at(i);
      const allocSlot = this._words.loadPlain(at + OWNER.flags) & SLOT_MASK;
      this._words.storePlain(at + OWNER.freeStack, stack);
      this._words.storePlain(
        at + OWNER.flags,
        USED | allocSlot | (slot << FREE_SLOT_SHIFT) | (filled ? FILLED : 0),
      );
    }
  }

  private _at(page: number): number {
    return depotPagesStart() + page * DEPOT_PAGE_WORDS;
  }
}
