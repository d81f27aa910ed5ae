/**
 * Callbacks: each is called exactly once, by its own thread or by another that took it over; or its thread died in calling it,
 * or in queueing it.
 *
 *     table   seat 0: place 0 [address, state] .. | seat 1: ..          object:  place | .. | RcuHead
 *
 * The state says how far it came. Who is called frees the object, by its place: nobody else does while workers run.
 */
import { __GFP_ZERO, type Address, type Heap } from '../../../src/index.js';
import { SEAT } from '../control.js';
import type { Main, Operation, Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

const NAME = 'torture callback';
const PLACES = 256;
const PLACE_WORDS = 2;
const TABLE_WORDS = PLACES * PLACE_WORDS;
const BYTES_PER_WORD = 4;
const OBJECT_BYTES = 64;
const OBJECT = { place: 0, head: 4 } as const;
const STATE = { made: 0, queueing: 2, queued: 3, called: 4 } as const;

/** What is called. Returns how `head` was not as it must be; undefined where all is well. */
function called(heap: Heap, head: number): string | undefined {
  const { words } = heap;
  const place = words.loadPlain(head - OBJECT.head + OBJECT.place);
  const state = words.exchange(place + 1, STATE.called);
  if (state !== STATE.queueing && state !== STATE.queued) {
    return `a callback of state ${state} was called: twice, or never queued`;
  }
  heap.kfreeAt(place);
  return undefined;
}

function queue(stage: Stage, table: number, id: number): void {
  const { heap, words, random } = stage;
  const place = table + random.below(PLACES) * PLACE_WORDS;
  if (words.load(place) !== 0) return;
  words.store(place + 1, STATE.made);
  const p = heap.kmallocAt(place, OBJECT_BYTES);
  words.storePlain(p + OBJECT.place, place);
  words.store(place + 1, STATE.queueing);
  heap.rcu.call(p + OBJECT.head, id);
  words.compareExchange(place + 1, STATE.queueing, STATE.queued);
  stage.count(SEAT.callbacksQueued);
}

/** What was never queued is main's to free. The rest may be called yet, or be in the hands of who calls it. */
function settle({ heap, findings }: Main, shared: readonly number[], seat: number): void {
  const { words } = heap;
  const table = shared[0]! + seat * TABLE_WORDS;
  for (let place = table; place < table + TABLE_WORDS; place += PLACE_WORDS) {
    if (words.load(place) === 0 || words.load(place + 1) !== STATE.made) continue;
    heap.kfreeAt(place);
    findings.objectsReturned++;
  }
}

/** Nobody runs, and nothing waits: what is left was cut off by a death. */
function finish({ heap, findings, seats }: Main, shared: readonly number[]): void {
  const { words } = heap;
  for (let i = 0; i < seats * PLACES; i++) {
    const place = shared[0]! + i * PLACE_WORDS;
    if (words.loadPlain(place) === 0) continue;
    const state = words.loadPlain(place + 1);
    const isTaken = findings.headsInHand.has(words.loadPlain(place) + OBJECT.head);
    if (state === STATE.queued && !isTaken) findings.callbacksLost++;
    else if (state !== STATE.made) findings.callbacksInterrupted++;
    heap.kfreeAt(place);
  }
  heap.kfree(shared[0]! as Address);
}

export const CALLBACKS: Scenario = {
  name: 'callbacks',
  summary: 'rcu.call(): each callback once, also those whose thread has died',
  prepare: ({ heap, seats, findings }) => {
    heap.rcu.register(NAME, (head) => {
      const wrong = called(heap, head);
      if (wrong !== undefined) findings.wrong(wrong);
    });
    return [heap.kmalloc(seats * TABLE_WORDS * BYTES_PER_WORD, __GFP_ZERO)];
  },
  operations: (stage, shared): Operation[] => {
    const { heap } = stage;
    const table = shared[0]! + stage.seat * TABLE_WORDS;
    const id = heap.rcu.register(NAME, (head) => {
      const wrong = called(heap, head);
      if (wrong !== undefined) stage.wrong(wrong);
    });
    return [
      { name: 'rcu.call', weight: 20, run: () => void stage.orRefused(() => queue(stage, table, id)) },
      { name: 'rcu.barrierSync', weight: 0.1, run: () => heap.rcu.barrierSync({ timeoutMillis: 20_000 }) },
      {
        name: 'kfreeRcuBarrierSync',
        weight: 0.1,
        run: () => heap.kfreeRcuBarrierSync({ timeoutMillis: 20_000 }),
      },
    ];
  },
  settle,
  finish,
};
