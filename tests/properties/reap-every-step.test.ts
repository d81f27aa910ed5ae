/**
 * Death at every step: each operation is stopped before each of its accesses, its thread is reaped by another, and the books
 * of the heap must add up, to the object. Then the reaper is stopped as well, at steps drawn at random, and the next one
 * goes on.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { balance } from '../../src/inspect/balance.js';
import { CONFIGURATIONS, type Configuration, type Sizes } from '../support/configurations.js';
import type { FakeHost } from '../support/fake-host.js';
import { attachMortal, type Mortal, reap } from '../support/mortal.js';
import { plainHeapsOnly, Stage } from '../support/stage.js';
import { Random, SEED, SEED_NOTE } from '../threads/seed.js';
import { OPERATIONS, type Operation, PLACES, type Scene } from './reap-operations.js';

plainHeapsOnly();

/** Small: a heap is made for each step. Groups need caches. */
const SIZES: Sizes = { all: { maxCaches: 160 }, tiny: { pages: 96, threads: 5 } };

/**
 * A step each so many: all of them with TINY sizes, where rare paths are common, and with default sizes a share that the seed
 * moves, which LULL_REAP_STRIDE=1 makes all of them.
 */
const STRIDES = { 'default sizes': Number(process.env.LULL_REAP_STRIDE ?? 7), 'TINY sizes': 1 };

/** Pairs of steps, of a thread and of who reaps it, for each operation and configuration. */
const PAIRS = Number(process.env.LULL_REAP_PAIRS ?? 25);

interface Play extends Scene {
  readonly mortal: Mortal;
  readonly operation: Operation;
  /** Of the threads that live on. */
  readonly hosts: readonly FakeHost[];
}

/** Ends the turns of those who live, and lets some time pass for them. */
function goOn({ hosts }: Play): void {
  for (const host of hosts) host.runMicrotasks();
  for (const host of hosts) host.advance(100);
}

function begin(configuration: Configuration, operation: Operation): Play {
  const stage = new Stage(configuration, SIZES);
  const other = stage.attach('other');
  const mortal = attachMortal(stage, 'victim');
  const places = stage.hold(stage.heap.kmalloc(PLACES * 4)) as number;
  stage.words.fillPlain(places, places + PLACES, 0);
  const play: Play = {
    stage,
    victim: mortal.heap,
    other: other.heap,
    places,
    own: [],
    mortal,
    operation,
    hosts: [stage.host, other.host],
  };
  operation.prepare?.(play);
  stage.endTurns();
  return play;
}

/** Addresses that something outside of the heap's own books leads to. */
function heldOf({ stage, places }: Play): number[] {
  const held = [...stage.held];
  for (let i = 0; i < PLACES; i++) {
    const p = stage.words.load(places + i);
    if (p !== 0) held.push(p);
  }
  return held;
}

/** Everything adds up, and the heap works. */
function assertWhole(play: Play, when: string): void {
  const { stage, other, operation, own } = play;
  goOn(play);
  other.map<string, number>('after').set('key', 1);
  other.synchronizeRcuSync();
  stage.heap.synchronizeRcuSync();
  goOn(play);
  const report = balance(stage.words, { held: heldOf(play) });
  assert.deepEqual(report.problems, [], when);
  const lost = report.unreachable.filter((p) => !own.includes(p as never));
  assert.ok(lost.length <= (operation.isPlain ? 1 : 0), `${when}: lost ${lost.join(', ')}`);
}

/** The reaper of the stage's first thread, by way of another that dies in there. */
function reapThroughDying(play: Play, reaper: Mortal, steps: number): boolean {
  const { stage, mortal } = play;
  const died = reaper.dieAt(steps, () => reap(reaper.heap, mortal));
  goOn(play);
  reap(stage.heap, mortal, reaper);
  return died;
}

for (const configuration of CONFIGURATIONS) {
  for (const operation of OPERATIONS) {
    test(`${operation.name}, of a thread that dies at any step, is finished or undone (${configuration.label})`, () => {
      const stride = STRIDES[configuration.label];
      let deaths = -1;
      for (let died = true, steps = SEED % stride; died; steps += stride) {
        const play = begin(configuration, operation);
        died = play.mortal.dieAt(steps, () => operation.run(play));
        deaths++;
        reap(play.stage.heap, play.mortal);
        assertWhole(play, `stopped before access ${steps} ${SEED_NOTE}`);
      }
      assert.ok(deaths > 0, 'nobody died');
    });

    test(`${operation.name}, is finished or undone by the next where who reaps it dies (${configuration.label})`, () => {
      const random = new Random(SEED, OPERATIONS.indexOf(operation));
      const length = lengthOf(configuration, operation);
      let cut = 0;
      for (let pair = 0; pair < PAIRS; pair++) {
        const at = random.below(length);
        const play = begin(configuration, operation);
        const reaper = attachMortal(play.stage, 'reaper');
        play.mortal.dieAt(at, () => operation.run(play));
        const reaperAt = random.below(1 << (4 + random.below(10)));
        if (reapThroughDying(play, reaper, reaperAt)) cut++;
        assertWhole(play, `stopped before access ${at}, its reaper before ${reaperAt} ${SEED_NOTE}`);
      }
      assert.ok(cut > 0, `no reaper died ${SEED_NOTE}`);
    });
  }
}

function lengthOf(configuration: Configuration, operation: Operation): number {
  for (let low = 8; ; low *= 2) {
    const play = begin(configuration, operation);
    if (!play.mortal.dieAt(low, () => operation.run(play))) return low;
  }
}
