/**
 * Charge repair: the words of a dead thread's slot that say what it has charged, made whole. What it had in hand is in the
 * hand of an intent then, or some memory's, or in the stock.
 *
 *     the stock and an object     stock-moves.ts
 *     an intent `stock`           the place of the stock has it; nothing is in hand
 *     an intent `charge`          word `a` names who pays: the memory has it, and nothing is in hand
 *     an intent `ledgers`         repairNumbers() (strayed-charges.ts)
 *
 * Who may call: who has claimed the slot, before anything else of it is touched: the words that are looked at are in
 * sheaves of the slot, in memory that it had in hand, and in slots that it had borrowed.
 *
 * I1  Each step can be stopped anywhere and done again.
 */
import type { Geometry } from '../layout/heap-header.js';
import { INTENT, INTENT_FRAME_WORDS, INTENT_FRAMES, INTENT_KIND, SLOT } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';
import { repairStock } from './stock-moves.js';

/** @param slot word index of the slot */
export function repairCharges(words: Words, geometry: Geometry, slot: number): void {
  repairStock(words, geometry, slot);
  const depth = Math.min(words.loadPlain(slot + SLOT.intentDepth), INTENT_FRAMES);
  for (let i = 0; i < depth; i++) {
    const frame = slot + SLOT.intents + i * INTENT_FRAME_WORDS;
    const kind = words.loadPlain(frame + INTENT.kind);
    if (kind === INTENT_KIND.stock) putBack(words, frame);
    else if (kind === INTENT_KIND.charge) {
      const inner = frame + INTENT_FRAME_WORDS + INTENT.saved;
      settle(words, frame, i + 1 < depth ? inner : slot + SLOT.inHand);
    }
  }
  // Nobody is inside any more, or reclaims. A hint: publishes nothing.
  words.storePlain(slot + SLOT.stockAcquired, 0);
  words.store(slot + SLOT.reclaiming, 0);
}

function putBack(words: Words, frame: number): void {
  words.storePlain(words.loadPlain(frame + INTENT.d), words.loadPlain(frame + INTENT.c));
  words.storePlain(frame + INTENT.kind, INTENT_KIND.nothing);
}

/** @param inHand the word that says what memory the intent has in hand */
function settle(words: Words, frame: number, inHand: number): void {
  const word = words.loadPlain(frame + INTENT.a);
  if (word === 0) return;
  if (words.loadPlain(word) === 0) {
    words.storePlain(frame + INTENT.a, 0);
    return;
  }
  // The memory is charged: it is what the intent around this one has in hand.
  const memory = words.loadPlain(inHand);
  if (memory !== 0) words.storePlain(frame + INTENT.saved, memory);
  words.storePlain(frame + INTENT.kind, INTENT_KIND.nothing);
}
