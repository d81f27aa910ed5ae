/**
 * DebugKmalloc: kmalloc and kfree of a debug heap: puts a shell round every object, and takes it off.
 *
 *     user:   inner address p         DebugKmalloc         everything below: outer address p - SHELL_HEAD_WORDS
 *
 * Requests that leave no room for a shell in the largest size class are whole blocks of pages: no shell, but what is
 * left of the last page is a red zone, and DebugPages knows who took them.
 *
 * I1  An object on a slab has a shell, a block of pages has none: the page's state word says which `p` is.
 */
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import { cacheStart, descriptorStart, slotStart } from '../layout/heap-layout.js';
import {
  DESCRIPTOR,
  PAGE_KIND,
  pageKind,
  pageOrder,
  pageOwner,
  pageTail,
} from '../layout/page-descriptor.js';
import { SHELL_HEAD_WORDS, SHELL_WORDS } from '../layout/shell-record.js';
import { FREE, freedBlockError, WAITS } from '../pages/debug-pages.js';
import type { DebugTools } from '../pages/debug-tools.js';
import { besideStart } from '../pages/describe-address.js';
import { __GFP_ZERO, type Gfp } from '../pages/gfp.js';
import { Intents } from '../threads/intents.js';
import { requireShellStack } from '../words/stack-room.js';
import { BYTES_PER_WORD, PAGE_SHIFT, PAGE_WORDS } from '../words/units.js';
import { paintTail, tailDamage } from './block-tail.js';
import { freedHeadError } from './debug-head-places.js';
import type { Kmalloc } from './kmalloc.js';
import type { ObjectShell } from './object-shell.js';
import { MAX_CLASS_BYTES, objectWordsFor } from './size-classes.js';
import { WrappedKmalloc } from './wrapped-kmalloc.js';

const SHELL_BYTES = SHELL_WORDS * BYTES_PER_WORD;

export class DebugKmalloc extends WrappedKmalloc {
  private readonly _tools: DebugTools;
  private readonly _shell: ObjectShell;
  private readonly _intents: Intents;

  constructor(
    tools: DebugTools,
    shell: ObjectShell,
    inner: Kmalloc,
    ...given: ConstructorParameters<typeof Kmalloc>
  ) {
    super(inner, ...given);
    this._tools = tools;
    this._shell = shell;
    this._intents = new Intents(tools.words, slotStart(tools.geometry, tools.slot));
  }

  override alloc(bytes: number, gfp: Gfp): number {
    if (!hasRoomForShell(bytes)) return this._paint(this.inner.alloc(blockBytesOf(bytes), gfp), bytes);
    return this._dress(
      this._allocStack(),
      this.inner.alloc(outerBytesOf(bytes), gfp & ~__GFP_ZERO),
      bytes,
      gfp,
    );
  }

  override allocNolock(bytes: number, gfp: Gfp): number {
    if (!hasRoomForShell(bytes)) return this._paint(this.inner.allocNolock(blockBytesOf(bytes), gfp), bytes);
    return this._dress(
      this._allocStack(),
      this.inner.allocNolock(outerBytesOf(bytes), gfp & ~__GFP_ZERO),
      bytes,
      gfp,
    );
  }

  override allocCharged(bytes: number, gfp: Gfp, record: number): number {
    if (!hasRoomForShell(bytes)) {
      return this._paint(this.inner.allocCharged(blockBytesOf(bytes), gfp, record), bytes);
    }
    return this._dress(
      this._allocStack(),
      this.inner.allocCharged(outerBytesOf(bytes), gfp & ~__GFP_ZERO, record),
      bytes,
      gfp,
    );
  }

  override allocChargedNolock(bytes: number, gfp: Gfp, record: number): number {
    if (!hasRoomForShell(bytes)) {
      return this._paint(this.inner.allocChargedNolock(blockBytesOf(bytes), gfp, record), bytes);
    }
    const stack = this._allocStack();
    const outer = this.inner.allocChargedNolock(outerBytesOf(bytes), gfp & ~__GFP_ZERO, record);
    return this._dress(stack, outer, bytes, gfp);
  }

  override groupOf(p: number): number {
    if (!this.hasShell(p)) return this.inner.groupOf(p);
    this._requireObject(p);
    return this.inner.groupOf(p - SHELL_HEAD_WORDS);
  }

  override allocFrom(id: number, gfp: Gfp): number {
    const stack = this._allocStack();
    const outer = this.inner.allocFrom(id, gfp & ~__GFP_ZERO);
    if (outer === 0) return 0;
    return this._dress(stack, outer, (this.inner.usableWords(outer) - SHELL_WORDS) * BYTES_PER_WORD, gfp);
  }

  override free(p: number): void {
    requireShellStack();
    const outer = this._undress(p);
    this._intents.rename(p, outer);
    this.inner.free(outer);
  }

  override freeNolock(p: number): void {
    requireShellStack();
    const outer = this._undress(p);
    this._intents.rename(p, outer);
    this.inner.freeNolock(outer);
  }

  override cacheOf(p: number): number {
    return this.hasShell(p) ? this._requireObject(p) : this.inner.cacheOf(p);
  }

  override usableWords(p: number): number {
    if (this.hasShell(p)) {
      this._requireObject(p);
      return objectWordsFor(this._shell.bytes(this._tools.bareOf(p) - SHELL_HEAD_WORDS));
    }
    const words = this.inner.usableWords(p);
    const { bytes } = this._tools.owner.history(this._tools.bareOf(p) >>> PAGE_SHIFT);
    return bytes > 0 ? objectWordsFor(bytes) : words;
  }

  /** True where `p` lies on a slab of objects. */
  hasShell(p: number): boolean {
    const state = this._stateAt(this._tools.bareOf(p));
    return pageKind(state) === PAGE_KIND.slab && pageOwner(state) !== SHEAF_CACHE;
  }

  /** Takes an object from its user until a grace period is over. Returns its outer address; blocks keep theirs. */
  retire(p: number): number {
    requireShellStack();
    if (!this.hasShell(p)) {
      this._requireTail(p);
      this.requireNotFreed(p);
      this._requireNoHead(p);
      if (this.inner.cacheOf(p) === 0) this._retireBlock(this._tools.bareOf(p) >>> PAGE_SHIFT);
      return p;
    }
    this._requireObject(p);
    this._requireNoHead(p);
    const bare = this._tools.bareOf(p);
    this._shell.retire(bare - SHELL_HEAD_WORDS, this._outerWords(bare));
    return p - SHELL_HEAD_WORDS;
  }

  /** Gives back what retire() took, and returned as `outer`: the call that wanted it did nothing after all. */
  restore(p: number, outer: number): void {
    if (outer !== p) this._shell.restore(this._tools.bareOf(p) - SHELL_HEAD_WORDS);
    else this._tools.owner.restore(this._tools.bareOf(p) >>> PAGE_SHIFT);
  }

  /** Throws where a block that starts at `p` is free, and it is known who freed it. */
  requireNotFreed(p: number): void {
    const bare = this._tools.bareOf(p);
    const page = bare >>> PAGE_SHIFT;
    const kind = pageKind(this._stateAt(bare));
    if (bare % PAGE_WORDS !== 0 || kind === PAGE_KIND.allocated || kind === PAGE_KIND.slab) return;
    if (!this._isPage(bare) || this._tools.owner.history(page).freeStack === 0) return;
    throw freedBlockError(this._tools, page, FREE, this._tools.freeStack());
  }

  private _retireBlock(page: number): void {
    const { owner, slot } = this._tools;
    const stack = this._tools.freeStack();
    if (!owner.retire(page, stack, slot)) throw freedBlockError(this._tools, page, WAITS, stack);
  }

  /** DebugTools.allocStack(), with room on the stack for the allocation below, and for what is written round it. */
  private _allocStack(): number {
    requireShellStack();
    return this._tools.allocStack();
  }

  private _dress(stack: number, outer: number, bytes: number, gfp: Gfp): number {
    if (outer === 0) return 0;
    const outerWords = this.inner.usableWords(outer);
    return this._shell.dress(outer, outerWords, Math.ceil(bytes), (gfp & __GFP_ZERO) !== 0, stack);
  }

  /** Takes the shell off; returns the outer address, with the mark of `p`. */
  private _undress(p: number): number {
    if (!this.hasShell(p)) {
      this._requireTail(p);
      this._requireNoHead(p);
      return p;
    }
    this._requireObject(p);
    this._requireNoHead(p);
    const bare = this._tools.bareOf(p);
    this._shell.undress(bare - SHELL_HEAD_WORDS, this._outerWords(bare));
    return p - SHELL_HEAD_WORDS;
  }

  /** Throws where a callback of this thread waits for an RcuHead in the object or block: its list leads through it. */
  private _requireNoHead(p: number): void {
    const { waitingHeads } = this._tools;
    if (waitingHeads.size === 0) return;
    const bare = this._tools.bareOf(p);
    const head = waitingHeads.findIn(bare, this._userWords(bare));
    if (head !== 0) throw freedHeadError(this._tools, bare, head);
  }

  /** Words of the object or block at `bare`; 0 where none is in use, which is for others to say. */
  private _userWords(bare: number): number {
    if (this.hasShell(bare)) return objectWordsFor(this._shell.bytes(bare - SHELL_HEAD_WORDS));
    const state = this._stateAt(bare);
    return pageKind(state) === PAGE_KIND.allocated ? PAGE_WORDS << pageOrder(state) : 0;
  }

  private _outerWords(bare: number): number {
    return this.inner.usableWords(bare - SHELL_HEAD_WORDS);
  }

  /** Makes a red zone behind what was asked for of a block of pages. */
  private _paint(start: number, bytes: number): number {
    if (start !== 0) paintTail(this._tools, start >>> PAGE_SHIFT, Math.ceil(bytes));
    return start;
  }

  /** Throws where somebody wrote behind a block that kmalloc() returned. */
  private _requireTail(p: number): void {
    const bare = this._tools.bareOf(p);
    if (bare % PAGE_WORDS !== 0 || this._stateAt(bare) === 0) return;
    const error = tailDamage(this._tools, bare >>> PAGE_SHIFT);
    if (error !== undefined) throw error;
  }

  private _stateAt(bare: number): number {
    const { words, geometry } = this._tools;
    if (!this._isPage(bare)) return 0;
    return words.loadPlain(descriptorStart(geometry, bare >>> PAGE_SHIFT) + DESCRIPTOR.state);
  }

  /** True for an address in the pages that are handed out. */
  private _isPage(bare: number): boolean {
    const { firstPage, totalPages } = this._tools.geometry;
    const page = bare >>> PAGE_SHIFT;
    return Number.isInteger(bare) && bare >= 0 && page >= firstPage && page < totalPages;
  }

  /** Id of the cache of which `p` is an object, as its user knows it. */
  private _requireObject(p: number): number {
    const bare = this._tools.bareOf(p);
    const state = this._stateAt(bare);
    const first = ((bare >>> PAGE_SHIFT) - pageTail(state)) * PAGE_WORDS;
    // An outer address in front of the slab could be an object of another one.
    if (bare - SHELL_HEAD_WORDS >= first) {
      try {
        return this.inner.cacheOf(p - SHELL_HEAD_WORDS);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    }
    throw new RangeError(
      `freed address ${bare}, which is ${this._describe(bare, first)}; pass an address that kmalloc() returned, once`,
    );
  }

  /** What `bare`, on the slab that starts at `first`, is to a user. */
  private _describe(bare: number, first: number): string {
    const { words, geometry } = this._tools;
    const record = cacheStart(geometry, pageOwner(this._stateAt(bare)));
    const objectWords = words.loadPlain(record + CACHE.objectWords);
    const number = Math.floor((bare - first) / objectWords);
    if (number >= words.loadPlain(record + CACHE.slabObjects)) return 'behind the last object of a slab';
    const inner = first + number * objectWords + SHELL_HEAD_WORDS;
    const object = `the ${this._shell.bytes(inner - SHELL_HEAD_WORDS)}-byte object at ${inner}`;
    return besideStart(bare - inner, object);
  }
}

/** What is no size has none, and is left for the allocator to refuse. */
function hasRoomForShell(bytes: number): boolean {
  return bytes > 0 && Math.ceil(bytes) + SHELL_BYTES <= MAX_CLASS_BYTES;
}

function outerBytesOf(bytes: number): number {
  return objectWordsFor(Math.ceil(bytes)) * BYTES_PER_WORD + SHELL_BYTES;
}

/** More than the largest object has, so that it is a block of pages. */
function blockBytesOf(bytes: number): number {
  return bytes > 0 && bytes <= MAX_CLASS_BYTES ? MAX_CLASS_BYTES + 1 : bytes;
}
