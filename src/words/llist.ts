/**
 * llist: a list without a lock, as the kernel's: anybody puts a node first, in any context; who empties it takes all.
 *
 *     head -> node -> node -> 0      each node has one word for its link, in itself or in a record about it
 *
 * llistAdd() tries again only when another thread has added, or taken all, in between: as often as there are other
 * threads in the middle of the same, and each of those has then moved on.
 *
 * Who may call: any thread, in any context. Who empties a list from which others take single nodes needs their lock.
 *
 * The compareExchange that makes a node the first publishes its link, and what was written to it before; the one
 * that takes the list observes both. Callers name the pair of their list; docs/memory-model.md has the argument.
 *
 * Follows include/linux/llist.h and lib/llist.c (llist_add, llist_del_all), but for the note.
 */
import type { Words } from './words.js';

/**
 * Puts a node first. Neither spins nor waits.
 *
 * @param head index of the list's word
 * @param node what the list leads to, not 0
 * @param link index of the node's word for its link
 */
export function llistAdd(words: Words, head: number, node: number, link: number): void {
  // A first look; the compareExchange decides.
  let first = words.load(head);
  for (;;) {
    words.storePlain(link, first);
    const found = words.compareExchange(head, first, node);
    if (found === first) return;
    first = found;
  }
}

/**
 * Takes all nodes: the one that was put last, which leads to the others; 0 when there is none. Who is often called for an
 * empty list looks first: a load, plain where a stale 0 may leave the nodes to the next caller, costs less.
 *
 * @param note index of a word that names the first node before it is off the list: where this thread dies, what that names and
 *             the list does not lead to was taken
 */
export function llistTakeAll(words: Words, head: number, note: number): number {
  // A first look; the compareExchange decides.
  let first = words.load(head);
  for (;;) {
    words.storePlain(note, first);
    const found = words.compareExchange(head, first, 0);
    if (found === first) return first;
    first = found;
  }
}
