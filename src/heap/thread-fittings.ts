/** Which fittings one thread of a heap gets: plain ones or those that validate, with what the heap was made with round them. */
import type { Geometry } from '../layout/heap-header.js';
import { ownerTag } from '../locks/owner.js';
import type { Membership } from '../threads/thread-registry.js';
import type { Host } from '../words/host.js';
import type { Words } from '../words/words.js';
import { debugFittings } from './debug-fittings.js';
import { type Fittings, PLAIN } from './fittings.js';
import type { HeapHandle } from './heap-handle.js';
import { injectedFittings } from './injected-fittings.js';
import { type ValidateOptions, validatingFittings } from './validation.js';

/** The fittings of a thread that has joined. */
export function fittingsOf(
  handle: HeapHandle,
  validate: ValidateOptions,
  host: Host,
  words: Words,
  geometry: Geometry,
  membership: Membership,
  name: string,
): Fittings {
  const own = fittingsFor(handle, validate, host, geometry, membership, name);
  return withHooks(own, handle, words, geometry, membership.slot);
}

function fittingsFor(
  { validation }: HeapHandle,
  validate: ValidateOptions,
  host: Host,
  { spinRounds }: Geometry,
  { slot, generation }: Membership,
  name: string,
): Fittings {
  if (validation === undefined) return PLAIN;
  const tag = ownerTag(slot, generation);
  return validatingFittings(validation, validate, { host, name, slot, tag, spinRounds });
}

/** What a debug heap, and one that injects faults, puts round the parts of any other. */
function withHooks(
  base: Fittings,
  { debug }: HeapHandle,
  words: Words,
  geometry: Geometry,
  slot: number,
): Fittings {
  const hooked = debug === undefined ? base : debugFittings(base, debug, words, geometry, slot);
  return geometry.faultInjection === 0 ? hooked : injectedFittings(hooked);
}
