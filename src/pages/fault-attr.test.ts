import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FaultAttr, type FaultSettings } from './fault-attr.js';

/** Which of the next `count` calls fail, counted from 1. */
function failing(attr: FaultAttr, count: number, size = 8, isNolock = false): number[] {
  const calls: number[] = [];
  for (let call = 1; call <= count; call++) if (attr.shouldFail(size, isNolock)) calls.push(call);
  return calls;
}

function attrOf(settings: FaultSettings): FaultAttr {
  const attr = new FaultAttr('failslab', (cache) => (cache === 'points' ? 70 : 0));
  attr.set(settings);
  return attr;
}

test('FaultAttr, that nobody has set fails nothing', () => {
  assert.deepEqual(failing(new FaultAttr('failslab'), 1000), []);
  assert.deepEqual(failing(attrOf({}), 1000), []);
});

test('FaultAttr.nth, fails the n-th call from now, once, and then reads 0', () => {
  const attr = attrOf({ nth: 3 });
  assert.equal(attr.nth, 3);
  assert.equal(attr.shouldFail(8, false), false);
  assert.equal(attr.nth, 2);
  assert.deepEqual(failing(attr, 10), [2]);
  assert.equal(attr.nth, 0);
  assert.equal(attr.injected, 1);
});

test('FaultAttr.nth, with times fails those after it as well, and with -1 all', () => {
  assert.deepEqual(failing(attrOf({ nth: 3, times: 2 }), 10), [3, 4]);
  assert.deepEqual(failing(attrOf({ nth: 8, times: -1 }), 10), [8, 9, 10]);
});

test('FaultAttr.interval, fails every n-th call, at most `times`', () => {
  assert.deepEqual(failing(attrOf({ interval: 4 }), 13), [4, 8, 12]);
  assert.deepEqual(failing(attrOf({ interval: 4, times: 2 }), 13), [4, 8]);
});

test('FaultAttr.space, lets so much through first', () => {
  assert.deepEqual(failing(attrOf({ probability: 100, space: 20 }), 5, 8), [4, 5]);
});

test('FaultAttr.probability, fails about that share of the calls, and the same ones for the same seed', () => {
  for (const seed of [1, 7, 12345]) {
    const calls = failing(attrOf({ probability: 25, seed }), 10_000);
    assert.ok(calls.length > 2200 && calls.length < 2800, `seed ${seed}: ${calls.length} of 10000`);
    assert.deepEqual(failing(attrOf({ probability: 25, seed }), 10_000), calls);
    assert.notDeepEqual(failing(attrOf({ probability: 25, seed: seed + 1 }), 10_000), calls);
  }
  assert.equal(failing(attrOf({ probability: 100 }), 100).length, 100);
  assert.equal(failing(attrOf({ probability: 0 }), 100).length, 0);
});

test('FaultAttr, leaves other sizes, other caches and, where it is told to, nolock calls alone, and does not count them', () => {
  const bySize = attrOf({ nth: 2, least: 16, most: 64 });
  for (const size of [8, 65, 8, 65]) assert.equal(bySize.shouldFail(size, false), false);
  assert.equal(bySize.shouldFail(16, false), false);
  assert.equal(bySize.shouldFail(64, false), true);
  const byCache = attrOf({ nth: 1, cache: 'points' });
  assert.equal(byCache.shouldFail(8, false, 8, 3), false);
  assert.equal(byCache.shouldFail(8, false, 8, 70), true);
  assert.deepEqual(failing(attrOf({ nth: 1, ignoreNolock: true }), 10, 8, true), []);
  assert.deepEqual(failing(attrOf({ nth: 1 }), 10, 8, true), [1]);
});

test('FaultAttr.set, refuses what means nothing, and goes on as before', () => {
  const attr = attrOf({ nth: 5 });
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [{ probability: 101 }, /failslab\.probability to 101; it is an integer in 0\.\.100/],
    [{ probability: -1 }, /probability/],
    [{ interval: 0 }, /interval/],
    [{ nth: 1.5 }, /nth/],
    [{ nth: Number.NaN }, /nth/],
    [{ times: -2 }, /times/],
    [{ space: '3' }, /space/],
    [{ least: 9, most: 8 }, /least to 9 and most to 8/],
    [{ every: 3 }, /failslab\.every, which it does not have; it has probability/],
    [{ cache: 'lines' }, /failslab\.cache to lines/],
    [{ ignoreNolock: 1 }, /ignoreNolock/],
    [null, /takes an object/],
    [7, /takes an object/],
  ];
  for (const [settings, message] of wrong) {
    assert.throws(() => attr.set(settings as FaultSettings), message, JSON.stringify(settings));
  }
  assert.deepEqual(failing(attr, 9), [5]);
});
