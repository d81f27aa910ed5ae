/** A thread that takes one lock over and over until it is terminated, and leaves word where it was. */
import { Heap } from '../../src/index.js';
import { count, type DeathBriefing, LEDGER, RECORD_WORDS } from './locks-death.js';
import { PERMITS } from './locks-take.js';
import { Tokens } from './locks-tokens.js';
import { report, takeBriefing } from './team.js';

/** Rounds of a loop inside: places at which the engine ends a thread. */
const WORK = 100;

const { handle, kind, name, ledger } = takeBriefing<DeathBriefing>();
const heap = Heap.attach(handle, { name: `victim ${name}` });
const { words } = heap;

function work(): void {
  for (let i = 0; i < WORK; i++) words.loadPlain(ledger + LEDGER.inside);
}

/** Sets the word first thing inside, and clears it last. */
function stay(guard: { release(): void }): void {
  words.storePlain(ledger + LEDGER.inside, 1);
  work();
  words.storePlain(ledger + LEDGER.inside, 0);
  guard.release();
}

/** What is done for ever. */
function makeRound(): () => unknown {
  switch (kind) {
    case 'mutex': {
      const mutex = heap.mutex(name);
      return () => stay(mutex.lockSync());
    }
    case 'writing': {
      const lock = heap.rwLock(name);
      return () => stay(lock.writeSync());
    }
    case 'reading': {
      const lock = heap.rwLock(name);
      return () => {
        const guard = lock.readSync();
        work();
        guard.release();
      };
    }
    case 'permit': {
      const semaphore = heap.semaphore(name, PERMITS);
      return () => {
        const first = semaphore.acquireSync();
        const second = semaphore.tryAcquire();
        work();
        second?.release();
        first.release();
      };
    }
    case 'record': {
      const record = heap.seqLock(name, RECORD_WORDS);
      return () => record.write(count);
    }
    case 'condition': {
      const tokens = new Tokens(heap, name, ledger);
      return () => tokens.useSync(work);
    }
  }
}

const round = makeRound();
// The turn in which the lock was opened ends here.
await Promise.resolve();
report({});
for (;;) round();
