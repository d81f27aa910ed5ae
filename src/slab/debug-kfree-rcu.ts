/**
 * DebugKfreeRcu: kfreeRcu of a debug heap: red zones and double frees are looked at when an object is retired, poison
 * comes when its grace period is over, since readers may look at it until then.
 *
 * Objects that wait in the sheaf of a thread that died are not poisoned when they are used again.
 */
import { SHEAF_CACHE } from '../layout/cache-record.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { SHELL_HEAD_WORDS } from '../layout/shell-record.js';
import { FIRST_CALLBACK_ID, RCU_HEAD_WORDS, SLOT } from '../layout/thread-slot.js';
import type { DebugTools } from '../pages/debug-tools.js';
import type { Gfp } from '../pages/gfp.js';
import type { Left } from '../rcu/orphans.js';
import { PAGE_SHIFT } from '../words/units.js';
import type { DebugKmalloc } from './debug-kmalloc.js';
import { KfreeRcu } from './kfree-rcu.js';
import type { KfreeRcuParts } from './kfree-rcu-parts.js';
import type { Kmalloc } from './kmalloc.js';
import type { ObjectShell } from './object-shell.js';
import { WrappedKmalloc } from './wrapped-kmalloc.js';

/** What KfreeRcu frees through: outer addresses whose grace period is over. */
export class ReleasingKmalloc extends WrappedKmalloc {
  private readonly _tools: DebugTools;
  private readonly _shell: ObjectShell;

  constructor(
    tools: DebugTools,
    shell: ObjectShell,
    inner: Kmalloc,
    ...given: ConstructorParameters<typeof Kmalloc>
  ) {
    super(inner, ...given);
    this._tools = tools;
    this._shell = shell;
  }

  override free(p: number): void {
    this._release(p);
    this.inner.free(p);
  }

  override freeNolock(p: number): void {
    this._release(p);
    this.inner.freeNolock(p);
  }

  private _release(p: number): void {
    if (this.inner.cacheOf(p) !== 0) this._shell.release(p, this.inner.usableWords(p));
    else this._tools.owner.release(this._tools.bareOf(p) >>> PAGE_SHIFT);
  }
}

export class DebugKfreeRcu extends KfreeRcu {
  private readonly _inner: KfreeRcu;
  private readonly _parts: KfreeRcuParts;
  private readonly _kmallocOf: DebugKmalloc;
  private readonly _shell: ObjectShell;

  /** @param parts what `inner` was made of: its kmalloc knows outer addresses */
  constructor(kmalloc: DebugKmalloc, shell: ObjectShell, inner: KfreeRcu, parts: KfreeRcuParts) {
    super(parts);
    this._inner = inner;
    this._parts = parts;
    this._kmallocOf = kmalloc;
    this._shell = shell;
  }

  override post(p: number, headOffset: number): void {
    const outer = this._kmallocOf.retire(p);
    try {
      // Not only where the head is needed: a wrong one is a mistake in any case.
      this.requireHead(p, headOffset);
      this._inner.post(outer, headOffset + (outer === p ? 0 : SHELL_HEAD_WORDS));
    } catch (error) {
      // Nothing was posted: it is its user's as before.
      this._kmallocOf.restore(p, outer);
      throw error;
    }
  }

  override postHeadless(p: number): number {
    const outer = this._kmallocOf.retire(p);
    try {
      return this._inner.postHeadless(outer);
    } catch (error) {
      this._kmallocOf.restore(p, outer);
      throw error;
    }
  }

  override takeSheaf(outer: number, gfp: Gfp): number {
    return this._inner.takeSheaf(outer, gfp);
  }

  override postWith(outer: number, sheaf: number): void {
    this._inner.postWith(outer, sheaf);
  }

  override freeWaited(outer: number): void {
    this._inner.freeWaited(outer);
  }

  override waiting(): number {
    return this._inner.waiting();
  }

  override spares(): number {
    return this._inner.spares();
  }

  override shrink(isShort: boolean): number {
    return this._inner.shrink(isShort);
  }

  override requireHead(p: number, headOffset: number): void {
    this._kmallocOf.requireNotFreed(p);
    // A block has no shell in front of it, and no object is as large as that.
    const room = Math.min(this._kmallocOf.usableWords(p), FIRST_CALLBACK_ID) - RCU_HEAD_WORDS;
    if (Number.isInteger(headOffset) && headOffset >= 0 && headOffset <= room) return;
    throw new RangeError(
      `kfreeRcu of address ${p} with an RcuHead at word ${headOffset} of it; the head's two words must lie ` +
        `inside the object: an offset in 0..${room}`,
    );
  }

  override retireBlock(start: number, head: number): void {
    this._kmallocOf.retire(start);
    this._inner.retireBlock(start, head);
  }

  override isWaiting(): boolean {
    return this._inner.isWaiting();
  }

  override hasOrphans(): boolean {
    return this._inner.hasOrphans();
  }

  override seal(): void {
    this._inner.seal();
  }

  override accelerate(cookie: number): void {
    this._inner.accelerate(cookie);
  }

  override hasDone(): boolean {
    return this._inner.hasDone();
  }

  override freeDone(): void {
    this._releaseDone();
    this._inner.freeDone();
  }

  override isShort(): boolean {
    return this._inner.isShort();
  }

  override topUp(): void {
    this._inner.topUp();
  }

  override abandon(): boolean {
    return this._inner.abandon();
  }

  override leaves(): void {
    this._inner.leaves();
  }

  override left(): Left {
    return this._inner.left();
  }

  override claimSheaf(sheaf: number): void {
    this._inner.claimSheaf(sheaf);
  }

  override adoptSheaf(sheaf: number): void {
    this._inner.adoptSheaf(sheaf);
  }

  override adoptHeads(first: number, count: number): void {
    this._inner.adoptHeads(first, count);
  }

  /** Poisons what is in sealed sheaves whose grace period is over; blocks, and those with heads, follow one by one. */
  private _releaseDone(): void {
    const { words, slot, gracePeriod, kmalloc } = this._parts;
    let sheaf = words.loadPlain(slot + SLOT.waitingHead);
    while (sheaf !== 0 && gracePeriod.done(words.loadPlain(sheaf + SHEAF.cookie))) {
      const isOfBlocks = words.loadPlain(sheaf + SHEAF.cache) === SHEAF_CACHE;
      for (let i = isOfBlocks ? -1 : words.loadPlain(sheaf + SHEAF.count) - 1; i >= 0; i--) {
        const outer = words.loadPlain(sheaf + SHEAF.objects + i);
        this._shell.release(outer, kmalloc.usableWords(outer));
      }
      sheaf = words.loadPlain(sheaf + SHEAF.next);
    }
  }
}
