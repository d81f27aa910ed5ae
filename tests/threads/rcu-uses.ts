/**
 * The classic uses of RCU, as docs/rcu.md shows them, over nodes that certify themselves; and what the test of them and
 * its workers say to each other.
 *
 *     node         | RcuHead | next | key | version | check |          check = mix(key, version)
 *     list         a word leads to the first node, each node to the next; keys below RESIDENTS are always there
 *     hash list    a word for each bucket; a node is replaced by one of the same key, and one version more
 *     configuration   a word leads to a node with a table behind it, which follows from its version
 *     counted      a word for each key leads to a node of a type-stable cache with a count of who uses it
 */
import type { Address, Heap, HeapHandle, NamedCache, Words } from '../../src/index.js';
import { mix } from './seed.js';

export type Use = 'list' | 'hash list' | 'configuration' | 'counted';
/** What a program does wrong, which the test must see: frees at once, or does not look again. */
export type Mistake = 'none' | 'kfree' | 'no second look';

export interface UseBriefing {
  readonly handle: HeapHandle;
  readonly role: 'reader' | 'writer';
  readonly use: Use;
  readonly mistake: Mistake;
  /** Address of the words that lead to nodes. */
  readonly places: Address;
  /** Address of the words by which readers and writers agree on the end (ENDING). */
  readonly ending: Address;
  readonly writers: number;
  /** Changes by each writer, at least. */
  readonly changes: number;
  /** Sections of all readers together, at least; and times that they have met a change. */
  readonly sections: number;
  readonly news: number;
}

/** `sections` and `news` of all readers so far; `writersDone` ends the readers. */
export const ENDING = { sections: 0, news: 1, writersDone: 2 } as const;
export const ENDING_WORDS = 3;

export interface UseResult {
  readonly sections: number;
  readonly changes: number;
  /** Reader: times that something had changed since it looked last. */
  readonly news: number;
  readonly violations: number;
  readonly firstViolation: string;
}

export const NODE = { next: 2, key: 3, version: 4, check: 5, users: 6, table: 6 } as const;
/** Where a node's RcuHead is. */
export const HEAD = 0;
const NODE_BYTES = 24;
const COUNTED_BYTES = 28;
const MOST_ENTRIES = 60;
export const BUCKETS = 4;
/** Keys that are always there. */
export const RESIDENTS = 8;
export const KEYS = 32;
export const PLACES = KEYS;

/** Makes a node that no other thread knows yet. */
export function makeNode(heap: Heap, key: number, version: number, next = 0): Address {
  return fillNode(heap.words, heap.kmalloc(NODE_BYTES), key, version, next);
}

function fillNode(words: Words, p: Address, key: number, version: number, next: number): Address {
  words.storePlain(p + NODE.next, next);
  words.storePlain(p + NODE.key, key);
  words.storePlain(p + NODE.version, version);
  words.storePlain(p + NODE.check, mix(key, version));
  return p;
}

/** What is wrong with the node at `p`; '' where nothing is. */
export function nodeProblem(words: Words, p: number, key = words.loadPlain(p + NODE.key)): string {
  const [found, version] = [words.loadPlain(p + NODE.key), words.loadPlain(p + NODE.version)];
  if (found === key && words.loadPlain(p + NODE.check) === mix(key, version)) return '';
  return `${p | 0} is no node of key ${key}, but of key ${found}, version ${version}`;
}

/** Puts a node first on the list at `place`. The caller has the writers' lock. */
export function insert(heap: Heap, place: number, key: number, version: number): void {
  const { words } = heap;
  words.store(place, makeNode(heap, key, version, words.load(place)));
}

/** Takes the node of `key` off the list, or puts `version` of it in its place. False where there is none. */
export function change(heap: Heap, place: number, key: number, version: number, mistake: Mistake): boolean {
  const { words } = heap;
  let link = place;
  let p = words.load(link);
  while (p !== 0 && words.loadPlain(p + NODE.key) !== key) {
    link = p + NODE.next;
    p = words.load(link);
  }
  if (p === 0) return false;
  const next = words.load(p + NODE.next);
  words.store(link, version === 0 ? next : makeNode(heap, key, version, next));
  retire(heap, p as Address, mistake);
  return true;
}

function retire(heap: Heap, p: Address, mistake: Mistake): void {
  if (mistake === 'kfree') heap.kfree(p);
  else heap.kfreeRcu(p, HEAD);
}

/** Publishes a configuration of this version, in place of the one that was there. */
export function configure(heap: Heap, place: number, version: number, mistake: Mistake): void {
  const { words } = heap;
  const fresh = makeConfiguration(heap, version);
  const old = words.exchange(place, fresh) as Address;
  if (old !== 0) retire(heap, old, mistake);
}

export function makeConfiguration(heap: Heap, version: number): Address {
  const { words } = heap;
  const entries = entriesOf(version);
  const p = heap.kmalloc(NODE_BYTES + entries * 4);
  for (let i = 0; i < entries; i++) words.storePlain(p + NODE.table + i, mix(version, i));
  return fillNode(words, p, 0, version, entries);
}

export function configurationProblem(words: Words, p: number): string {
  const problem = nodeProblem(words, p, 0);
  if (problem !== '') return problem;
  const version = words.loadPlain(p + NODE.version);
  const entries = entriesOf(version);
  for (let i = 0; i < entries; i++) {
    if (words.loadPlain(p + NODE.table + i) !== mix(version, i)) {
      return `entry ${i} of configuration ${version} is of another`;
    }
  }
  return '';
}

function entriesOf(version: number): number {
  return (mix(version, -1) >>> 0) % MOST_ENTRIES;
}

export function countedNodes(heap: Heap): NamedCache {
  return heap.slabCache('counted nodes', COUNTED_BYTES, { typesafeByRcu: true });
}

/** Makes a node that one user knows. Whoever looks at it because of what it was sees 0 users until it is whole. */
export function makeCounted(heap: Heap, nodes: NamedCache, key: number, version: number): Address {
  const p = nodes.alloc();
  fillNode(heap.words, p, key, version, 0);
  heap.words.store(p + NODE.users, 1);
  return p;
}

/**
 * Becomes a user of the node that `place` leads to, if it is one of `key`; 0 where it leads to none.
 *
 * @param betweenLooks makes time for others to free it
 */
export function getCounted(
  heap: Heap,
  nodes: NamedCache,
  place: number,
  key: number,
  mistake: Mistake,
  betweenLooks: () => void,
): Address {
  const { words } = heap;
  return heap.rcu.read(() => {
    for (;;) {
      const p = words.dereference(place) as Address;
      if (p === 0) return p;
      betweenLooks();
      if (!addUser(words, p)) continue;
      // The second look: since the first it may have been freed, and used for another key.
      if (mistake === 'no second look' || words.loadPlain(p + NODE.key) === key) return (p | 0) as Address;
      putCounted(heap, nodes, p);
    }
  });
}

/** False where the node has no user any more. */
function addUser(words: Words, p: Address): boolean {
  let users = words.load(p + NODE.users);
  while (users !== 0) {
    const found = words.compareExchange(p + NODE.users, users, users + 1);
    if (found === users) return true;
    users = found;
  }
  return false;
}

/** Is a user no more; the last frees the node, at once. */
export function putCounted(heap: Heap, nodes: NamedCache, p: Address): void {
  if (heap.words.add(p + NODE.users, -1) === 1) nodes.free(p);
}
