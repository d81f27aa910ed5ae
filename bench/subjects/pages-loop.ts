/**
 * Threads that allocate and free pages of order 0: so many allocated, then all of them freed.
 *
 *     pages-loop.js shared|apart THREADS HELD rate|locks
 *
 * One operation is one page, allocated and freed, by each thread. `apart` is the control: each thread has a heap of its
 * own, so what two such threads reach over one is the most that any heap could reach here.
 *
 *     rate     pages a second, of all threads together
 *     locks    times that the lock of a zone was taken, for each page that was handed out
 */
import { isMainThread } from 'node:worker_threads';
import { Heap, type HeapHandle } from '../../src/index.js';
import type { Address } from '../../src/words/units.js';
import { serveRounds } from '../subject.js';
import { ratePerSecond, Team, workInTeam } from '../team.js';

/** Pages between two quiescent states. */
const PAGES_A_TURN = 10_000;
const [arrangement, threads, asked, figure] = process.argv.slice(2);

function prepare(handle: HeapHandle) {
  const heap = arrangement === 'shared' ? Heap.attach(handle) : Heap.create();
  const count = Number(asked);
  const held: Address[] = new Array(count);
  const burst = () => {
    for (let i = 0; i < count; i++) held[i] = heap.allocPages(0);
    for (let i = 0; i < count; i++) heap.freePages(held[i]!);
  };
  const burstsATurn = Math.ceil(PAGES_A_TURN / count);
  return (operations: number) => {
    const bursts = Math.ceil(operations / count);
    for (let i = 0; i < bursts; i++) {
      burst();
      if (i % burstsATurn === 0) heap.quiesce();
    }
    return bursts * count;
  };
}

async function serve(): Promise<void> {
  const heap = Heap.create({ name: 'parent' });
  const inputs = Array.from({ length: Number(threads) }, () => heap.handle);
  const team = new Team<HeapHandle, number>(new URL(import.meta.url), inputs);
  await serveRounds(async (operations) => {
    const before = heap.stats().vmstat;
    const stretches = await team.round(operations);
    const pages = stretches.reduce((sum, { result }) => sum + result, 0);
    if (figure === 'rate') return ratePerSecond(pages, stretches);
    const after = heap.stats().vmstat;
    if (after.pgalloc - before.pgalloc < pages)
      throw new Error(`${pages} pages were handed out, and ${after.pgalloc - before.pgalloc} counted`);
    return (after.zone_lock - before.zone_lock) / pages;
  });
  await team.stop();
}

if (isMainThread) await serve();
else workInTeam<HeapHandle, number>(prepare);
