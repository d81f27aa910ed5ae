/**
 * Callbacks against a model: threads call, begin and end turns, wait, leave and come, at random. Each callback is called
 * once, in the order of its thread, with its own head, through the function of its own id, and never before every turn
 * that was open at its call() has ended.
 */
import assert from 'node:assert/strict';
import type { Address } from '../../src/words/units.js';
import { type Actor, heapTest, partsOf, type Stage } from '../support/stage.js';
import { Random, SEED, SEED_NOTE } from '../threads/seed.js';

const ACTORS = 3;
const NAMES = ['one', 'two'];
const STEPS = 3000;
const BYTES = 16;

/** A callback that waits. */
interface Expected {
  /** The object that the head lies in. */
  readonly object: Address;
  readonly id: number;
  readonly actor: number;
  readonly order: number;
  /** Turns that were open at its call(): each actor's epoch, 0 where it was in none. */
  readonly turns: readonly number[];
}

class Play {
  private readonly _stage: Stage;
  private readonly _random: Random;
  private readonly _actors: Actor[];
  private readonly _ids: number[][] = [];
  private readonly _expected = new Map<number, Expected>();
  /** By actor: the order of the last that was called. */
  private readonly _lastCalled = new Array<number>(ACTORS).fill(0);
  private _order = 0;
  called = 0;
  reposted = 0;

  constructor(stage: Stage, random: Random) {
    this._stage = stage;
    this._random = random;
    this._actors = [stage, ...Array.from({ length: ACTORS - 1 }, (_, i) => stage.attach(`actor ${i}`))];
    for (const [actor, { heap }] of this._actors.entries()) {
      this._ids.push(
        NAMES.map((name, i) => heap.rcu.register(name, (head) => this._onCalled(actor, i, head))),
      );
    }
  }

  step(): void {
    const actor = this._random.below(ACTORS);
    const { heap, host } = this._actors[actor]!;
    const dice = this._random.below(10);
    if (dice < 5) this._call(actor);
    else if (dice < 7) host.runMicrotasks();
    else if (dice < 8) heap.quiesce();
    else if (dice < 9) host.advance(this._random.below(4));
    else partsOf(heap).turn.pin();
  }

  /** Lets everything end. */
  end(): void {
    for (let round = 0; round < 1000 && this._expected.size > 0; round++) this._stage.pass(3);
    assert.equal(this._expected.size, 0, `callbacks were not called ${SEED_NOTE}`);
  }

  private _call(actor: number): void {
    const object = this._actors[actor]!.heap.kmallocNolock(BYTES);
    if (object !== 0) this._post(actor, object, object + this._random.below(BYTES / 4 - 1));
  }

  private _post(actor: number, object: Address, head: number): void {
    const id = this._random.below(NAMES.length);
    this._actors[actor]!.heap.rcu.call(head, this._ids[actor]![id]!);
    const turns = this._actors.map(({ heap }) => {
      const { turn } = partsOf(heap);
      return turn.isOpen() ? turn.epoch : 0;
    });
    assert.ok(!this._expected.has(head), 'a head of a live object');
    this._expected.set(head, { object, id, actor, order: ++this._order, turns });
  }

  private _onCalled(actor: number, id: number, head: number): void {
    const expected = this._expected.get(head);
    const what = `head ${head} in actor ${actor} ${SEED_NOTE}`;
    assert.ok(expected !== undefined, `called twice, or never queued: ${what}`);
    this._expected.delete(head);
    assert.deepEqual([id, actor], [expected.id, expected.actor], what);
    assert.ok(expected.order > this._lastCalled[actor]!, `out of order: ${what}`);
    this._lastCalled[actor] = expected.order;
    for (const [other, { heap }] of this._actors.entries()) {
      const { turn } = partsOf(heap);
      const isStillOpen = turn.isOpen() && turn.epoch === expected.turns[other];
      // The turn of the callback's own thread is one that the pass began.
      assert.ok(other === actor || !isStillOpen, `a reader of actor ${other} is still there: ${what}`);
    }
    this.called++;
    if (this._random.oneIn(8)) {
      this.reposted++;
      this._post(actor, expected.object, head);
      return;
    }
    this._actors[actor]!.heap.kfree(expected.object);
  }
}

heapTest(
  'rcu.call() keeps its promises against a model',
  (stage) => {
    const play = new Play(stage, new Random(SEED, 17));
    stage.heap.rcu.on('callbackError', ({ error }) => {
      throw error;
    });
    for (let step = 0; step < STEPS; step++) play.step();
    play.end();
    assert.ok(
      play.called > STEPS / 10 && play.reposted > 20,
      `${play.called} called, ${play.reposted} again`,
    );
    assert.equal(stage.stats().callbackErrors, 0, SEED_NOTE);
  },
  { all: { pollMillis: 1, drainMillis: 5 }, tiny: { pages: 128 } },
);
