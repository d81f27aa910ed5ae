/**
 * LockHolder: who holds a lock that was not to be had, as far as the heap says it: for the error, which is to tell what to
 * wait for.
 *
 *     alive     has not left the heap, nor is it known to have ended: a thread that was terminated is alive in the heap's
 *               books until the thread that started it hears of its end, which takes that one's event loop
 *     dead      is known to have ended, and its slot is being reaped
 *     left      has left the heap since, or was reaped: the lock is another's by now
 *     unknown   no heap tells: the lock lies in another kind of buffer, or something was written over it
 *
 * Who may call: any thread, in any context. Only on the way to an error: it reads the heap's header anew.
 */
import { constantWordIndex, MAGIC_0, MAGIC_1, readGeometry } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { readThreadName } from '../layout/thread-name.js';
import { SLOT, SLOT_STATE, SLOT_STATE_MASK } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';
import { isOfGeneration, slotOfTag } from './owner.js';

export type HolderState = 'alive' | 'dead' | 'left' | 'unknown';

export interface LockHolder {
  /** 0 where it is not one thread that holds the lock. */
  readonly tag: number;
  /** -1 where there is not one. */
  readonly slot: number;
  /** Of the thread; empty where it is not known. */
  readonly name: string;
  readonly state: HolderState;
}

/** The thread that an owner tag names. */
export function holderOf(words: Words, tag: number): LockHolder {
  const slot = slotOfTag(tag);
  const unknown: LockHolder = { tag, slot, name: '', state: 'unknown' };
  if (tag === 0 || !isHeap(words)) return unknown;
  const geometry = readGeometry(words);
  if (slot < 0 || slot >= geometry.slots) return unknown;
  const start = slotStart(geometry, slot);
  // Publishes nothing: for a message.
  const state = words.load(start + SLOT.state) & SLOT_STATE_MASK;
  // Publishes nothing: as above.
  const isOfTag = isOfGeneration(tag, words.load(start + SLOT.generation));
  if (state === SLOT_STATE.free || state === SLOT_STATE.joining || !isOfTag) {
    return { tag, slot, name: '', state: 'left' };
  }
  return {
    tag,
    slot,
    name: readThreadName(words, start),
    state: state >= SLOT_STATE.dead ? 'dead' : 'alive',
  };
}

/** False for a lock outside of every heap, as that of the validator's journal. */
function isHeap(words: Words): boolean {
  return (
    words.loadPlain(constantWordIndex('magic0')) === MAGIC_0 &&
    words.loadPlain(constantWordIndex('magic1')) === MAGIC_1
  );
}
