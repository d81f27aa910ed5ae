/**
 * DebugHeadPlaces: RcuHeads of callbacks in a debug heap: one that is queued while it waits is reported, and so is one in
 * an object that is free. A plain heap would link the list through the same two words twice, and lose what is behind.
 *
 *     call(head)  its func is no callback's id -> it does not wait
 *                 it is one's -> does it wait here, or on the list of another thread? -> MemoryCorruptionError
 *
 * The words of a head that waits no longer are cleared, so that its func says nothing when it is queued again. The stack
 * of the first call is known in the thread that made it.
 */
import { HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { hasShells, SHELL_HEAD_WORDS } from '../layout/shell-record.js';
import { CALLBACK_LIST, FIRST_CALLBACK_ID, RCU_HEAD, SLOT } from '../layout/thread-slot.js';
import type { DebugTools } from '../pages/debug-tools.js';
import { MemoryCorruptionError } from '../pages/memory-corruption-error.js';
import { PlainHeadPlaces } from './head-places.js';
import type { ObjectShell } from './object-shell.js';

type Given = ConstructorParameters<typeof PlainHeadPlaces>;

export class DebugHeadPlaces extends PlainHeadPlaces {
  private readonly _tools: DebugTools;
  private readonly _shell: ObjectShell;
  private readonly _inner: PlainHeadPlaces;

  constructor(tools: DebugTools, shell: ObjectShell, inner: PlainHeadPlaces, ...given: Given) {
    super(...given);
    this._tools = tools;
    this._shell = shell;
    this._inner = inner;
  }

  override admit(head: number): number {
    const stack = this._tools.freeStack();
    const bare = this._inner.admit(head);
    this._requireLive(bare);
    const { waitingHeads } = this._tools;
    if (waitingHeads.has(bare) || this._waitsElsewhere(bare)) throw this._doubleCall(bare);
    for (const beside of [bare - 1, bare + 1]) if (waitingHeads.has(beside)) throw this._doubleCall(beside);
    waitingHeads.add(bare, stack);
    return bare;
  }

  override release(head: number): void {
    this._tools.waitingHeads.delete(head);
    this.words.storePlain(head + RCU_HEAD.func, 0);
  }

  private _requireLive(head: number): void {
    const start = this.startOf(head);
    if (!hasShells(this.geometry) || !this.isObject(start)) return;
    this._shell.requireLive(start - SHELL_HEAD_WORDS, `called rcu.call() with an RcuHead at ${head}, in`);
  }

  /** True where another thread, or one that has left, has the head on its list. */
  private _waitsElsewhere(head: number): boolean {
    const { words, geometry } = this;
    if (words.loadPlain(head + RCU_HEAD.func) < FIRST_CALLBACK_ID) return false;
    // Publishes nothing: a slot that is claimed just now has no callbacks.
    const claimed = words.load(HEADER.slotsClaimed);
    for (let slot = 0; slot < claimed; slot++) {
      const list = slotStart(geometry, slot) + SLOT.callbacks;
      if (this._isOn(list + CALLBACK_LIST.head, list + CALLBACK_LIST.length, head)) return true;
    }
    return this._isOn(HEADER.orphanCallbacks, HEADER.orphanCallbackCount, head);
  }

  /** Looks through a list that its owner may be changing: a head that is not there any more has been called. */
  private _isOn(first: number, length: number, head: number): boolean {
    let other = this.words.loadPlain(first);
    for (let i = this.words.loadPlain(length); i > 0 && this.startOf(other) !== 0; i--) {
      if (other === head) return true;
      other = this.words.loadPlain(other + RCU_HEAD.next);
    }
    return false;
  }

  private _doubleCall(head: number): MemoryCorruptionError {
    const { depot, slot } = this._tools;
    const stack = this._tools.waitingHeads.stackOf(head);
    const first =
      stack === undefined ? 'by another thread, where is not known' : this._tools.describe(slot, stack);
    return new MemoryCorruptionError({
      kind: 'double-call',
      address: head,
      offset: undefined,
      message:
        `called rcu.call() with the RcuHead at address ${head}, which waits already for callback ` +
        `${this.words.loadPlain(head + RCU_HEAD.func)}; call it again once its callback was called, or use another head\n` +
        `  called first ${first}`,
      allocStack: depot.text(0),
      freeStack: depot.text(stack ?? 0),
    });
  }
}

/** What says that the memory at `address` was freed, in which `head` waits. */
export function freedHeadError(tools: DebugTools, address: number, head: number): MemoryCorruptionError {
  const called = tools.waitingHeads.stackOf(head) ?? 0;
  const again = tools.freeStack();
  return new MemoryCorruptionError({
    kind: 'double-free',
    address,
    offset: undefined,
    message:
      `freed what lies at address ${address}, but the RcuHead at word ${head - address} of it waits for its callback; ` +
      `free it in the callback, or after it\n` +
      `  called rcu.call() ${tools.describe(tools.slot, called)}\n  freed ${tools.describe(tools.slot, again)}`,
    allocStack: tools.depot.text(0),
    freeStack: tools.depot.text(called),
    againStack: tools.depot.text(again),
  });
}
