/**
 * takePageLists: makes the blocks on the page lists of one thread those of another, which has borrowed its slot.
 *
 *     list -> block -> block -> 0     the state of each says threadList of the taker, THEN the lists are empty
 *
 * Who may call: who has borrowed the slot, or reaps who had (dead-pages.ts).
 *
 * I1  The lists name the blocks until all of them say that they are the taker's. So where a taker has stopped in the
 *     middle, the same once more brings it to its end.
 */
import type { Geometry } from '../layout/heap-header.js';
import { descriptorStart, slotStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageState } from '../layout/page-descriptor.js';
import { MAX_LIST_ORDER, PAGE_LIST, PAGE_LIST_WORDS, SLOT } from '../layout/thread-slot.js';
import type { Words } from '../words/words.js';

/**
 * Takes every block off the lists of slot `slot`, for slot `taker`: without a lock, in a number of steps that the blocks
 * give.
 *
 * @returns by order the first block, which leads to the others through DESCRIPTOR.next; nothing where somebody is inside
 *          of the lists, as after an error that came in the middle of an operation.
 */
export function takePageLists(words: Words, geometry: Geometry, slot: number, taker: number): number[] {
  const start = slotStart(geometry, slot);
  // A look is enough, for nobody comes while the slot is borrowed; and a taker that stops leaves no lock taken.
  if (words.loadPlain(start + SLOT.pagesAcquired) !== 0) return [];
  const heads: number[] = [];
  for (let order = 0; order <= MAX_LIST_ORDER; order++) {
    const head = words.loadPlain(listAt(start, order) + PAGE_LIST.head);
    reown(words, geometry, head, pageState(PAGE_KIND.threadList, order, taker));
    heads.push(head);
  }
  for (let order = 0; order <= MAX_LIST_ORDER; order++) {
    words.storePlain(listAt(start, order) + PAGE_LIST.head, 0);
    words.storePlain(listAt(start, order) + PAGE_LIST.blocks, 0);
  }
  words.storePlain(start + SLOT.listPages, 0);
  return heads;
}

function reown(words: Words, geometry: Geometry, first: number, state: number): void {
  let page = first;
  while (page !== 0) {
    const descriptor = descriptorStart(geometry, page);
    words.storePlain(descriptor + DESCRIPTOR.state, state);
    page = words.loadPlain(descriptor + DESCRIPTOR.next);
  }
}

function listAt(start: number, order: number): number {
  return start + SLOT.pageLists + order * PAGE_LIST_WORDS;
}
