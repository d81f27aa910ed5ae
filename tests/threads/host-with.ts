/** A real thread that counts as one in which less is allowed: as a browser's main thread, or an audio worklet. */
import { engineHost, type Host, type WaitRight } from '../../src/words/host.js';

/** The host of this thread, with another right to wait. */
export function hostWith(waitRight: WaitRight): Host {
  return Object.create(engineHost, { waitRight: { value: waitRight } }) as Host;
}
