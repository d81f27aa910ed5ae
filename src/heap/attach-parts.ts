/**
 * Joining a heap: the one that is made here, or that of a handle.
 *
 *     createParts -> attachParts -> joinEmptyHanded (words) -> wireParts (objects)
 *
 * Everything that can be refused is refused before the slot is taken.
 */
import { type Geometry, HEADER, readGeometry } from '../layout/heap-header.js';
import { CACHE_SLOT, CACHE_SLOT_WORDS, SLOT } from '../layout/thread-slot.js';
import { joinHeap, type Membership } from '../threads/thread-registry.js';
import { engineHost } from '../words/host.js';
import { NativeWords, reserveBuffer, StrictNativeWords } from '../words/native-words.js';
import { PAGE_BYTES } from '../words/units.js';
import type { Words } from '../words/words.js';
import { makeDebug, requireDebug } from './debug-fittings.js';
import { formatHeap, planFrom } from './format-heap.js';
import { type HeapHandle, makeHandle, requireHandle } from './heap-handle.js';
import { type HeapOptions, requireIsolated, type Surroundings } from './heap-options.js';
import { type HeapParts, wireParts } from './heap-parts.js';
import { fittingsOf } from './thread-fittings.js';
import { makeValidation, requireValidation, resolveValidate, type ValidateOptions } from './validation.js';

/** Makes a heap in a buffer of its own and joins it. */
export function createParts(options: HeapOptions, surroundings: Surroundings): HeapParts {
  const geometry = planFrom(options, surroundings.host ?? engineHost);
  const buffer = reserveBuffer(geometry.totalPages * PAGE_BYTES);
  formatHeap(new NativeWords(buffer), geometry);
  const validate = resolveValidate(options.validate, surroundings.host ?? engineHost);
  const validation = validate === undefined ? undefined : makeValidation(validate);
  const debug = geometry.debugHooks === 0 ? undefined : makeDebug(geometry);
  const handle = makeHandle(buffer, options.strict ?? false, validation, debug);
  return attachParts(handle, options.name ?? 'main', surroundings, validate, options.isolated);
}

/** Joins a heap. Throws AttachError or NoFreeSlotError; then nothing has changed. */
export function attachParts(
  handle: HeapHandle,
  name: string,
  surroundings: Surroundings,
  validate: ValidateOptions = {},
  isolated = false,
): HeapParts {
  requireHandle(handle);
  requireValidation(handle.validation);
  if (typeof name !== 'string') {
    throw new TypeError(`attached to a heap as ${String(name)}; a thread's name is a string`);
  }
  const host = surroundings.host ?? engineHost;
  const words = handle.strict ? new StrictNativeWords(handle.buffer) : new NativeWords(handle.buffer);
  const geometry = readGeometry(words);
  requireDebug(handle.debug, geometry);
  requireIsolated(isolated);
  // Who may neither wait nor spin must be able to enter a turn at once.
  const isAlone = isolated || host.waitRight === 'may-neither';
  // The handle may be sent on to other threads, for which the number is not meant.
  const { threadNumber = 0, ...own } = handle;
  const threadId = host.threadId === 0 ? threadNumber : host.threadId;
  const membership = joinEmptyHanded(words, geometry, name, isAlone, threadId);
  const fittings = fittingsOf(handle, validate, host, words, geometry, membership, name);
  const parts = wireParts(own, host, words, geometry, membership, surroundings, fittings);
  if (parts.kfreeRcu.isShort()) parts.driver.topUp();
  return parts;
}

/** Takes a slot that keeps nothing yet; `isolated` and `threadId` as for joinHeap(). Throws NoFreeSlotError; then nothing has changed. */
export function joinEmptyHanded(
  words: Words,
  geometry: Geometry,
  name: string,
  isolated = false,
  threadId = 0,
): Membership {
  const membership = joinHeap(words, geometry, name, isolated, threadId);
  installBootstrapSheaves(words, geometry, membership.start);
  return membership;
}

/** A fresh slot caches nothing: every sheaf is the bootstrap sheaf, through which push and pop fall. */
function installBootstrapSheaves(words: Words, geometry: Geometry, slot: number): void {
  for (let id = 0; id < geometry.maxCaches; id++) {
    const place = slot + SLOT.caches + id * CACHE_SLOT_WORDS;
    words.storePlain(place + CACHE_SLOT.main, HEADER.bootstrapSheaf);
    words.storePlain(place + CACHE_SLOT.spare, 0);
    words.storePlain(place + CACHE_SLOT.rcu, HEADER.bootstrapSheaf);
    words.storePlain(place + CACHE_SLOT.inHand, 0);
  }
}
