/**
 * What a thread did last, of what takes long: told to others by one word of its slot, so that a report of a stall can
 * say it. Stored in slow paths alone, and plainly: a hint, which costs two accesses to a line that is the thread's own.
 *
 * Who may call: noteActivity() the slot's thread; the others any thread.
 */

import type { Words } from '../words/words.js';
import { ACTIVITY_STEP, ACTIVITY_TEXTS, SLOT } from './thread-slot.js';

const KIND_MASK = ACTIVITY_STEP - 1;

/** @param slot word index of this thread's slot; @param activity an ACTIVITY */
export function noteActivity(words: Words, slot: number, activity: number): void {
  const word = slot + SLOT.activity;
  words.storePlain(word, (words.loadPlain(word) & ~KIND_MASK) + ACTIVITY_STEP + activity);
}

/** A number that is another after each noteActivity(). @param slot word index of any slot */
export function activityOf(words: Words, slot: number): number {
  return words.loadPlain(slot + SLOT.activity);
}

/** What activityOf() returned, in words. */
export function activityText(activity: number): string {
  return ACTIVITY_TEXTS[activity & KIND_MASK] ?? 'something unknown';
}
