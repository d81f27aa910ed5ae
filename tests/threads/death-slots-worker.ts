/** A thread that takes slots, or does something about those of others. */
import { once } from 'node:events';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { Heap, NoFreeSlotError } from '../../src/index.js';
import { type Part, type Reaped, SHARED, type SlotsBriefing } from './death-slots.js';

const { heap: handle, part } = workerData as SlotsBriefing;
const url = new URL(import.meta.url);

function say(message: unknown): void {
  parentPort!.postMessage(message);
}

/** The handles are kept. */
function takeAll(): readonly Heap[] {
  const heaps: Heap[] = [];
  try {
    for (;;) heaps.push(Heap.attach(handle, { name: `number ${heaps.length}` }));
  } catch (error) {
    if (!(error instanceof NoFreeSlotError)) throw error;
  }
  for (const [number, heap] of heaps.entries()) {
    const map = heap.map<number, string>(SHARED);
    for (let n = 0; n < 5; n++) map.set(n, `of ${number}`);
    heap.kfreeRcu(heap.kmalloc(64));
    // One mutex for each thread that is gone.
    heap.mutex(`mutex ${number % 20} of ${number % 3}`).tryLock();
  }
  return heaps;
}

function write(heap: Heap): never {
  const map = heap.map<number, string>(SHARED);
  for (let n = 0; ; n++) {
    map.set(n % 100, 'x'.repeat(n % 300));
    if (n % 7 === 0) map.delete((n * 31) % 100);
  }
}

function reapWhenTold(): void {
  const heap = Heap.attach(handle, { name: part });
  heap.on('reap', ({ slot, generation }) => say({ slot, generation } satisfies Reaped));
  parentPort!.on('message', (slot: number) => say({ answer: reap(heap, slot) } satisfies Reaped));
}

function reap(heap: Heap, slot: number): 'reaped' | 'not now' | 'free' {
  try {
    return heap.reap(slot) === undefined ? 'not now' : 'reaped';
  } catch (error) {
    if (error instanceof Error && /which is free/.test(error.message)) return 'free';
    throw error;
  }
}

async function startAnother(heap: Heap | undefined): Promise<{ terminate(): Promise<number> }> {
  const inner = { part: 'writes' as Part };
  const worker =
    heap === undefined
      ? new Worker(url, { workerData: { ...inner, heap: handle } })
      : heap.spawn<Worker>(url, { workerData: inner });
  await once(worker, 'message');
  return worker;
}

async function play(): Promise<void> {
  switch (part) {
    case 'takes all slots': {
      const heaps = takeAll();
      say(heaps.length);
      // Kept, as is its event loop.
      parentPort!.on('message', () => heaps.length);
      return;
    }
    case 'writes': {
      const heap = Heap.attach(handle, { name: part });
      say('begun');
      await new Promise((resolve) => setTimeout(resolve, 1));
      return write(heap);
    }
    case 'reaps':
      reapWhenTold();
      return say('begun');
    case 'makes the heap': {
      const heap = Heap.create({ bytes: 4 * 2 ** 20, threads: 4, name: part });
      say(heap.handle);
      heap.mutex(SHARED).lockSync();
      await new Promise((resolve) => setTimeout(resolve, 1));
      return write(heap);
    }
    case 'starts another':
    case 'starts another from outside': {
      const heap = part === 'starts another' ? Heap.attach(handle, { name: part }) : undefined;
      await startAnother(heap);
      say('begun');
      return;
    }
    case 'terminates another': {
      const heap = Heap.attach(handle, { name: part });
      const worker = await startAnother(heap);
      say('begun');
      await heap.terminate(worker);
      say('reaped');
    }
  }
}

await play();
