/**
 * A mixture: threads take, hand over, free and defer pages and objects, and read and write shared maps, with
 * every value looked at; then the books must add up. In one heap, or with every thread in several at once.
 */
import assert from 'node:assert/strict';
import { type Address, Heap, type HeapHandle, type HeapOptions } from '../../src/index.js';
import { CLEARED, COUNTERS, RECORDS } from './map-mixture.js';
import { requireBalance, settle } from './rest.js';
import { SEED_NOTE } from './seed.js';
import { startTeam } from './team.js';

const MAILBOX_WORDS = 64;
/** Between two looks at the books of a busy heap. */
const WATCH_MILLIS = 100;

/** One heap, as a worker is told of it. */
export interface Site {
  readonly handle: HeapHandle;
  readonly mailbox: Address;
}

export interface MixtureBriefing {
  readonly sites: readonly Site[];
  readonly mailboxWords: number;
  /** Of one worker, in all heaps together. */
  readonly operations: number;
  /** Leaves a heap and joins it again after so many operations; 0 = never. */
  readonly rejoinAfter: number;
  /** How often each worker is attached to each heap. */
  readonly attachments: number;
}

/** What a worker has done in one heap. */
export interface MixtureResult {
  readonly operations: number;
  readonly taken: number;
  readonly received: number;
  readonly refused: number;
  readonly increments: number;
}

export interface Mixture {
  /** Of each heap. */
  readonly options: readonly HeapOptions[];
  readonly threads: number;
  readonly operations: number;
  readonly rejoinAfter?: number;
  readonly attachments?: number;
}

/** Runs a mixture and checks the heaps that it leaves. */
export async function runMixture(mixture: Mixture): Promise<void> {
  const { threads, operations, rejoinAfter = 0, attachments = 1 } = mixture;
  const slots = threads * attachments + 1;
  const heaps = mixture.options.map((options) => Heap.create({ ...options, threads: slots }));
  const sites = heaps.map((heap) => ({ handle: heap.handle, mailbox: makeMailbox(heap) }));
  const mailboxWords = MAILBOX_WORDS;
  const briefing: MixtureBriefing = { sites, mailboxWords, operations, rejoinAfter, attachments };
  const team = startTeam<MixtureResult[]>('mixture-worker', new Array(threads).fill(briefing));
  await watch(heaps, team.results);
  const results = await team.results;
  for (const [i, heap] of heaps.entries()) {
    const ofHeap = results.map((ofWorker) => ofWorker[i]!);
    requireThorough(ofHeap);
    await requireRest(heap, sites[i]!, ofHeap);
  }
}

function makeMailbox(heap: Heap): Address {
  const mailbox = heap.kmalloc(MAILBOX_WORDS * 4);
  heap.words.fillPlain(mailbox, mailbox + MAILBOX_WORDS, 0);
  return mailbox;
}

/** Looks at the books while others write in them: they need not add up, but looking does no harm. */
async function watch(heaps: readonly Heap[], results: Promise<unknown>): Promise<void> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  results.then(over, over);
  while (!isOver) {
    for (const heap of heaps) {
      assert.ok(heap.stats().pages.total > 0);
      heap.balance({ quiescent: false });
    }
    await new Promise((resolve) => setTimeout(resolve, WATCH_MILLIS));
  }
}

/** The run must have had what it is about, or it shows nothing. */
function requireThorough(results: readonly MixtureResult[]): void {
  const operations = sumOf(results, 'operations');
  assert.equal(sumOf(results, 'refused'), 0, `with memory to spare an allocation failed ${SEED_NOTE}`);
  assert.ok(sumOf(results, 'taken') > operations / 10, SEED_NOTE);
  const received = sumOf(results, 'received');
  assert.ok(received > results.length * 100, `only ${received} objects were handed over ${SEED_NOTE}`);
}

async function requireRest(
  heap: Heap,
  { handle, mailbox }: Site,
  results: readonly MixtureResult[],
): Promise<void> {
  for (let i = 0; i < MAILBOX_WORDS; i++) {
    const p = heap.words.exchange(mailbox + i, 0) as Address;
    if (p !== 0) heap.kfree(p);
  }
  await settle(heap);
  requireBalance(heap, [mailbox]);
  const counted = [...heap.map<string, number>(COUNTERS).values()].reduce((sum, count) => sum + count, 0);
  assert.equal(counted, sumOf(results, 'increments'), `update() lost or doubled an increment ${SEED_NOTE}`);
  for (const name of [RECORDS, CLEARED]) {
    const map = heap.map(name);
    assert.equal(map.size, [...map.keys()].length, `${name} ${SEED_NOTE}`);
  }
  heap.kfree(mailbox);
  heap.detach();
  // With nobody attached, then with a thread that has done nothing yet.
  requireBalance(heap, []);
  const fresh = Heap.attach(handle);
  requireBalance(fresh, []);
  fresh.detach();
}

function sumOf(results: readonly MixtureResult[], count: keyof MixtureResult): number {
  return results.reduce((sum, result) => sum + result[count], 0);
}
