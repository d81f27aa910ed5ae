import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directReclaim, MAX_RECLAIM_RETRIES, type ReclaimSteps } from './direct-reclaim.js';
import { __GFP_NOFAIL, __GFP_NORETRY, __GFP_RETRY_MAYFAIL, GFP_KERNEL } from './gfp.js';

const PAGE = 77;

/** Steps that note that they were taken, of which some bring memory. */
function stepsOf(
  brings: (step: string, log: readonly string[]) => boolean,
  more: Partial<ReclaimSteps> = {},
) {
  const log: string[] = [];
  let has = false;
  const take = (step: string): void => {
    log.push(step);
    has ||= brings(step, log);
  };
  const steps: ReclaimSteps = {
    alloc: () => (has ? PAGE : 0),
    freeDone: () => take('done'),
    firstPriority: () => 2,
    shrink: (priority) => {
      take(`shrink ${priority}`);
      return has ? 1 : 0;
    },
    drainOwnLists: () => take('own lists'),
    drainIdleLists: () => {
      take('idle lists');
      return has ? 1 : 0;
    },
    awaitGracePeriod: () => {
      take('wait');
      return true;
    },
    isContended: () => false,
    rest: () => take('rest'),
    ...more,
  };
  return { log, steps };
}

const NEVER = () => false;
const ROUND = ['shrink 2', 'shrink 1', 'shrink 0'];
const ALL = [...ROUND, 'own lists', 'idle lists'];

test('directReclaim(), goes from what costs nobody anything to what others have to wait for', () => {
  const { log, steps } = stepsOf(NEVER);
  assert.equal(directReclaim(GFP_KERNEL, steps), 0);
  assert.deepEqual(log, ['done', ...ALL, 'wait', ...ALL]);
});

test('directReclaim(), stops at the first step that brings enough', () => {
  for (const last of ['done', ...ALL, 'wait']) {
    const { log, steps } = stepsOf((step) => step === last);
    // What comes with the end of a grace period is found by the pass after it.
    const wanted = last === 'wait' ? ['done', ...ALL, 'wait', 'shrink 2'] : undefined;
    assert.equal(directReclaim(GFP_KERNEL, steps), PAGE);
    assert.deepEqual(log, wanted ?? ['done', ...ALL].slice(0, log.length));
    assert.equal(log.includes(last), true);
  }
});

test('directReclaim(), makes one round and no more with __GFP_NORETRY', () => {
  const { log, steps } = stepsOf(NEVER);
  assert.equal(directReclaim(GFP_KERNEL | __GFP_NORETRY, steps), 0);
  assert.deepEqual(log, ['done', ...ROUND]);
});

test('directReclaim(), gives up in the end with __GFP_RETRY_MAYFAIL, as without', () => {
  const { log, steps } = stepsOf(NEVER);
  assert.equal(directReclaim(GFP_KERNEL | __GFP_RETRY_MAYFAIL, steps), 0);
  assert.deepEqual(log, ['done', ...ALL, 'wait', ...ALL]);
});

test('directReclaim(), rests and starts again with __GFP_NOFAIL, for as long as it takes', () => {
  let rests = 0;
  const { log, steps } = stepsOf((step) => step === 'rest' && ++rests === 5);
  assert.equal(directReclaim(GFP_KERNEL | __GFP_NOFAIL, steps), PAGE);
  assert.equal(log.filter((step) => step === 'rest').length, 5);
});

test('directReclaim(), tries so many rounds in vain while another thread reclaims, and drains the lists once', () => {
  const { log, steps } = stepsOf(NEVER, { isContended: () => true, awaitGracePeriod: () => false });
  assert.equal(directReclaim(GFP_KERNEL, steps), 0);
  assert.equal(log.filter((step) => step === 'shrink 0').length, MAX_RECLAIM_RETRIES);
  assert.equal(log.filter((step) => step === 'own lists').length, 1);
});

test('directReclaim(), gets what another thread gives back while both reclaim', () => {
  const { steps } = stepsOf((_step, log) => log.length > 20, { isContended: () => true });
  assert.equal(directReclaim(GFP_KERNEL, steps), PAGE);
});

test('directReclaim(), tries once more after the other thread that reclaimed is through', () => {
  let reclaimers = 1;
  const { steps } = stepsOf(() => false);
  const asking: ReclaimSteps = {
    ...steps,
    alloc: () => (reclaimers === 0 ? PAGE : 0),
    isContended: () => {
      reclaimers = 0;
      return false;
    },
  };
  assert.equal(directReclaim(GFP_KERNEL, asking), PAGE);
});

test('directReclaim(), ends though shrinkers say for ever that they have given something', () => {
  const { log, steps } = stepsOf(NEVER, { shrink: (priority) => log.push(`shrink ${priority}`) });
  assert.equal(directReclaim(GFP_KERNEL, steps), 0);
  assert.ok(log.length > 100 && log.length < 1000, `${log.length} steps`);
});
