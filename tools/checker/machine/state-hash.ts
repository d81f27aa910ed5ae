/** A number for the state of an execution: of memory, of what each thread has seen, of what waits. */
import { mix } from './memory.js';
import type { ModelThread } from './model-thread.js';
import type { Performer } from './performer.js';

/** @param rest a number for what else decides how it goes on. Returns 49 bits, so that a number holds them and four bits more exactly. */
export function stateHash(
  threads: readonly ModelThread[],
  { memory, buffers, races }: Performer,
  rest: number,
): number {
  let { hash0, hash1 } = memory;
  hash0 ^= mix(races.hash(), rest, 1);
  for (const thread of threads) {
    const flags =
      (thread.trail.hasNews(memory) ? 1 : 0) | (thread.isWoken ? 2 : 0) | (thread.isOver() ? 4 : 0);
    hash0 = mix(hash0, thread.hash0, flags + 1);
    hash1 = mix(hash1, thread.hash1, flags + 9);
  }
  for (const { thread, word, values } of buffers.lanes) {
    hash0 = mix(hash0, mix(thread, word, 3), values.length);
    hash1 = mix(hash1, mix(thread, word, 5), values.length);
  }
  return (hash0 >>> 0) * 2 ** 17 + (hash1 >>> 15);
}
