/**
 * A reader or a writer of one of the classic uses of RCU (rcu-uses.ts).
 *
 * Readers run at full speed, and look twice at what they met in a section: it must be as it was, and what is always
 * there must be found. Writers change it all the time.
 */
import { type Address, Heap, type NamedCache } from '../../src/index.js';
import {
  BUCKETS,
  change,
  configurationProblem,
  configure,
  countedNodes,
  ENDING,
  getCounted,
  insert,
  KEYS,
  makeCounted,
  NODE,
  nodeProblem,
  putCounted,
  RESIDENTS,
  type UseBriefing,
  type UseResult,
} from './rcu-uses.js';
import { Random } from './seed.js';
import { report, takeBriefing } from './team.js';

const CHANGES_A_TURN = 16;
const MAX_WAITING = 4000;
const SECTIONS_A_ROUND = 32;
/** A list with more nodes is a circle. */
const MOST_NODES = 10_000;

const briefing = takeBriefing<UseBriefing>();
const { use, mistake, places, ending } = briefing;
const random = new Random(briefing.seed, briefing.worker);
const heap = Heap.attach(briefing.handle, { name: `${briefing.role} ${briefing.worker}` });
const { words } = heap;
const nodes = use === 'counted' ? countedNodes(heap) : undefined;
const writersLock = heap.mutex('writers');
/** By key: the version that this reader has met last. */
const versions = new Int32Array(KEYS);
let sections = 0;
let news = 0;
/** Of the news, those that the writers know of. */
let told = 0;
let violations = 0;
let firstViolation = '';

const changes = briefing.role === 'writer' ? write() : read();
heap.detach();
report({ sections, changes, news, violations, firstViolation } satisfies UseResult);

function write(): number {
  let done = 0;
  while (done < briefing.changes || !haveReadersSeenEnough()) {
    done++;
    if (use === 'counted') replaceCounted(nodes!);
    else writeLocked(done);
    if (done % CHANGES_A_TURN === 0) endTurn();
  }
  words.add(ending + ENDING.writersDone, 1);
  return done;
}

function haveReadersSeenEnough(): boolean {
  const isEnough = words.load(ending + ENDING.sections) >= briefing.sections;
  return isEnough && words.load(ending + ENDING.news) >= briefing.news;
}

function writeLocked(count: number): void {
  const guard = writersLock.lockSync();
  try {
    if (use === 'configuration') configure(heap, places, nextVersion(0), mistake);
    else if (use === 'list') changeList();
    else changeHashList(count);
  } finally {
    guard.release();
  }
}

function changeList(): void {
  const key = random.below(KEYS);
  if (key < RESIDENTS) change(heap, places, key, nextVersion(key), mistake);
  else if (!change(heap, places, key, 0, mistake)) insert(heap, places, key, 1 + random.below(1000));
}

function changeHashList(count: number): void {
  const key = random.below(KEYS);
  const place = places + (key % BUCKETS);
  const isRemoved = key >= RESIDENTS && count % 3 === 0;
  if (change(heap, place, key, isRemoved ? 0 : nextVersion(key), mistake)) return;
  insert(heap, place, key, nextVersion(key));
}

/** The versions of a key go up, whoever of the writers makes them: they share a count, under their lock. */
function nextVersion(key: number): number {
  return words.add(places + KEYS + key, 1) + 1;
}

function replaceCounted(cache: NamedCache): void {
  const key = random.below(KEYS);
  const fresh = random.oneIn(8) ? 0 : makeCounted(heap, cache, key, random.next() | 0);
  const old = words.exchange(places + key, fresh) as Address;
  if (old !== 0) putCounted(heap, cache, old);
  // Gives up slabs, and has their pages taken for something else.
  if (!random.oneIn(256)) return;
  heap.shrink();
  const block = heap.allocPages(2);
  words.fillPlain(block, block + 4096, -1);
  for (let i = 0; i < 4096; i++)
    if (words.loadPlain(block + i) !== -1) note('a reader wrote to other memory');
  heap.freePages(block);
}

function endTurn(): void {
  heap.quiesce();
  if (heap.stats().objectsWaiting > MAX_WAITING) heap.synchronizeRcuSync();
}

function read(): number {
  while (words.load(ending + ENDING.writersDone) < briefing.writers) {
    for (let i = 0; i < SECTIONS_A_ROUND; i++) readOnce(i);
    sections += SECTIONS_A_ROUND;
    words.add(ending + ENDING.sections, SECTIONS_A_ROUND);
    words.add(ending + ENDING.news, news - told);
    told = news;
    heap.quiesce();
  }
  return 0;
}

function readOnce(i: number): void {
  if (use === 'counted') useCounted(nodes!);
  else if (i % 2 === 0) heap.rcu.read(look);
  else {
    heap.rcu.readLock();
    try {
      look();
    } finally {
      heap.rcu.readUnlock();
    }
    // Its turn would last: the function's ends by itself.
    heap.quiesce();
  }
}

function look(): void {
  if (use === 'configuration') lookAtConfiguration();
  else if (use === 'list') walkList();
  else lookUp(random.below(KEYS));
}

function lookAtConfiguration(): void {
  const p = words.dereference(places);
  noteVersion(0, words.loadPlain(p + NODE.version));
  note(configurationProblem(words, p));
  letTimePass();
  note(configurationProblem(words, p));
}

/** Every resident is met, nobody is met twice. */
function walkList(): void {
  const met = new Map<number, number>();
  let steps = 0;
  for (let p = words.dereference(places); p !== 0; p = words.dereference(p + NODE.next)) {
    const key = words.loadPlain(p + NODE.key);
    note(nodeProblem(words, p));
    if (met.has(key)) note(`key ${key} is on the list twice`);
    met.set(key, p);
    if (key < RESIDENTS) noteVersion(key, words.loadPlain(p + NODE.version));
    if (++steps > MOST_NODES) {
      note('the list does not end');
      return;
    }
  }
  for (let key = 0; key < RESIDENTS; key++) if (!met.has(key)) note(`key ${key} was not on the list`);
  letTimePass();
  for (const [key, p] of met) note(nodeProblem(words, p, key));
}

function lookUp(key: number): void {
  let p = words.dereference(places + (key % BUCKETS));
  for (let steps = 0; p !== 0 && words.loadPlain(p + NODE.key) !== key && steps < MOST_NODES; steps++) {
    note(nodeProblem(words, p));
    p = words.dereference(p + NODE.next);
  }
  if (p === 0) {
    if (key < RESIDENTS) note(`key ${key} was not found`);
    return;
  }
  noteVersion(key, words.loadPlain(p + NODE.version));
  note(nodeProblem(words, p, key));
  letTimePass();
  note(nodeProblem(words, p, key));
}

/** Uses what it found outside of every section: it is one of its users. */
function useCounted(cache: NamedCache): void {
  const key = random.below(KEYS);
  const p = getCounted(heap, cache, places + key, key, mistake, letTimePass);
  if (p === 0) return;
  note(nodeProblem(words, p, key));
  if (versions[key] !== words.loadPlain(p + NODE.version)) news++;
  versions[key] = words.loadPlain(p + NODE.version);
  letTimePass();
  note(nodeProblem(words, p, key));
  putCounted(heap, cache, p);
}

/** A key's version never goes back. */
function noteVersion(key: number, version: number): void {
  if (version < versions[key]!) note(`key ${key} had version ${versions[key]}, and then ${version}`);
  if (version !== versions[key]) news++;
  versions[key] = version;
}

function note(problem: string): void {
  if (problem === '') return;
  violations++;
  firstViolation ||= problem;
}

/** Mostly no time at all, now and then long enough for grace periods to be waited for. */
function letTimePass(): void {
  const rounds = random.oneIn(64) ? 20_000 : random.oneIn(4) ? 500 : 0;
  for (let i = 0; i < rounds; i++) words.pause();
}
