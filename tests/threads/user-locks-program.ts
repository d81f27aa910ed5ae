/**
 * A program of its own, for what only a whole process shows: whether it stays for a lock that it waits for, and ends
 * once it waits for nothing. It takes what the first argument says, in the way that the second says.
 *
 *     has           takes it, and lets it go
 *     times out     waits for it in vain, as another thread keeps it
 *     aborts        calls its wait off
 *     waits         gets it after a while; nothing but the wait keeps the process
 *     is notified   the same, of a condition
 */
import { Heap } from '../../src/index.js';
import { type Command, Remote } from './locks-remote.js';
import { type Place, type PlaceKind, take } from './locks-take.js';

/** Long enough for a process that nothing keeps to be gone. */
const WHILE_MILLIS = 300;

const [kind, ending] = process.argv.slice(2) as [PlaceKind, string];
const heap = Heap.create({ bytes: 4 * 2 ** 20 });
const place: Place = { kind, name: 'wanted' };

/** Another thread, which keeps the lock from everybody and the process from nothing. */
async function startHolder(): Promise<Remote> {
  const holder = await Remote.start(heap.handle, 'holder');
  await holder.ask({ do: 'takeAll', place });
  return holder;
}

function later(holder: Remote, command: Command): void {
  setTimeout(() => holder.worker.postMessage(command), WHILE_MILLIS).unref();
}

async function run(): Promise<void> {
  switch (ending) {
    case 'has':
      return (await take(heap, place)).release();
    case 'times out': {
      await startHolder();
      return take(heap, place, { timeoutMillis: 50 }).then(unexpected, ({ name }: Error) =>
        console.log(name),
      );
    }
    case 'aborts': {
      await startHolder();
      const signal = AbortSignal.timeout(50);
      return take(heap, place, { signal }).then(unexpected, ({ name }: Error) => console.log(name));
    }
    case 'waits':
      later(await startHolder(), { do: 'release' });
      return (await take(heap, place)).release();
    case 'is notified': {
      const holder = await Remote.start(heap.handle, 'notifier');
      const guard = await heap.mutex('wanted').lock();
      later(holder, { do: 'notify', name: 'wanted' });
      await heap.condVar('wanted').wait(guard);
      return guard.release();
    }
  }
}

function unexpected(): void {
  throw new Error('had the lock that another thread keeps');
}

await run();
console.log('through');
