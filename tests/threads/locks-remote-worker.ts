/** The worker behind a Remote: does what it is told, and answers. */
import { parentPort } from 'node:worker_threads';
import { Heap } from '../../src/index.js';
import type { LockOptions } from '../../src/locks/lock-options.js';
import { LEDGER, visitSync } from './locks-death.js';
import type { Answer, Command, RemoteBriefing, Way } from './locks-remote.js';
import { type Guard, type Place, take, takeAll, takeSync, tryTake } from './locks-take.js';
import { Tokens } from './locks-tokens.js';
import { report, takeBriefing } from './team.js';

const { handle, name } = takeBriefing<RemoteBriefing>();
const heap = Heap.attach(handle, { name });
const guards: Guard[] = [];

async function perform(command: Command): Promise<Answer> {
  switch (command.do) {
    case 'take':
      return takeAs(command);
    case 'takeAll':
      guards.push(...takeAll(heap, command.place));
      return {};
    case 'mend':
      guards.at(-1)!.markConsistent!();
      return {};
    case 'release':
      for (const guard of guards.splice(0)) guard.release();
      return {};
    case 'visit':
      return { told: visitSync(heap, command) };
    case 'contend':
      return contend(command);
    case 'consume':
      return consume(command);
    case 'notify':
      return { isNotified: heap.condVar(command.name).notifyOne() };
    case 'detach':
      heap.detach();
      parentPort!.unref();
      return {};
  }
}

async function takeAs({ place, way, timeoutMillis }: Command & { do: 'take' }): Promise<Answer> {
  const asked = performance.now();
  const options = timeoutMillis === undefined ? {} : { timeoutMillis };
  const guard = await takeBy(way, place, options);
  if (guard !== undefined) guards.push(guard);
  const waitedMillis = performance.now() - asked;
  return { isTaken: guard !== undefined, ownerDied: guard?.ownerDied ?? false, waitedMillis };
}

async function takeBy(way: Way, place: Place, options: LockOptions): Promise<Guard | undefined> {
  if (way === 'try') return tryTake(heap, place);
  return way === 'sync' ? takeSync(heap, place, options) : await take(heap, place, options);
}

function contend(command: Command & { do: 'contend' }): Answer {
  let visits = 0;
  let told = 0;
  while (heap.words.load(command.ledger + LEDGER.stop) === 0) {
    told += visitSync(heap, command);
    visits++;
  }
  return { visits, told };
}

function consume(command: Command & { do: 'consume' }): Answer {
  const tokens = new Tokens(heap, command.name, command.ledger);
  let visits = 0;
  while (tokens.useSync(() => {})) visits++;
  return { visits, told: tokens.told };
}

parentPort!.on('message', async (command: Command) => {
  try {
    report(await perform(command));
  } catch (error) {
    report({ error: String(error) });
  }
});
report({});
