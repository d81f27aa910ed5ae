/** What a lock keeps one from, of whose owner's end its parent is about to hear. */
import { setTimeout } from 'node:timers/promises';
import { LockTimeoutError } from '../../src/index.js';

const ATTEMPTS = 4;
/** News of a worker's end take no longer. */
const NEWS_MILLIS = 50;

/** Does something that may be done again where a lock was not to be had. Throws what it threw the last time. */
export async function tryAfterNews(act: () => void): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      act();
      return;
    } catch (error) {
      if (!(error instanceof LockTimeoutError) || attempt === ATTEMPTS) throw error;
    }
    await setTimeout(NEWS_MILLIS);
  }
}
