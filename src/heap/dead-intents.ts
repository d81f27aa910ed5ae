/**
 * What a dead thread had in its hands: finishes or undoes its intents (threads/intents.ts), the innermost first.
 *
 *     frame n: nothing taken yet, SLOT.inHand = p --> p was handed out for it, where it has left its structure: take()
 *              finished                               by kind
 *              closed                                 and frame n - 1 has in hand what frame n has saved
 *
 * Who may call: who has claimed the slot of a zombie, whose locks are repaired, whose words hold no sheaves, and of which it is
 * settled what it had deferred (finishDeferring).
 *
 * I1  Each step can be stopped anywhere and done again: what is freed is found in the slot's sheaves or on its lists, and
 *     not freed twice.
 */
import { INTENT, INTENT_FRAME_WORDS, INTENT_FRAMES, INTENT_KIND, SLOT } from '../layout/thread-slot.js';
import { finishSlabIntent } from '../slab/dead-sheaves.js';
import { finishHead } from '../slab/done-frees.js';
import { finishName } from './dead-names.js';
import type { Estate } from './estate.js';
import { freeInHand, isInUse, isWaiting, outerOf, retireInHand } from './estate-memory.js';
import type { HeapParts } from './heap-parts.js';
import type { MapReaper } from './map-reaper.js';

/** Finishes all intents of the slot. Returns how many there were. */
export function finishIntents(parts: HeapParts, estate: Estate, maps: MapReaper): number {
  const { words, start, intents } = estate;
  let finished = 0;
  for (;;) {
    const depth = words.loadPlain(start + SLOT.intentDepth);
    if (depth <= 0) return finished;
    const frame = depth > INTENT_FRAMES ? 0 : start + SLOT.intents + (depth - 1) * INTENT_FRAME_WORDS;
    const kind = frame === 0 ? INTENT_KIND.nothing : words.loadPlain(frame + INTENT.kind);
    if (kind === INTENT_KIND.charge) finishCharge(estate, frame);
    else if (kind !== INTENT_KIND.nothing) {
      takeInHand(estate, frame);
      finishOne(parts, estate, frame, maps);
    }
    if (kind !== INTENT_KIND.nothing) finished++;
    intents.close(frame);
  }
}

/** What was handed out for the intent, and has left its structure, is the intent's. */
function takeInHand(estate: Estate, frame: number): void {
  const { words, start, intents } = estate;
  const p = words.loadPlain(start + SLOT.inHand);
  if (p === 0) return;
  const isSecond = words.loadPlain(frame + INTENT.a) !== 0;
  if (isNamed(estate, frame + INTENT.a, p) || isNamed(estate, frame + INTENT.b, p)) return;
  if (!isInUse(estate, p)) return;
  // Nothing was written to it yet by which map-repair.ts could tell that it was not in the map: it was not.
  if (!isSecond && words.loadPlain(frame + INTENT.kind) === INTENT_KIND.entry) {
    intents.become(frame, INTENT_KIND.free);
  }
  if (!isSecond) intents.take(frame, p);
  else if (words.loadPlain(frame + INTENT.kind) === INTENT_KIND.name) intents.takeSecond(frame, p);
}

/** True where word `place` names memory `p`, by the one or the other of its addresses. */
function isNamed(estate: Estate, place: number, p: number): boolean {
  const named = estate.words.loadPlain(place);
  return named > 0 && outerOf(estate, named) === outerOf(estate, p);
}

function finishOne(parts: HeapParts, estate: Estate, frame: number, maps: MapReaper): void {
  switch (estate.words.loadPlain(frame + INTENT.kind)) {
    case INTENT_KIND.publish:
      finishPublish(estate, frame);
      return;
    case INTENT_KIND.free:
      finishFree(estate, frame);
      return;
    case INTENT_KIND.retire:
      finishRetire(estate, frame);
      return;
    case INTENT_KIND.entry:
      maps.finishEntry(estate, frame);
      return;
    case INTENT_KIND.clear:
      maps.finishClear(estate, frame);
      return;
    case INTENT_KIND.name:
      finishName(parts, estate, frame);
      return;
    case INTENT_KIND.slab:
      finishSlabIntent(estate, frame);
      return;
    case INTENT_KIND.head:
      finishHead({ ...estate, kmalloc: { free: (p) => freeInHand(estate, p) } }, frame);
      return;
    default:
  }
}

/** The memory that it was charged for is nobody's, and the charge is given back. */
function finishCharge(estate: Estate, frame: number): void {
  const { words, start, kmalloc, charges } = estate;
  const p = words.loadPlain(start + SLOT.inHand);
  if (p !== 0 && isInUse(estate, p)) {
    kmalloc.accounted.forgetPayer(outerOf(estate, p));
    freeFromHand(estate, p);
  }
  charges.finish(frame);
}

/** Frees what SLOT.inHand names. I1: an intent to free it has it from here on, and what that has saved of the hand is nothing. */
function freeFromHand(estate: Estate, p: number): void {
  const { words, start, intents } = estate;
  const depth = words.loadPlain(start + SLOT.intentDepth);
  const saved = start + SLOT.intents + depth * INTENT_FRAME_WORDS + INTENT.saved;
  const frame = intents.open(INTENT_KIND.free, saved, p);
  if (frame !== 0) words.storePlain(saved, 0);
  freeInHand(estate, p);
  intents.close(frame);
}

/** Found by its word it is somebody's; else it is given back. */
function finishPublish(estate: Estate, frame: number): void {
  const { words, intents } = estate;
  const place = words.loadPlain(frame + INTENT.place);
  // placed-memory:P1: whether it was published. While the zombie's turn counts as open what it had is not used anew.
  if (words.load(place) === words.loadPlain(frame + INTENT.a)) return;
  intents.become(frame, INTENT_KIND.free);
  finishFree(estate, frame);
}

/** Frees what is not free yet; where a word led to it, that leads nowhere first. */
function finishFree(estate: Estate, frame: number): void {
  const p = estate.words.loadPlain(frame + INTENT.a);
  if (p === 0) return;
  clearPlace(estate, frame, p);
  if (isInUse(estate, p)) freeInHand(estate, p);
}

function finishRetire(estate: Estate, frame: number): void {
  const { words } = estate;
  const p = words.loadPlain(frame + INTENT.a);
  if (p === 0) return;
  clearPlace(estate, frame, p);
  if (!isWaiting(estate, p)) retireInHand(estate, p, words.loadPlain(frame + INTENT.b));
}

function clearPlace({ words }: Estate, frame: number, p: number): void {
  const place = words.loadPlain(frame + INTENT.place);
  // Publishes nothing: what the dead thread was about to store.
  if (place !== 0 && words.load(place) === p) words.store(place, 0);
}
