/**
 * The driver of deferred frees: whatever was posted is freed in the end when all threads are idle, by timers alone.
 *
 *     threads post, end their turns, let timers come --all ended--> nothing but timers --> all is freed
 *
 * A thread's timers come where the model lets them: `host.fireTimers()`; no other time passes.
 */
import { type Model, model } from '../../tools/checker/checker.js';
import type { Stage } from '../../tools/checker/model.js';
import { assertTimersFree, type ModelHeap, retiredObjectMemory } from './support/retired-objects.js';

interface Two {
  readonly alpha: ModelHeap;
  readonly beta: ModelHeap;
}

const TWO = retiredObjectMemory({ threads: 2, pages: 8 });
const TWO_MEMORY = {
  lengthWords: TWO.lengthWords,
  prepare: TWO.prepare,
  nameOf: TWO.nameOf,
  mayRace: TWO.mayRace,
};

function wireTwo(stage: Stage): Two {
  return { alpha: TWO.wire(stage, 'alpha', 0), beta: TWO.wire(stage, 'beta', 1) };
}

/** Alpha posts in two turns, with its timers between them; beta is in a turn for some of the time. */
function postingModel(name: string, post: (alpha: ModelHeap, n: number) => void, memory = TWO): Model<Two> {
  return model<Two>({
    name,
    lengthWords: memory.lengthWords,
    prepare: memory.prepare,
    nameOf: memory.nameOf,
    mayRace: memory.mayRace,
    setup: (stage) => ({ alpha: memory.wire(stage, 'alpha', 0), beta: memory.wire(stage, 'beta', 1) }),
    threads: {
      alpha: ({ alpha }) => {
        post(alpha, 0);
        alpha.host.runMicrotasks();
        alpha.host.fireTimers();
        post(alpha, 1);
      },
      beta: ({ beta }) => beta.read(1),
    },
    final: ({ alpha, beta }) => assertTimersFree([alpha, beta], 2),
  });
}

export const timersFreeSheaves = postingModel(
  'timers free what lies in a sheaf in hand, however readers hold it up',
  (alpha, n) => alpha.retire(n),
);

/** Nothing is left to make a sheaf of. */
const FULL = retiredObjectMemory({ threads: 2, pages: 8, isFull: true });

export const timersFreeHeads = postingModel(
  'timers free what waits through its RcuHead, however readers hold it up',
  (alpha, n) => alpha.retire(n),
  FULL,
);

export const timersFreeBlocks = postingModel(
  'timers free the pages that lie in the sheaf of blocks, however readers hold it up',
  (alpha) => alpha.retirePage(),
);

export const timersFreeOfBoth = model<Two>({
  name: 'timers free what two threads have posted, though each leaves a grace period to who drives it',
  ...TWO_MEMORY,
  setup: wireTwo,
  threads: {
    alpha: ({ alpha }) => {
      alpha.retire(0);
      alpha.host.runMicrotasks();
      alpha.host.fireTimers();
    },
    beta: ({ beta }) => {
      beta.retire(1);
      beta.host.runMicrotasks();
      beta.host.fireTimers();
    },
  },
  final: ({ alpha, beta }) => assertTimersFree([alpha, beta], 2),
  bounds: { preemptions: 2 },
  // About 5 seconds.
  nightly: { preemptions: 3 },
});

/** Alpha leaves with something posted; whatever beta does meanwhile, after its next turn timers free it. */
function leavingModel(name: string, meanwhile: (beta: ModelHeap) => void): Model<Two> {
  return model<Two>({
    name,
    ...TWO_MEMORY,
    setup: (stage) => {
      const two = wireTwo(stage);
      // Beta's turn holds up the grace period that alpha drives when it leaves.
      two.beta.wiring().turn.pin();
      two.alpha.retire(0);
      two.alpha.host.runMicrotasks();
      return two;
    },
    threads: {
      alpha: ({ alpha }) => alpha.detach(),
      beta: ({ beta }) => meanwhile(beta),
    },
    final: ({ alpha, beta }) => {
      beta.turn(() => 0);
      alpha.host.fireTimers();
      assertTimersFree([beta], 1);
    },
  });
}

export const nextTurnFindsOrphans = leavingModel(
  'what a thread has left is found when the next turn of another ends, and freed by its timers',
  (beta) => beta.wiring().turn.quiesce(),
);

export const sealingFindsOrphans = leavingModel(
  'what a thread has left, and another has taken over while it sealed its own, is freed by the timers of that one',
  (beta) => beta.seal(),
);
