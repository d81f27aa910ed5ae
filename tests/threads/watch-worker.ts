/** A thread that takes a slot in each heap, tells which, and ends as it is told. */
import { parentPort } from 'node:worker_threads';
import { Heap, type HeapHandle } from '../../src/index.js';
import { readGeometry } from '../../src/layout/heap-header.js';
import { slotStart } from '../../src/layout/heap-layout.js';
import { SLOT } from '../../src/layout/thread-slot.js';
import { ownerTag } from '../../src/locks/owner.js';
import { joinHeap, leaveHeap } from '../../src/threads/thread-registry.js';
import { engineHost } from '../../src/words/host.js';
import { NativeWords } from '../../src/words/native-words.js';
import { report, takeBriefing } from './team.js';
import type { Held, WatchBriefing } from './watch.js';

const { handles, stay, ending } = takeBriefing<WatchBriefing>();
report(handles.map(stay === 'attached' ? attach : join));

switch (ending) {
  case 'returns':
    break;
  case 'calls process.exit()':
    process.exit(0);
    break;
  case 'throws':
    throw new Error('as the test asks for');
  case 'is terminated':
    parentPort!.on('message', () => {});
    break;
  case 'is terminated in a loop':
    for (;;);
}

function join({ buffer }: HeapHandle): Held {
  const words = new NativeWords(buffer);
  const membership = joinHeap(words, readGeometry(words), 'joined', false, engineHost.threadId);
  const { slot, generation } = membership;
  if (stay === 'left') leaveHeap(words, membership);
  return { slot, tag: ownerTag(slot, generation) };
}

function attach(handle: HeapHandle): Held {
  const heap = Heap.attach(handle, { name: 'attached' });
  const slot = heap.stats().threads.findIndex(({ name }) => name === 'attached');
  const generation = heap.words.load(slotStart(heap.geometry, slot) + SLOT.generation);
  return { slot, tag: ownerTag(slot, generation) };
}
