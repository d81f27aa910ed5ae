/**
 * Threads that are terminated at any moment of a tight loop over a lock: whoever comes next has the lock soon, is told
 * when the dead was inside, and nobody hangs. LULL_LONG=1 makes it 100 trials of each kind.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type Address, Heap } from '../../src/index.js';
import {
  type DeathBriefing,
  LEDGER,
  LEDGER_WORDS,
  type VictimKind,
  type VisitedPlace,
  visit,
} from './locks-death.js';
import { Remote, until, within } from './locks-remote.js';
import { PERMITS, type Place, take, tryTake } from './locks-take.js';
import { Tokens } from './locks-tokens.js';
import { Random, SEED, SEED_NOTE } from './seed.js';

const IS_LONG = process.env.LULL_LONG === '1';
const TRIALS = IS_LONG ? 100 : 25;
/** A dead thread's slot stays taken. */
const SLOTS = 255;
const BYTES = 64 * 2 ** 20;
/** Everybody has the lock by then. */
const SOON_MILLIS = 2000;
/** A thread's code is compiled again and again in its first milliseconds: it is ended there, and later. */
const EARLY_MILLIS = 2;
const LATE_MILLIS = 25;
/** Tokens made before a consumer dies, and after. */
const TOKENS = 20;

interface Trial {
  readonly heap: Heap;
  readonly other: Remote;
  readonly random: Random;
  readonly kind: VictimKind;
  readonly name: string;
  readonly ledger: Address;
}

/** What trials have shown, so that a run that shows nothing is noticed. */
interface Findings {
  told: number;
  contended: number;
}

/** Starts a victim; resolves once it is about to loop. */
async function startVictim({ heap, kind, name, ledger }: Trial): Promise<Worker> {
  const workerData: DeathBriefing = { handle: heap.handle, kind, name, ledger };
  const victim = new Worker(new URL('./locks-death-worker.js', import.meta.url), { workerData });
  const begun = new Promise<void>((resolve, reject) => {
    victim.once('message', () => resolve());
    victim.on('error', reject);
  });
  await within(begun, `victim ${name} begins`);
  victim.unref();
  return victim;
}

/** Lets the victim run for a random time, and ends it. */
async function endVictim({ random, name }: Trial, victim: Worker): Promise<void> {
  const most = random.oneIn(2) ? EARLY_MILLIS : LATE_MILLIS;
  const end = performance.now() + (random.below(1000) / 1000) * most;
  while (performance.now() < end);
  await within(victim.terminate(), `the termination of victim ${name}`);
}

/** What others take, of the lock that the victim loops over. */
function placeOf({ kind, name }: Trial): VisitedPlace {
  if (kind === 'record') return { kind, name };
  return { kind: kind === 'reading' ? 'writing' : (kind as Place['kind']), name };
}

async function runTrial(trial: Trial, findings: Findings): Promise<void> {
  const { heap, other, random, ledger, name } = trial;
  const what = { place: placeOf(trial), ledger, timeoutMillis: SOON_MILLIS };
  const victim = await startVictim(trial);
  const isContended = random.oneIn(2);
  const contention = isContended ? other.ask({ do: 'contend', ...what }) : undefined;
  await endVictim(trial, victim);
  heap.words.store(ledger + LEDGER.stop, 1);
  let told = (await contention)?.told ?? 0;

  const visits = [
    () => within(visit(heap, what), `the main thread visits ${name}`),
    async () => (await other.ask({ do: 'visit', ...what })).told!,
  ];
  if (random.oneIn(2)) visits.reverse();
  for (const visitOnce of visits) told += await visitOnce();
  const [first, later] = [told, await visits[0]!()];
  assert.ok(first <= 1, `${first} were told of the one death in ${name} ${SEED_NOTE}`);
  assert.equal(later, 0, `told of a death in ${name} that was mended ${SEED_NOTE}`);
  if (trial.kind === 'permit') await requirePermits(trial);
  findings.told += told;
  if (isContended) findings.contended++;
}

/** All permits can be had at once, and not one more. */
async function requirePermits({ heap, name }: Trial): Promise<void> {
  const place: Place = { kind: 'permit', name };
  const permits = [];
  for (let n = 0; n < PERMITS; n++) {
    const options = { timeoutMillis: SOON_MILLIS };
    permits.push(await within(take(heap, place, options), `permit ${n} of ${name}`));
  }
  assert.equal(tryTake(heap, place), undefined, SEED_NOTE);
  for (const permit of permits) permit.release();
}

async function runTrials(
  t: TestContext,
  kind: VictimKind,
  runOne: (trial: Trial, findings: Findings) => Promise<void>,
): Promise<Findings> {
  const heap = Heap.create({ bytes: BYTES, threads: SLOTS });
  const other = await Remote.start(heap.handle, 'other');
  const random = new Random(SEED, kind.length);
  const findings: Findings = { told: 0, contended: 0 };
  for (let n = 0; n < TRIALS; n++) {
    const name = `${kind} ${n}`;
    const ledger = heap.kmalloc(LEDGER_WORDS * 4);
    heap.words.fillPlain(ledger, ledger + LEDGER_WORDS, 0);
    await runOne({ heap, other, random, kind, name, ledger }, findings);
  }
  await other.leave();
  const { told, contended } = findings;
  t.diagnostic(`${kind}: ${TRIALS} deaths, ${contended} under contention, ${told} inside ${SEED_NOTE}`);
  heap.detach();
  return findings;
}

for (const kind of ['mutex', 'writing', 'record'] as const) {
  test(`a thread that is terminated in a loop over ${kind} leaves the lock to others, who are told when it was inside`, async (t) => {
    const { told } = await runTrials(t, kind, runTrial);
    // About one in ten dies there.
    assert.ok(told > 0 || !IS_LONG, `of ${TRIALS} threads none died inside ${SEED_NOTE}`);
  });
}

for (const kind of ['reading', 'permit'] as const) {
  test(`a thread that is terminated in a loop over ${kind} leaves the lock to others, and nothing to tell`, async (t) => {
    const { told } = await runTrials(t, kind, runTrial);
    assert.equal(told, 0, SEED_NOTE);
  });
}

test('a thread that is terminated in a loop over a condition keeps no notification from others', async (t) => {
  await runTrials(t, 'condition', runConditionTrial);
});

/** Every token is used in the end, also those that the dead was notified of. */
async function runConditionTrial(trial: Trial, findings: Findings): Promise<void> {
  const { heap, other, random, name, ledger } = trial;
  const tokens = new Tokens(heap, name, ledger);
  const victim = await startVictim(trial);
  const consumed = other.ask({ do: 'consume', name, ledger });
  consumed.catch(() => {});
  for (let n = 0; n < TOKENS; n++) await tokens.make(SOON_MILLIS);
  if (random.oneIn(2)) {
    const making = makeTokens(tokens, TOKENS);
    await endVictim(trial, victim);
    await making;
  } else {
    // The one that is notified may be as good as dead, and nobody is notified after it.
    await makeTokens(tokens, TOKENS - 1);
    const end = victim.terminate();
    await tokens.make(SOON_MILLIS);
    await within(end, `the termination of victim ${name}`);
  }
  await until(() => tokens.left() === 0, `the tokens of ${name} are used`, SOON_MILLIS);
  await tokens.stop(SOON_MILLIS);
  const { told, visits } = await consumed;
  const [used, made] = tokens.used();
  assert.equal(used, made, SEED_NOTE);
  assert.equal(made, 2 * TOKENS, SEED_NOTE);
  findings.told += told! + tokens.told;
  if (visits! < made) findings.contended++;
}

async function makeTokens(tokens: Tokens, many: number): Promise<void> {
  for (let n = 0; n < many; n++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    await tokens.make(SOON_MILLIS);
  }
}
