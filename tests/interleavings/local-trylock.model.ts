/**
 * The local lock: keeps one thread's words from being changed by a hook of the same thread that runs in the
 * middle of a change. Threads have one each, and never meet: nothing here is interleaved, and a step into
 * another thread's words is a data race by itself.
 *
 * Not shown here: a hook that runs at any place. JavaScript runs one where code calls it, as these models do.
 */
import assert from 'node:assert/strict';
import { LocalTrylock } from '../../src/locks/local-trylock.js';
import type { Words } from '../../src/words/words.js';
import { model } from '../../tools/checker/model.js';

/** Words of each thread. */
const OWN = 16;
const ACQUIRED = 0;
/** A pair that only a whole change leaves alike. */
const FIRST = 1;
const SECOND = 2;
/** Changes that had to go another way. */
const ASIDE = 3;

/** One thread with its words and its lock. */
interface Local {
  readonly words: Words;
  readonly start: number;
  readonly lock: LocalTrylock;
}

function localOf(words: Words, thread: number): Local {
  const start = OWN * (thread + 1);
  return { words, start, lock: new LocalTrylock(words, start + ACQUIRED) };
}

/** Changes both words of the pair; `hook` comes in between. */
function change({ words, start, lock }: Local, hook: () => void): void {
  if (!lock.tryAcquire()) {
    words.storePlain(start + ASIDE, words.loadPlain(start + ASIDE) + 1);
    return;
  }
  const count = words.loadPlain(start + FIRST);
  assert.equal(words.loadPlain(start + SECOND), count, 'entered in the middle of a change');
  words.storePlain(start + FIRST, count + 1);
  hook();
  words.storePlain(start + SECOND, count + 1);
  lock.release();
}

function nothing(): void {}

/** Changes the pair with a hook that comes back twice, and then once more without. */
function changeWithHook(local: Local): void {
  change(local, () => {
    change(local, nothing);
    // The first that came back has not opened the lock for the second.
    change(local, nothing);
  });
  change(local, nothing);
}

function assertWhole({ words, start }: Local, changes: number, aside: number): void {
  assert.equal(words.loadPlain(start + FIRST), changes);
  assert.equal(words.loadPlain(start + SECOND), changes);
  assert.equal(words.loadPlain(start + ASIDE), aside);
  assert.equal(words.loadPlain(start + ACQUIRED), 0);
}

function nameOf(index: number): string {
  const role = { [ACQUIRED]: 'acquired', [FIRST]: 'first', [SECOND]: 'second', [ASIDE]: 'aside' }[
    index % OWN
  ];
  return `${role ?? `word ${index % OWN}`} of thread ${Math.floor(index / OWN) - 1}`;
}

export const sendsAHookAnotherWay = model<readonly [Local, Local]>({
  name: 'a hook that comes back in the middle of a change goes another way, in each of two threads',
  nameOf,
  setup: ({ words }) => [localOf(words, 0), localOf(words, 1)],
  threads: {
    alpha: ([alpha]) => changeWithHook(alpha),
    beta: ([, beta]) => changeWithHook(beta),
  },
  final([alpha, beta]) {
    assertWhole(alpha, 2, 2);
    assertWhole(beta, 2, 2);
  },
});

export const refusesASecondAcquire = model<Local>({
  name: 'acquire() in the middle of a change throws, and the change goes on as if nothing had been',
  nameOf,
  setup: ({ words }) => localOf(words, 0),
  threads: {
    alpha(alpha) {
      let message = '';
      change(alpha, () => {
        try {
          alpha.lock.acquire();
        } catch (error) {
          message = (error as Error).message;
        }
        change(alpha, nothing);
      });
      assert.match(message, /while holding it/);
      alpha.lock.acquire();
      alpha.lock.release();
    },
  },
  final: (alpha) => assertWhole(alpha, 1, 1),
});

export const standsApartFromADeadThread = model<readonly [Local, Local]>({
  name: 'a thread that was killed in the middle of a change holds up no other',
  nameOf,
  setup: ({ words }) => [localOf(words, 0), localOf(words, 1)],
  threads: {
    killed: ([killed]) => changeWithHook(killed),
    other: ([, other]) => changeWithHook(other),
  },
  final: ([, other]) => assertWhole(other, 2, 2),
  bounds: { kills: ['killed'] },
});
