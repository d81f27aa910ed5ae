/**
 * A reader or a writer of published objects.
 *
 *     writer  allocate -> write a pattern -> exchange its address for the one in a place -> retire the old object
 *     reader  in a turn: dereference places -> look at the patterns -> let time pass -> look again
 *
 * What a reader met in a turn must stay as it was until the turn ends; places change all the time.
 */
import { type Address, Heap } from '../../src/index.js';
import { HEAD_OFFSET, Patterns } from './pattern.js';
import { ENDING, FREE_CALLBACK, type PublishedBriefing, type PublishedResult } from './published-objects.js';
import { Random } from './seed.js';
import { report, takeBriefing } from './team.js';

const PLACES_A_TURN = 8;
const PUBLICATIONS_A_TURN = 32;
const MAX_WAITING = 4000;
const WHOLE_PAGES_BYTES = 12_000;
const NOTHING: PublishedResult = { publications: 0, reuses: 0, turns: 0, violations: 0, firstViolation: '' };

const briefing = takeBriefing<PublishedBriefing>();
const random = new Random(briefing.seed, briefing.worker);
let heap = Heap.attach(briefing.handle, { name: `${briefing.role} ${briefing.worker}` });
let patterns = new Patterns(heap.words);
let callback = registerFree();
const result = briefing.role === 'reader' ? read() : write();
heap.detach();
report(result);

function write(): PublishedResult {
  const retired = new Set<Address>();
  let reuses = 0;
  let publications = 0;
  while (publications < briefing.publications || turnsSoFar() < briefing.turns) {
    const p = publish(retired);
    if (p !== 0) retired.add(p);
    publications++;
    if (publications % PUBLICATIONS_A_TURN === 0) endTurn();
    if (briefing.rejoinAfter > 0 && publications % briefing.rejoinAfter === 0) rejoin();
  }
  heap.words.add(briefing.ending + ENDING.writersDone, 1);
  return { ...NOTHING, publications, reuses };

  /** Returns the address that was retired. */
  function publish(known: Set<Address>): Address {
    const bytes = randomBytes();
    const fresh = heap.kmalloc(bytes);
    if (known.delete(fresh)) reuses++;
    patterns.write(fresh, bytes >>> 2, random.next() | 0);
    const place = briefing.places + random.below(briefing.placeCount);
    const old = heap.words.exchange(place, fresh) as Address;
    if (old === 0) return old;
    if (briefing.retirement === 'kfree') heap.kfree(old);
    else if (briefing.retirement === 'rcu.call') heap.rcu.call(old + HEAD_OFFSET, callback);
    else heap.kfreeRcu(old, HEAD_OFFSET);
    return old;
  }
}

function read(): PublishedResult {
  // By bare address: in a validating heap those that are read say in which turn.
  const tags = new Map<number, number>();
  let turns = 0;
  let reuses = 0;
  let violations = 0;
  let firstViolation = '';
  while (heap.words.load(briefing.ending + ENDING.writersDone) < briefing.writers) {
    heap.turn(() => {
      const met = meet();
      for (const [p, tag] of met) {
        if ((tags.get(p | 0) ?? tag) !== tag) reuses++;
        tags.set(p | 0, tag);
      }
      letTimePass();
      for (const [p, tag] of met)
        note(patterns.tagOf(p) === tag ? patterns.problemAt(p) : `tag ${tag} at ${p} is gone`);
    });
    turns++;
    heap.words.add(briefing.ending + ENDING.turns, 1);
  }
  return { ...NOTHING, turns, reuses, violations, firstViolation };

  /** Some published objects with their tags. */
  function meet(): Map<Address, number> {
    const met = new Map<Address, number>();
    for (let i = 0; i < PLACES_A_TURN; i++) {
      const p = heap.words.dereference(briefing.places + random.below(briefing.placeCount)) as Address;
      if (p === 0) continue;
      met.set(p, patterns.tagOf(p));
      note(patterns.problemAt(p));
    }
    return met;
  }

  function note(problem: string): void {
    if (problem === '') return;
    violations++;
    firstViolation ||= problem;
  }
}

/** Mostly some microseconds, now and then long enough for grace periods to be waited for. */
function letTimePass(): void {
  const rounds = random.oneIn(64) ? 100_000 : random.below(2000);
  for (let i = 0; i < rounds; i++) heap.words.pause();
}

function turnsSoFar(): number {
  return heap.words.load(briefing.ending + ENDING.turns);
}

/** Few sizes, so that addresses come back soon; some blocks of pages, which wait on the callback list. */
function randomBytes(): number {
  return random.oneIn(32) ? WHOLE_PAGES_BYTES : 16 << random.below(3);
}

function endTurn(): void {
  heap.quiesce();
  const { objectsWaiting, callbacksWaiting } = heap.stats();
  if (objectsWaiting + callbacksWaiting > MAX_WAITING) heap.synchronizeRcuSync();
}

/** Also for callbacks of threads that left. */
function registerFree(): number {
  return heap.rcu.register(FREE_CALLBACK, (head) => heap.kfree((head - HEAD_OFFSET) as Address));
}

function rejoin(): void {
  heap.detach();
  heap = Heap.attach(briefing.handle, { name: `writer ${briefing.worker}` });
  patterns = new Patterns(heap.words);
  callback = registerFree();
}
