/**
 * Bad input: at least 100,000 calls of what hands out and takes back memory, with what no caller may pass. Each is
 * refused by an error that says what was attempted, the value, and what is allowed; and after each the heap is, word
 * for word, what it was.
 *
 * Not among them: what a plain heap takes for good, because it cannot know better: an object that is freed twice while
 * it lies in a sheaf or on a slab's freelist (heaps that debug tell), and addresses that other code still uses.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AttachError, Heap, type HeapHandle, type HeapOptions, TINY } from '../../src/index.js';
import { assertBalanced } from '../support/balanced.js';
import { FakeHost } from '../support/fake-host.js';
import { Random, SEED, SEED_NOTE } from '../threads/seed.js';
import { type BadCall, BadCalls } from './bad-input-calls.js';
import { Belongings } from './bad-input-heap.js';

const CONFIGURATIONS: readonly (readonly [name: string, options: HeapOptions, calls: number])[] = [
  ['TINY sizes, 100 pages', { ...TINY, pages: 100, maxCaches: 200 }, 100_000],
  // More to compare after each call.
  ['default sizes, 300 pages', { pages: 300, threads: 4, maxCaches: 200 }, 5_000],
];

/** What an error of Lull's begins with: what was attempted. */
const ATTEMPT =
  /^(freed|allocated|called|opened|created|attached|used|put|made|kfreeRcu of|watched|announced|took|limited|registered)\b/;
/** What it says then: what is allowed, or what to do. */
const WAY_OUT =
  /\b(is an?|is what|are|leave it out|use|pass|takes?|must|at most|one of|up to|add it|reserves|it may|tries?|try|many|known bits|is made for|was made)\b|\d+\.\.\d+/;

/** Why this is no good answer to the call; '' where it is one. */
function flawOf(call: BadCall, error: unknown): string {
  if (!(error instanceof RangeError || error instanceof TypeError || error instanceof AttachError)) {
    return `threw ${String(error)}, which is neither RangeError nor TypeError`;
  }
  const { message } = error;
  if (call.ofEngine === true) return error instanceof TypeError || WAY_OUT.test(message) ? '' : message;
  if (!ATTEMPT.test(message)) return `does not begin with what was attempted: ${message}`;
  if (!message.includes(call.shown)) return `does not show ${call.shown}: ${message}`;
  return WAY_OUT.test(message) ? '' : `does not say what is allowed: ${message}`;
}

function requireRefused(call: BadCall): void {
  let returned: unknown;
  try {
    returned = call.run();
  } catch (error) {
    const flaw = flawOf(call, error);
    assert.equal(flaw, '', `${call.kind}: the error ${flaw} ${SEED_NOTE}`);
    return;
  }
  const shown = call.shown.slice(0, 100);
  assert.fail(`${call.kind}, ${shown}, was taken for good, and returned ${String(returned)} ${SEED_NOTE}`);
}

function printCounts(title: string, counts: ReadonlyMap<string, number>): void {
  const lines = [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, n]) => `${String(n).padStart(7)}  ${kind}`);
  console.log(['', `table: ${title}, seed ${SEED}`, ...lines, ''].join('\n'));
}

for (const [name, options, calls] of CONFIGURATIONS) {
  test(`Heap, refuses ${calls} bad calls, each by an error that says why, and changes nothing (${name})`, () => {
    const host = new FakeHost();
    const heap = Heap.create(options, { host });
    // One turn to the end, so that no word of it changes either.
    heap.turn(() => {
      const own = new Belongings(heap);
      const bad = new BadCalls(new Random(SEED, calls), own);
      const now = Buffer.from(heap.handle.buffer);
      const before = Buffer.from(now);
      const counts = new Map<string, number>();
      for (let i = 0; i < calls; i++) {
        const call = bad.next();
        requireRefused(call);
        assert.ok(
          now.equals(before),
          `${call.kind}, ${call.shown.slice(0, 100)}, changed the heap ${SEED_NOTE}`,
        );
        counts.set(call.kind, (counts.get(call.kind) ?? 0) + 1);
      }
      printCounts(`bad calls refused (${name})`, counts);
      assertBalanced(heap, new Set(own.held()));
      for (const p of own.held()) heap.kfree(p);
    });
    host.runMicrotasks();
    assertBalanced(heap);
    heap.detach();
  });
}

const NO_SIZES: readonly unknown[] = [
  Number.NaN,
  -1,
  0.5,
  2 ** 40,
  Number.POSITIVE_INFINITY,
  '8',
  null,
  {},
  [],
];
const SIZES: readonly (keyof HeapOptions)[] = [
  ...(['bytes', 'pages', 'threads', 'maxCaches', 'sheafCapacity', 'barnSheaves', 'minPartialSlabs'] as const),
  ...([
    'maxSlabObjects',
    'pageListHigh',
    'pageListBatch',
    'pageListFloor',
    'minFreePages',
    'reservedSheaves',
    'maxWaitingBytes',
  ] as const),
  ...([
    'turnOperations',
    'drainMillis',
    'pollMillis',
    'spinRounds',
    'mapBucketsLog2',
    'firstSequence',
  ] as const),
];

test('Heap.create, refuses every size that is none, and names it with its range', () => {
  for (const size of SIZES) {
    for (const value of NO_SIZES) {
      // A sequence number may be negative; null is as good as undefined.
      if (value === null || (size === 'firstSequence' && value === -1)) continue;
      const options = {
        ...TINY,
        ...(size === 'bytes' ? { pages: undefined } : {}),
        [size]: value,
      } as HeapOptions;
      const call = { kind: `create with ${size}`, shown: `${size}: ${String(value)}` };
      requireRefused({ ...call, run: () => Heap.create(options) });
    }
  }
});

test('Heap.attach, refuses what is no handle', () => {
  const wrong: readonly unknown[] = [undefined, null, 5, 'handle', {}, [], { buffer: new ArrayBuffer(64) }];
  for (const handle of wrong) {
    assert.throws(() => Heap.attach(handle as HeapHandle), AttachError);
  }
  const empty = { ...Heap.create(TINY).handle, buffer: new SharedArrayBuffer(65536) };
  assert.throws(() => Heap.attach(empty), AttachError);
});
