/**
 * DebugPages: the page allocator of a debug heap: who took each page, a pattern in free pages that is looked at when
 * they are handed out again, and another in pages that nobody has written to.
 *
 *     allocPages  -> 0xaa whole? -> 0x5a, or 0 -> who took it        freePages -> 0xaa -> who gave it
 *
 * Takes no lock, in any context; a stack that cannot be stored is unknown, and counted. A block that was written to
 * while it was free stays allocated for ever, and the call throws MemoryCorruptionError.
 *
 * I1  Where objects have shells, no block is handed out with what an earlier owner wrote: a shell's state word in it
 *     would be believed.
 *
 * Follows mm/page_poison.c and mm/page_owner.c.
 */
import { descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageOrder } from '../layout/page-descriptor.js';
import { hasShells } from '../layout/shell-record.js';
import { type Address, BYTES_PER_WORD, PAGE_BYTES, PAGE_SHIFT, PAGE_WORDS } from '../words/units.js';
import type { Words } from '../words/words.js';
import { findOtherByte, hexBytes } from './byte-pattern.js';
import type { DebugTools } from './debug-tools.js';
import { __GFP_ZERO, GFP_NOLOCK, type Gfp } from './gfp.js';
import { MemoryCorruptionError } from './memory-corruption-error.js';
import type { PageAllocator } from './page-allocator.js';
import type { PageOwner } from './page-owner.js';
import { WrappedPages } from './wrapped-pages.js';

/** What free pages hold, as the kernel's PAGE_POISON, in each byte and in a word. */
export const PAGE_POISON = 0xaa;
const PAGE_POISON_WORD = Math.imul(PAGE_POISON, 0x01010101);
/** What pages hold that were handed out and not zeroed. */
export const FRESH_WORD = 0x5a5a5a5a;

export class DebugPages extends WrappedPages {
  private readonly _tools: DebugTools;
  private readonly _poisons: boolean;
  private readonly _scrubs: boolean;

  constructor(
    tools: DebugTools,
    inner: PageAllocator,
    ...given: ConstructorParameters<typeof PageAllocator>
  ) {
    super(inner, ...given);
    this._tools = tools;
    this._poisons = tools.has('poison') || tools.has('fillFree');
    this._scrubs = this._poisons || hasShells(tools.geometry);
  }

  override allocPages(order: number, gfp: Gfp): Address {
    return this._dress(this._tools.allocStack(), this.inner.allocPages(order, gfp & ~__GFP_ZERO), order, gfp);
  }

  override allocPagesNolock(order: number, gfp: Gfp = GFP_NOLOCK): Address {
    return this._dress(
      this._tools.allocStack(),
      this.inner.allocPagesNolock(order, gfp & ~__GFP_ZERO),
      order,
      gfp | __GFP_ZERO,
    );
  }

  override allocCharged(order: number, gfp: Gfp, record: number): Address {
    return this._dress(
      this._tools.allocStack(),
      this.inner.allocCharged(order, gfp & ~__GFP_ZERO, record),
      order,
      gfp,
    );
  }

  override allocChargedNolock(order: number, gfp: Gfp, record: number): Address {
    return this._dress(
      this._tools.allocStack(),
      this.inner.allocChargedNolock(order, gfp & ~__GFP_ZERO, record),
      order,
      gfp,
    );
  }

  override allocFromList(order: number): Address {
    return this._dress(this._tools.allocStack(), this.inner.allocFromList(order), order, GFP_NOLOCK);
  }

  override freePages(start: number): void {
    this._undress(start);
    this.inner.freePages(start);
  }

  override freePagesNolock(start: number): void {
    this._undress(start);
    this.inner.freePagesNolock(start);
  }

  private _dress(stack: number, start: Address, order: number, gfp: Gfp): Address {
    if (start === 0) return start;
    const { words, owner, slot } = this._tools;
    const page = start >>> PAGE_SHIFT;
    const damaged = this._findDamage(page, order);
    const error = damaged < 0 ? undefined : freePageError(this._tools, damaged);
    owner.noteAlloc(page, order, stack, slot);
    if (error !== undefined) throw error;
    const isZeroed = (gfp & __GFP_ZERO) !== 0;
    if (isZeroed || this._scrubs) {
      words.fillPlain(start, start + (PAGE_WORDS << order), isZeroed || !this._poisons ? 0 : FRESH_WORD);
    }
    return start;
  }

  /** What is no block in use is left for the allocator to refuse. */
  private _undress(start: number): void {
    const { words, geometry, owner, slot } = this._tools;
    const bare = this._tools.bareOf(start);
    const page = bare >>> PAGE_SHIFT;
    if (!Number.isInteger(bare) || bare % PAGE_WORDS !== 0) return;
    if (page < geometry.firstPage || page >= geometry.totalPages) return;
    const state = words.loadPlain(descriptorStart(geometry, page) + DESCRIPTOR.state);
    if (pageKind(state) !== PAGE_KIND.allocated) return;
    const stack = this._tools.freeStack();
    if (owner.isWaiting(page)) throw freedBlockError(this._tools, page, WAITS, stack);
    const order = pageOrder(state);
    const fills = this._tools.has('fillFree');
    if (fills) words.fillPlain(bare, bare + (PAGE_WORDS << order), PAGE_POISON_WORD);
    owner.noteFree(page, order, stack, slot, fills);
  }

  /** The first wrong byte of the block's pages; -1 where none is. */
  private _findDamage(page: number, order: number): number {
    const { words, owner } = this._tools;
    if (!this._poisons) return -1;
    for (let i = page; i < page + (1 << order); i++) {
      const wrong = findFreeDamage(words, owner, i);
      if (wrong >= 0) return wrong;
    }
    return -1;
  }
}

/** What says that `byte` of a free page was written to. */
export function freePageError(tools: DebugTools, byte: number): MemoryCorruptionError {
  const { words, owner, depot } = tools;
  const page = Math.floor(byte / PAGE_BYTES);
  const address = page << PAGE_SHIFT;
  const offset = byte - address * BYTES_PER_WORD;
  const { allocSlot, allocStack, freeSlot, freeStack } = owner.history(page);
  return new MemoryCorruptionError({
    kind: 'write-after-free',
    address,
    offset,
    message:
      `page ${page} at address ${address} was written to while it was free, from byte ` +
      `${offset} on: ${hexBytes(words, byte, 8)}\n` +
      `  allocated ${tools.describe(allocSlot, allocStack)}\n  freed ${tools.describe(freeSlot, freeStack)}`,
    allocStack: depot.text(allocStack),
    freeStack: depot.text(freeStack),
  });
}

/** What a block is that was freed already. */
export const WAITS = 'it was freed already, and waits for a grace period';
export const FREE = 'it is free already';

/** What says that the block that starts at `page` was freed before; `again` is the stack of who frees it now. */
export function freedBlockError(
  tools: DebugTools,
  page: number,
  what: typeof WAITS | typeof FREE,
  again: number,
): MemoryCorruptionError {
  const { owner, depot } = tools;
  const address = page << PAGE_SHIFT;
  const { allocSlot, allocStack, freeSlot, freeStack } = owner.history(page);
  return new MemoryCorruptionError({
    kind: 'double-free',
    address,
    offset: undefined,
    message:
      `freed the block of pages at address ${address}, but ${what}\n` +
      `  allocated ${tools.describe(allocSlot, allocStack)}\n  freed ${tools.describe(freeSlot, freeStack)}` +
      tools.describeAgain(again),
    allocStack: depot.text(allocStack),
    freeStack: depot.text(freeStack),
    againStack: depot.text(again),
  });
}

/** The first wrong byte of a free page: what was freed is filled, what nobody had is zero. -1 where none is. */
export function findFreeDamage(words: Words, owner: PageOwner, page: number): number {
  if (owner.isFilled(page))
    return findOtherByte(words, page * PAGE_BYTES, (page + 1) * PAGE_BYTES, PAGE_POISON);
  return owner.isFresh(page) ? findOtherByte(words, page * PAGE_BYTES, (page + 1) * PAGE_BYTES, 0) : -1;
}
