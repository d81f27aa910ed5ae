/**
 * The classic uses of RCU among threads: readers at full speed, writers that replace and remove all the time. What a
 * reader met stays as it was while it looks, what is always there is always found, and no version goes back. The same
 * programs with a mistake show that the test can fail.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, Heap, type HeapOptions, TINY } from '../../src/index.js';
import {
  BUCKETS,
  configure,
  countedNodes,
  ENDING_WORDS,
  insert,
  type Mistake,
  makeCounted,
  NODE,
  PLACES,
  RESIDENTS,
  type Use,
  type UseBriefing,
  type UseResult,
} from './rcu-uses.js';
import { requireBalance, settle } from './rest.js';
import { SEED_NOTE } from './seed.js';
import { startTeam } from './team.js';

const READERS = 2;
const WRITERS = 2;
const DEFAULT_SIZES: HeapOptions = { bytes: 64 * 2 ** 20 };
const TINY_WITH_ROOM: HeapOptions = { ...TINY, pages: 16_384 };

interface Effort {
  readonly changes: number;
  readonly sections: number;
  readonly news: number;
}

async function play(
  use: Use,
  mistake: Mistake,
  options: HeapOptions,
  effort: Effort,
): Promise<readonly UseResult[]> {
  const heap = Heap.create({ ...options, threads: READERS + WRITERS + 1 });
  const places = zeroedWords(heap, 2 * PLACES);
  const ending = zeroedWords(heap, ENDING_WORDS);
  publishFirst(heap, use, places);
  const briefing = { handle: heap.handle, use, mistake, places, ending, writers: WRITERS, ...effort };
  const roles = [...new Array(READERS).fill('reader'), ...new Array(WRITERS).fill('writer')];
  const briefings: UseBriefing[] = roles.map((role) => ({ ...briefing, role }));
  const results = await startTeam<UseResult>('rcu-uses-worker', briefings).results;
  freeLast(heap, use, places);
  await settle(heap);
  requireBalance(heap, [places, ending]);
  heap.detach();
  return results;
}

function zeroedWords(heap: Heap, count: number): Address {
  const p = heap.kmalloc(count * 4);
  heap.words.fillPlain(p, p + count, 0);
  return p;
}

/** What is there before the first reader. */
function publishFirst(heap: Heap, use: Use, places: Address): void {
  if (use === 'configuration') configure(heap, places, 0, 'none');
  for (let key = 0; key < RESIDENTS; key++) {
    if (use === 'list') insert(heap, places, key, 0);
    if (use === 'hash list') insert(heap, places + (key % BUCKETS), key, 0);
    if (use === 'counted') heap.words.store(places + key, makeCounted(heap, countedNodes(heap), key, 0));
  }
}

/** Frees what is there at the end: nobody reads any more. */
function freeLast(heap: Heap, use: Use, places: Address): void {
  const { words } = heap;
  for (let place = places; place < places + PLACES; place++) {
    let p = words.load(place) as Address;
    while (p !== 0) {
      const next = words.load(p + NODE.next) as Address;
      if (use === 'counted') assert.equal(words.load(p + NODE.users), 1, SEED_NOTE);
      heap.kfree(p);
      p = (use === 'configuration' ? 0 : next) as Address;
    }
  }
}

function sumOf(results: readonly UseResult[], count: 'sections' | 'news' | 'violations'): number {
  return results.reduce((sum, result) => sum + result[count], 0);
}

const EFFORT: Effort = { changes: 4000, sections: 4000, news: 100 };
const USES: readonly Use[] = ['list', 'hash list', 'configuration', 'counted'];

for (const use of USES) {
  for (const [sizes, options] of [
    ['default sizes', DEFAULT_SIZES],
    ['TINY sizes', TINY_WITH_ROOM],
  ] as const) {
    test(`${use}: readers find what is there, as it was published, while writers replace it (${sizes})`, async () => {
      const results = await play(use, 'none', options, EFFORT);
      const violation = results.find(({ firstViolation }) => firstViolation !== '')?.firstViolation;
      assert.equal(sumOf(results, 'violations'), 0, `${violation} ${SEED_NOTE}`);
      assert.ok(sumOf(results, 'sections') >= EFFORT.sections, SEED_NOTE);
      // Readers that never met a change would prove nothing.
      assert.ok(sumOf(results, 'news') >= EFFORT.news, SEED_NOTE);
    });
  }
}

test('configuration: kfree() in place of kfreeRcu() is seen by the readers of this test', async () => {
  await requireSeen('configuration', 'kfree');
});

test('counted: readers that do not look again use what has become another key', async () => {
  await requireSeen('counted', 'no second look');
});

/** A mistake may go unseen where threads take turns by luck: three games at most. */
async function requireSeen(use: Use, mistake: Mistake): Promise<void> {
  for (let game = 0; game < 3; game++) {
    const results = await play(use, mistake, DEFAULT_SIZES, EFFORT);
    if (sumOf(results, 'violations') > 0) return;
  }
  assert.fail(`no reader has seen it ${SEED_NOTE}`);
}
