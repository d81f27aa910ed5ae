/**
 * Charging to memory groups: a limit is never passed, not for one step, and nothing that was charged is lost, or
 * counted twice, whoever else charges, gives back, or closes the group meanwhile.
 *
 *     company <- red       alpha and beta charge, to one group or to both parts of a whole
 *             <- blue
 *
 * A thread's stock is its own here: that others take it while the thread is idle is group-stocks.model.ts's.
 */
import assert from 'node:assert/strict';
import { CHARGE } from '../../src/groups/group-charges.js';
import { chargePast, close, tryCharge, uncharge } from '../../src/groups/group-counter.js';
import { GROUP, GROUP_CLOSED, STOCK_GRANULES } from '../../src/layout/group-record.js';
import type { Words } from '../../src/words/words.js';
import { model } from '../../tools/checker/model.js';
import { unchargeHeld, usageOf } from '../support/group-words.js';
import {
  assertNothingLost,
  assertWithinLimits,
  BLUE,
  COMPANY,
  giveBack,
  LENGTH_WORDS,
  type Limits,
  nameOfGroupWord,
  type Payers,
  payers,
  prepareGroups,
  RED,
  take,
} from './support/group-scene.js';

/** What the models have in common. */
function over(limits: Limits) {
  return {
    lengthWords: LENGTH_WORDS,
    prepare: prepareGroups(limits) as (words: Words) => void,
    nameOf: nameOfGroupWord,
    setup: payers,
    invariant: assertWithinLimits,
  };
}

export const keepsWithinTheLimit = model<Payers>({
  name: 'two threads that charge and give back never have more than the limit between them, and lose nothing',
  ...over([100, 5, 5]),
  threads: {
    alpha({ words, all: [alpha] }) {
      if (tryCharge(words, RED, 3, true) === 0) uncharge(words, RED, 1);
      else alpha!.refused++;
      if (tryCharge(words, RED, 2, true) === 0) uncharge(words, RED, 2);
    },
    beta({ words, all: [, beta] }) {
      if (tryCharge(words, RED, 3, true) === 0) uncharge(words, RED, 1);
      else beta!.refused++;
    },
  },
  final({ words, all: [alpha, beta] }) {
    const granted = 2 - alpha!.refused - beta!.refused;
    assert.ok(granted >= 1, 'both were refused, though there was room for one');
    assert.equal(usageOf(words, RED), granted * 2);
    assert.equal(usageOf(words, COMPANY), granted * 2);
  },
});

export const takesBackWhatAWholeRefuses = model<Payers>({
  name: 'a charge that the whole refuses leaves nothing charged to the part, and the other part gets its room',
  ...over([5, 100, 100]),
  threads: {
    alpha({ all: [alpha] }) {
      if (take(alpha!, RED, 4, CHARGE.exact)) giveBack(alpha!, RED);
      take(alpha!, RED, 1, CHARGE.exact);
    },
    beta: ({ all: [, beta] }) => take(beta!, BLUE, 3, CHARGE.exact),
  },
  final: assertNothingLost,
});

export const keepsAheadWithinTheLimit = model<Payers>({
  name: 'what threads charge ahead, and give back to their stocks, is within the limit and not lost',
  ...over([STOCK_GRANULES + 5, 2 * STOCK_GRANULES, 100]),
  threads: {
    alpha({ all: [alpha] }) {
      take(alpha!, RED, 3, CHARGE.ahead);
      take(alpha!, RED, 3, CHARGE.exact);
      giveBack(alpha!, RED);
      alpha!.charges.drain();
    },
    beta({ all: [, beta] }) {
      take(beta!, RED, 4, CHARGE.ahead);
      giveBack(beta!, RED);
    },
  },
  final(state) {
    assertNothingLost(state);
    assert.ok(state.all[0]!.refused + state.all[1]!.refused <= 2);
  },
});

export const givesBackWhatIsTooMuch = model<Payers>({
  name: 'what is too much for a stock is uncharged, from the part and from the whole, while another charges both',
  ...over([4 * STOCK_GRANULES, 4 * STOCK_GRANULES, 100]),
  threads: {
    alpha({ words, all: [alpha] }) {
      take(alpha!, RED, STOCK_GRANULES - 1, CHARGE.ahead);
      giveBack(alpha!, RED);
      // The stock is full.
      if (tryCharge(words, RED, 2, true) === 0) unchargeHeld(alpha!.charges, RED, 2);
    },
    beta({ words }) {
      if (tryCharge(words, RED, 7, true) === 0) uncharge(words, RED, 7);
    },
  },
  final: assertNothingLost,
  bounds: { preemptions: 3 },
  // 2,483 executions; every schedule is 106,000.
  nightly: { preemptions: 4 },
});

export const closesForGood = model<Payers & { closed?: boolean }>({
  name: 'a group is closed or charged, never both; once it is closed nothing is charged to it',
  ...over([100, 100, 100]),
  threads: {
    alpha(state) {
      state.closed = close(state.words, RED);
    },
    beta({ words, all: [, beta] }) {
      if (tryCharge(words, RED, 3, true) !== 0) beta!.refused++;
      else if (tryCharge(words, RED, 2, true) === 0) uncharge(words, RED, 5);
    },
  },
  invariant({ words, all: [, beta] }) {
    const usage = usageOf(words, RED);
    assert.ok(usage >= 0 || usage === GROUP_CLOSED, `${usage} granules are charged to a closed group`);
    assert.ok(usage >= 0 || beta!.held.size === 0);
  },
  final({ words, closed, all: [, beta] }) {
    assert.equal(usageOf(words, RED), closed ? GROUP_CLOSED : 0);
    assert.equal(usageOf(words, COMPANY), 0);
    if (beta!.refused > 0) assert.equal(closed, true);
  },
});

export const notesThePeak = model<Payers>({
  name: 'the peak is the largest usage there was, whoever notes it last',
  ...over([100, 100, 100]),
  threads: {
    alpha({ words }) {
      tryCharge(words, RED, 2, true);
    },
    beta({ words }) {
      tryCharge(words, RED, 3, true);
    },
  },
  final({ words }) {
    assert.equal(words.loadPlain(RED + GROUP.peak), 5);
    assert.equal(words.loadPlain(COMPANY + GROUP.peak), 5);
  },
});

export const countsWhatGoesPast = model<Payers>({
  name: 'a charge that must not fail is charged to the part and to the whole, once, and counted where it is too much',
  ...over([100, 4, 4]),
  invariant({ words }: Payers) {
    assert.ok(usageOf(words, RED) <= 8);
  },
  threads: {
    alpha({ words }) {
      chargePast(words, RED, 4);
    },
    beta({ words, all: [, beta] }) {
      if (tryCharge(words, RED, 4, true) !== 0) beta!.refused++;
    },
  },
  final({ words, all: [, beta] }) {
    const expected = beta!.refused > 0 ? 4 : 8;
    assert.equal(usageOf(words, RED), expected);
    assert.equal(usageOf(words, COMPANY), expected);
    assert.equal(words.loadPlain(RED + GROUP.forced), expected === 8 ? 1 : 0);
  },
});
