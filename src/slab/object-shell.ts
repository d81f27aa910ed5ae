/**
 * ObjectShell: what a debug heap does round each object of a slab (layout/shell-record.ts draws it): red zones on both
 * sides, poison while it is free, the stacks of who allocated and who freed it.
 *
 *     alloc: dress()      freed? poison and red zones whole? -> 0x5a in the object, red zones 0xcc, state live
 *     free:  undress()    live? red zones whole? -> 0x6b .. 0xa5 in the object, red zones 0xbb, state freed
 *     kfreeRcu: retire()  as undress(), but readers go on reading; release() poisons after the grace period
 *
 * An object of a type-stable cache is not poisoned: readers may look at it while it is free, and when it is used again.
 *
 * What is damaged is put in quarantine: it stays in use for ever, and the call throws MemoryCorruptionError. Reading
 * freed memory is not found; who reads it sees 0x6b6b6b6b.
 *
 * Takes no lock, in any context. Who may call: whoever has the object.
 *
 * I1  An object in a sheaf, in a barn or on a slab is `freed`, `waiting` (its grace period is over, and it was not
 *     poisoned), or was never allocated.
 *
 * Follows mm/slub.c (check_object, init_object, object_err).
 */
import { CACHE } from '../layout/cache-record.js';
import { cacheStart, descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, pageOwner } from '../layout/page-descriptor.js';
import { LIVE_LINK, SHELL, SHELL_HEAD_WORDS, SHELL_STATE } from '../layout/shell-record.js';
import { fillBytes, findOtherByte, hexBytes } from '../pages/byte-pattern.js';
import { FRESH_WORD } from '../pages/debug-pages.js';
import type { DebugTools } from '../pages/debug-tools.js';
import { type CorruptionKind, MemoryCorruptionError } from '../pages/memory-corruption-error.js';
import { counted } from '../words/counted.js';
import { BYTES_PER_WORD, PAGE_SHIFT } from '../words/units.js';
import type { Words } from '../words/words.js';

/** The kernel's bytes. */
export const POISON_INUSE = 0x5a;
export const POISON_FREE = 0x6b;
export const POISON_END = 0xa5;
export const RED_INACTIVE = 0xbb;
export const RED_ACTIVE = 0xcc;

const HEAD_BYTES = SHELL_HEAD_WORDS * BYTES_PER_WORD;
const LEFT_RED_BYTES = (SHELL_HEAD_WORDS - SHELL.leftRedZone) * BYTES_PER_WORD;
const SHOWN_BYTES = 8;
/** Where the words in front of the red zone begin, from the object's start. */
const HEAD_OFFSET = (SHELL.state - SHELL_HEAD_WORDS) * BYTES_PER_WORD;
const HEAD_OVERWRITTEN = 'what lies in front of it was overwritten';
/** Why an object is not its user's, by its state. */
const NOT_LIVE: Readonly<Record<number, string>> = {
  [SHELL_STATE.freed]: 'it is free already',
  [SHELL_STATE.changing]: 'another is allocating or freeing it, or died in that',
  [SHELL_STATE.waiting]: 'it was freed already, and waits for a grace period',
  [SHELL_STATE.quarantined]: 'it was found damaged before, and is in quarantine',
};

/** States in which an object's bytes say nothing. */
const UNCHECKED: readonly number[] = [SHELL_STATE.changing, SHELL_STATE.waiting, SHELL_STATE.quarantined];

/** Where a byte is wrong. */
interface Damage {
  readonly kind: CorruptionKind;
  /** From the object's start. */
  readonly offset: number;
  readonly what: string;
}

export class ObjectShell {
  private readonly _words: Words;
  private readonly _tools: DebugTools;
  private readonly _poisons: boolean;
  private readonly _hasRedZones: boolean;

  constructor(tools: DebugTools) {
    this._words = tools.words;
    this._tools = tools;
    this._poisons = tools.has('poison');
    this._hasRedZones = tools.has('redZones');
  }

  /**
   * Makes an object that the allocator gave one of its user's.
   *
   * @param outer    its first word; @param outerWords its words, shell included
   * @param bytes    what was asked for; @param stack handle of who asked
   * @returns        the address for the user
   */
  dress(outer: number, outerWords: number, bytes: number, isZeroed: boolean, stack: number): number {
    const words = this._words;
    const state = words.loadPlain(outer + SHELL.state);
    const damage =
      state === SHELL_STATE.freed || state === SHELL_STATE.waiting
        ? this._freedDamage(outer, outerWords, state)
        : this._freshDamage(outer, outerWords);
    if (damage !== undefined) this._quarantine(outer, damage, 'allocated');
    words.storePlain(outer + SHELL.state, SHELL_STATE.changing);
    words.storePlain(outer + SHELL.link, LIVE_LINK);
    words.storePlain(outer + SHELL.bytes, bytes);
    words.storePlain(outer + SHELL.allocStack, stack);
    words.storePlain(outer + SHELL.freeStack, 0);
    words.storePlain(outer + SHELL.slots, this._tools.slot);
    this._seal(outer);
    const start = outer * BYTES_PER_WORD + HEAD_BYTES;
    if (isZeroed) fillBytes(words, start, start + bytes, 0);
    else if (this._poisonsAt(outer)) fillBytes(words, start, start + bytes, POISON_INUSE);
    this._paintRedZones(outer, outerWords, RED_ACTIVE);
    words.storePlain(outer + SHELL.state, SHELL_STATE.live);
    return outer + SHELL_HEAD_WORDS;
  }

  /** Takes an object from its user, to be used again at once. Throws where it is damaged or not its user's. */
  undress(outer: number, outerWords: number): void {
    this._take(outer, outerWords, SHELL_STATE.changing);
    this._fillFreed(outer, outerWords);
    this._words.storePlain(outer + SHELL.state, SHELL_STATE.freed);
  }

  /** Takes an object from its user, while readers may still look at it. Throws as undress(). */
  retire(outer: number, outerWords: number): void {
    this._take(outer, outerWords, SHELL_STATE.waiting);
  }

  /** Gives back what retire() took: the call that wanted it did nothing after all. */
  restore(outer: number): void {
    this._words.storePlain(outer + SHELL.state, SHELL_STATE.live);
  }

  /** retire() of an object whose thread has died, perhaps in the middle of retire(): its shell belongs together again. */
  mendRetired(outer: number): void {
    this._words.storePlain(outer + SHELL.state, SHELL_STATE.waiting);
    this._seal(outer);
  }

  /** The grace period of a retired object is over. */
  release(outer: number, outerWords: number): void {
    if (this._words.loadPlain(outer + SHELL.state) !== SHELL_STATE.waiting) return;
    this._fillFreed(outer, outerWords);
    this._words.storePlain(outer + SHELL.state, SHELL_STATE.freed);
  }

  /** Throws unless the object is its user's. @param verb what is done with it, as a report begins */
  requireLive(outer: number, verb: string): void {
    const state = this._words.loadPlain(outer + SHELL.state);
    if (state === SHELL_STATE.live) return;
    throw this._error(
      outer,
      { kind: 'write-after-free', offset: 0, what: NOT_LIVE[state] ?? HEAD_OVERWRITTEN },
      verb,
    );
  }

  /** Bytes that the user of the object asked for. */
  bytes(outer: number): number {
    return this._words.loadPlain(outer + SHELL.bytes);
  }

  /** What is wrong with an object, in use or not; undefined where nothing is. */
  check(outer: number, outerWords: number): MemoryCorruptionError | undefined {
    const state = this._words.loadPlain(outer + SHELL.state);
    let damage: Damage | undefined;
    if (state === SHELL_STATE.live) damage = this._liveDamage(outer, outerWords);
    else if (state === SHELL_STATE.freed) damage = this._freedDamage(outer, outerWords, state);
    else if (!UNCHECKED.includes(state)) damage = this._freshDamage(outer, outerWords);
    return damage === undefined ? undefined : this._error(outer, damage, 'checked');
  }

  private _take(outer: number, outerWords: number, next: number): void {
    const words = this._words;
    const stack = this._tools.freeStack();
    // Publishes nothing: of two who free the object at once one is told.
    const before = words.compareExchange(outer + SHELL.state, SHELL_STATE.live, next);
    if (before !== SHELL_STATE.live) this._refuse(outer, before, stack);
    const damage = this._liveDamage(outer, outerWords);
    if (damage !== undefined) this._quarantine(outer, damage, 'freed');
    words.storePlain(outer + SHELL.freeStack, stack);
    const allocSlot = words.loadPlain(outer + SHELL.slots) & 0xffff;
    words.storePlain(outer + SHELL.slots, allocSlot | (this._tools.slot << 16));
    this._seal(outer);
  }

  /** The object is not its user's: it is free already, or its shell was overwritten. */
  private _refuse(outer: number, state: number, stack: number): never {
    const what = NOT_LIVE[state];
    const kind: CorruptionKind = what !== undefined ? 'double-free' : 'out-of-bounds';
    const damage = { kind, offset: HEAD_OFFSET };
    if (what !== undefined) throw this._error(outer, { ...damage, what }, 'freed', stack);
    this._quarantine(outer, { ...damage, what: HEAD_OVERWRITTEN }, 'freed');
  }

  /** An object that nobody had yet holds what its slab's pages were filled with: one word all over. */
  private _freshDamage(outer: number, outerWords: number): Damage | undefined {
    const words = this._words;
    const wanted = words.loadPlain(outer + outerWords - 1);
    for (let at = SHELL.state; at < outerWords; at++) {
      if (words.loadPlain(outer + at) === wanted && (wanted === 0 || wanted === FRESH_WORD)) continue;
      const offset = (at - SHELL_HEAD_WORDS) * BYTES_PER_WORD;
      return { kind: 'write-after-free', offset, what: 'it was written to before anybody had it' };
    }
    return undefined;
  }

  private _liveDamage(outer: number, outerWords: number): Damage | undefined {
    if (this._words.loadPlain(outer + SHELL.link) !== LIVE_LINK) {
      return { kind: 'out-of-bounds', offset: -HEAD_BYTES, what: HEAD_OVERWRITTEN };
    }
    const head = this._headDamage(outer, outerWords);
    return head ?? this._redZoneDamage(outer, outerWords, RED_ACTIVE);
  }

  private _freedDamage(outer: number, outerWords: number, state: number): Damage | undefined {
    const damage =
      this._headDamage(outer, outerWords) ??
      (state === SHELL_STATE.waiting ? undefined : this._redZoneDamage(outer, outerWords, RED_INACTIVE));
    if (damage !== undefined) return { ...damage, kind: 'write-after-free' };
    if (state === SHELL_STATE.waiting || !this._poisonsAt(outer)) return undefined;
    const start = outer * BYTES_PER_WORD + HEAD_BYTES;
    const end = start + this.bytes(outer);
    let wrong = findOtherByte(this._words, start, end - 1, POISON_FREE);
    if (wrong < 0) wrong = findOtherByte(this._words, end - 1, end, POISON_END);
    if (wrong < 0) return undefined;
    return { kind: 'write-after-free', offset: wrong - start, what: 'its poison was overwritten' };
  }

  private _headDamage(outer: number, outerWords: number): Damage | undefined {
    const bytes = this.bytes(outer);
    const isWhole =
      this._words.loadPlain(outer + SHELL.check) === this._checkOf(outer) &&
      bytes >= 1 &&
      bytes <= (outerWords - SHELL_HEAD_WORDS) * BYTES_PER_WORD;
    return isWhole ? undefined : { kind: 'out-of-bounds', offset: HEAD_OFFSET, what: HEAD_OVERWRITTEN };
  }

  private _checkOf(outer: number): number {
    const words = this._words;
    let check: number = SHELL_STATE.live;
    for (let at = SHELL.bytes; at < SHELL.check; at++) {
      check = Math.imul(check ^ words.loadPlain(outer + at), 0x01000193);
    }
    return check;
  }

  /** Makes the shell's words the ones that belong together. */
  private _seal(outer: number): void {
    this._words.storePlain(outer + SHELL.check, this._checkOf(outer));
  }

  private _redZoneDamage(outer: number, outerWords: number, value: number): Damage | undefined {
    if (!this._hasRedZones) return undefined;
    const start = outer * BYTES_PER_WORD + HEAD_BYTES;
    const end = (outer + outerWords) * BYTES_PER_WORD;
    let wrong = findOtherByte(this._words, start - LEFT_RED_BYTES, start, value);
    if (wrong >= 0) {
      return {
        kind: 'out-of-bounds',
        offset: wrong - start,
        what: 'the red zone in front of it was overwritten',
      };
    }
    wrong = findOtherByte(this._words, start + this.bytes(outer), end, value);
    if (wrong < 0) return undefined;
    return { kind: 'out-of-bounds', offset: wrong - start, what: 'the red zone behind it was overwritten' };
  }

  private _fillFreed(outer: number, outerWords: number): void {
    const start = outer * BYTES_PER_WORD + HEAD_BYTES;
    const end = start + this.bytes(outer);
    if (this._poisonsAt(outer)) {
      fillBytes(this._words, start, end - 1, POISON_FREE);
      fillBytes(this._words, end - 1, end, POISON_END);
    }
    this._paintRedZones(outer, outerWords, RED_INACTIVE);
  }

  /** False also for an object that readers may look at whatever becomes of it: of a type-stable cache. */
  private _poisonsAt(outer: number): boolean {
    if (!this._poisons) return false;
    const { geometry } = this._tools;
    const state = this._words.loadPlain(descriptorStart(geometry, outer >>> PAGE_SHIFT) + DESCRIPTOR.state);
    return this._words.loadPlain(cacheStart(geometry, pageOwner(state)) + CACHE.linkOffset) === 0;
  }

  private _paintRedZones(outer: number, outerWords: number, value: number): void {
    if (!this._hasRedZones) return;
    const start = outer * BYTES_PER_WORD + HEAD_BYTES;
    fillBytes(this._words, start - LEFT_RED_BYTES, start, value);
    fillBytes(this._words, start + this.bytes(outer), (outer + outerWords) * BYTES_PER_WORD, value);
  }

  private _quarantine(outer: number, damage: Damage, verb: string): never {
    const error = this._error(outer, damage, verb);
    this._words.storePlain(outer + SHELL.state, SHELL_STATE.quarantined);
    throw error;
  }

  /** @param again handle of the stack of a second free */
  private _error(
    outer: number,
    { kind, offset, what }: Damage,
    verb: string,
    again = 0,
  ): MemoryCorruptionError {
    const words = this._words;
    const inner = outer + SHELL_HEAD_WORDS;
    const bytes = this.bytes(outer);
    const slots = words.loadPlain(outer + SHELL.slots);
    const [allocStack, freeStack] = [SHELL.allocStack, SHELL.freeStack].map((at) =>
      words.loadPlain(outer + at),
    );
    const isDouble = kind === 'double-free';
    const found = hexBytes(words, inner * BYTES_PER_WORD + offset, SHOWN_BYTES);
    const where = isDouble ? '' : `, from byte ${offset} on: ${found}`;
    const freed = freeStack === 0 ? '' : `\n  freed ${this._tools.describe(slots >>> 16, freeStack!)}`;
    const message =
      `${verb} the object of ${counted(bytes, 'byte')} at address ${inner}, but ${what}${where}\n` +
      `  allocated ${this._tools.describe(slots & 0xffff, allocStack!)}${freed}` +
      (isDouble ? this._tools.describeAgain(again) : '');
    return new MemoryCorruptionError({
      kind,
      address: inner,
      offset: isDouble ? undefined : offset,
      message,
      allocStack: this._tools.depot.text(allocStack!),
      freeStack: this._tools.depot.text(freeStack!),
      againStack: isDouble ? this._tools.depot.text(again) : '',
    });
  }
}
