/**
 * DebugTools: what the debugging hooks of one thread have in common: which of them are on, the stack depot, who owns
 * which page, and how a report is worded.
 *
 *     an allocation --> stack() --> depot --> handle in a word of the shell, or of the page's record
 *
 * Where a stack cannot be stored the hook goes on without it ("unknown stack") and counts that in SLOT.hooksSkipped.
 * No hook takes a lock, so all of them run in every context; stacks cost JavaScript memory.
 */
import type { Geometry } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { DEBUG_HOOK, type DebugHook } from '../layout/shell-record.js';
import { NAME_WORDS, SLOT } from '../layout/thread-slot.js';
import { requireStack } from '../words/stack-room.js';
import { BYTES_PER_WORD } from '../words/units.js';
import { decodeUtf8 } from '../words/utf8.js';
import type { Words } from '../words/words.js';
import { PageOwner } from './page-owner.js';
import { StackDepot } from './stack-depot.js';
import { WaitingHeads } from './waiting-heads.js';

/** What DebugTools are made of. */
export interface DebugToolsParts {
  /** Of the heap. */
  readonly words: Words;
  /** Of the stack depot. */
  readonly depotWords: Words;
  readonly geometry: Geometry;
  /** Number of this thread's slot. */
  readonly slot: number;
  /** The stack of whoever called into Lull. */
  captureStack(): string;
  /** An address without the mark that a validating heap may have put on it. */
  bareOf(address: number): number;
}

export class DebugTools {
  readonly words: Words;
  readonly geometry: Geometry;
  readonly slot: number;
  readonly depot: StackDepot;
  readonly owner: PageOwner;
  readonly waitingHeads = new WaitingHeads();
  private readonly _parts: DebugToolsParts;

  constructor(parts: DebugToolsParts) {
    this.words = parts.words;
    this.geometry = parts.geometry;
    this.slot = parts.slot;
    this.depot = new StackDepot(parts.depotWords);
    this.owner = new PageOwner(parts.depotWords);
    this._parts = parts;
  }

  has(hook: DebugHook): boolean {
    return (this.geometry.debugHooks & DEBUG_HOOK[hook]) !== 0;
  }

  /**
   * Handle of the stack of who allocates here; 0 where nobody asked for it, or it could not be stored. To be asked for
   * before anything has changed: throws where the engine's own stack is short.
   */
  allocStack(): number {
    requireStack();
    return this.has('owner') || this.has('useAfterFree') ? this._stack() : 0;
  }

  /** As allocStack(), of who frees. */
  freeStack(): number {
    requireStack();
    return this.has('useAfterFree') ? this._stack() : 0;
  }

  /** As DebugToolsParts.bareOf(). */
  bareOf(address: number): number {
    return this._parts.bareOf(address);
  }

  /** `by slot 2 (worker)` and the stack, indented; for reports. */
  describe(slot: number, stack: number): string {
    const lines = this.depot.text(stack).split('\n');
    return `by slot ${slot} (${this._nameOf(slot)}):\n${lines.map((line) => `    ${line.trim()}`).join('\n')}`;
  }

  /** What describe() says of this thread, which frees what is freed already; a line of its own. */
  describeAgain(stack: number): string {
    return `\n  freed again ${this.describe(this.slot, stack)}`;
  }

  private _stack(): number {
    const handle = this.depot.save(this._parts.captureStack());
    if (handle === 0) this._countSkipped();
    return handle;
  }

  private _countSkipped(): void {
    const word = slotStart(this.geometry, this.slot) + SLOT.hooksSkipped;
    this.words.storePlain(word, this.words.loadPlain(word) + 1);
  }

  /** The slot's name now: who had it before may have had another. */
  private _nameOf(slot: number): string {
    if (slot < 0 || slot >= this.geometry.slots) return 'no slot';
    const start = slotStart(this.geometry, slot);
    const length = this.words.loadPlain(start + SLOT.nameBytes);
    const bytes = new Uint8Array(Math.min(Math.max(length, 0), NAME_WORDS * BYTES_PER_WORD));
    this.words.readBytesPlain(start + SLOT.name, bytes, bytes.length);
    return decodeUtf8(bytes);
  }
}
