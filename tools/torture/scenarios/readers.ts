/**
 * What RCU promises, looked at as rcutorture does: an element that was taken out ages with each grace period, and no reader
 * may see one that is older than one.
 *
 *     block:  current | element 0 | element 1 | ..        current --replaced--> pipe 1 --grace period--> 2 .. 10 --> free
 *
 * Who takes out and ages has the mutex; who gets it from a dead owner puts right what that one left: an element that says it is
 * current, and is not.
 *
 * Follows kernel/rcu/rcutorture.c (rcu_torture_writer, rcu_torture_one_read, rcu_torture_pipe_update_one).
 */
import { __GFP_ZERO, type Address, type MutexGuard, type RcuCookie } from '../../../src/index.js';
import { PIPE_SLOTS, SEAT } from '../control.js';
import type { Operation, Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

const MUTEX = 'torture readers';
const ELEMENTS = 64;
const ELEMENT_WORDS = 16;
const FIRST = ELEMENT_WORDS;
const BYTES_PER_WORD = 4;
/** rcutorture's RCU_TORTURE_PIPE_LEN. */
const PIPE_LENGTH = 10;

const ELEMENT = { pipe: 0, mbtest: 1, state: 2, cookie: 3 } as const;
const STATE = { free: 0, current: 1, removed: 2 } as const;

/** A look at the current element from within a read section, with a pause before the second look. */
function read(stage: Stage, block: number): void {
  const { words, random } = stage;
  const p = words.dereference(block);
  if (p === 0) return;
  if (words.load(p + ELEMENT.mbtest) !== 1) stage.wrong('a reader saw an element before it was filled');
  let pause = random.oneIn(16) ? random.below(20_000) : random.below(100);
  while (--pause > 0) words.loadPlain(p + ELEMENT.state);
  const age = words.load(p + ELEMENT.pipe);
  stage.count(SEAT.reads);
  stage.count(SEAT.pipe + Math.min(Math.max(age, 0), PIPE_SLOTS - 1));
  if (words.load(p + ELEMENT.mbtest) !== 1) stage.wrong('a reader saw an element after it was freed');
}

class Pool {
  private readonly _stage: Stage;
  private readonly _block: number;

  constructor(stage: Stage, block: number) {
    this._stage = stage;
    this._block = block;
  }

  /** Replaces the current element, and ages those that were. */
  update(guard: MutexGuard): void {
    if (guard.ownerDied) this._repair();
    if (guard.ownerDied) guard.markConsistent();
    this._age();
    this._replace();
  }

  private _element(number: number): number {
    return this._block + FIRST + number * ELEMENT_WORDS;
  }

  private _repair(): void {
    const { words } = this._stage;
    const current = words.load(this._block);
    for (let i = 0; i < ELEMENTS; i++) {
      const element = this._element(i);
      const isCurrent = words.loadPlain(element + ELEMENT.state) === STATE.current;
      if (isCurrent && element !== current) this._remove(element);
    }
  }

  private _replace(): void {
    const { words, random } = this._stage;
    const element = this._element(random.below(ELEMENTS));
    if (words.loadPlain(element + ELEMENT.state) !== STATE.free) return;
    words.store(element + ELEMENT.pipe, 0);
    words.store(element + ELEMENT.mbtest, 1);
    words.storePlain(element + ELEMENT.state, STATE.current);
    const old = words.exchange(this._block, element);
    if (old !== 0) this._remove(old);
  }

  private _remove(element: number): void {
    const { words, heap } = this._stage;
    words.store(element + ELEMENT.pipe, 1);
    words.storePlain(element + ELEMENT.cookie, heap.rcu.startPoll());
    words.storePlain(element + ELEMENT.state, STATE.removed);
  }

  private _age(): void {
    const { words, heap } = this._stage;
    for (let i = 0; i < ELEMENTS; i++) {
      const element = this._element(i);
      if (words.loadPlain(element + ELEMENT.state) !== STATE.removed) continue;
      if (!heap.rcu.poll(words.loadPlain(element + ELEMENT.cookie) as RcuCookie)) continue;
      const age = words.add(element + ELEMENT.pipe, 1) + 1;
      if (age < PIPE_LENGTH) {
        words.storePlain(element + ELEMENT.cookie, heap.rcu.startPoll());
        continue;
      }
      words.store(element + ELEMENT.mbtest, 0);
      words.storePlain(element + ELEMENT.state, STATE.free);
    }
  }
}

function update(stage: Stage, pool: Pool): void {
  const mutex = stage.heap.mutex(MUTEX);
  const guard = stage.random.oneIn(4) ? mutex.lockSync({ timeoutMillis: 5000 }) : mutex.tryLock();
  if (guard === undefined) return;
  try {
    if (guard.ownerDied) stage.count(SEAT.deadOwners);
    pool.update(guard);
  } finally {
    guard.release();
  }
}

export const READERS: Scenario = {
  name: 'readers',
  summary: "rcutorture's pipeline: what was removed ages, and no reader may see it past a grace period",
  prepare: ({ heap }) => {
    heap.mutex(MUTEX);
    return [heap.kmalloc((FIRST + ELEMENTS * ELEMENT_WORDS) * BYTES_PER_WORD, __GFP_ZERO)];
  },
  operations: (stage, shared): Operation[] => {
    const block = shared[0]!;
    const pool = new Pool(stage, block);
    const { heap } = stage;
    const wait = { timeoutMillis: 20_000 };
    return [
      { name: 'rcu.read', weight: 30, run: () => heap.rcu.read(() => read(stage, block)) },
      { name: 'turn', weight: 6, run: () => heap.turn(() => read(stage, block)) },
      { name: 'replace and poll', weight: 20, run: () => update(stage, pool) },
      { name: 'synchronizeRcuSync', weight: 0.5, run: () => heap.synchronizeRcuSync(wait) },
      { name: 'synchronizeRcuExpeditedSync', weight: 0.2, run: () => heap.synchronizeRcuExpeditedSync(wait) },
    ];
  },
  finish: ({ heap }, shared) => heap.kfree(shared[0]! as Address),
};
