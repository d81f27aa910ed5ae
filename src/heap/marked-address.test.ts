import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bareAddress, isMarked, isOfTurn, markAddress } from './marked-address.js';

const HIGHEST = 2 ** 30 - 1;
/** Turns after which marks come round. */
const TURNS = 2 ** 20;

test('markAddress, keeps the word index in the lower 32 bits, and is exact for every turn', () => {
  for (const address of [1, 8, 4096, HIGHEST]) {
    for (const epoch of [0, 1, 7, TURNS - 1, TURNS, 2 ** 31]) {
      const marked = markAddress(address, epoch);
      assert.ok(Number.isSafeInteger(marked));
      assert.ok(isMarked(marked));
      assert.equal(bareAddress(marked), address);
      assert.equal(marked | 0, address);
      assert.equal(new Int32Array([marked])[0], address);
      assert.ok(isOfTurn(marked, epoch));
      assert.ok(!isOfTurn(marked, epoch + 1));
    }
  }
});

test('markAddress, keeps its mark when an offset is added', () => {
  const marked = markAddress(4096, 5);
  assert.equal(bareAddress(marked + 3), 4099);
  assert.equal(bareAddress(marked - 4), 4092);
  assert.ok(isOfTurn(marked + 3, 5));
});

test('isMarked, says no of what is no address, so that it is refused as in a plain heap', () => {
  const others = [
    Number.NaN,
    -1,
    0,
    5,
    2 ** 31,
    2 ** 32 - 1,
    1.5,
    Number.POSITIVE_INFINITY,
    2 ** 60,
    -(2 ** 40),
  ];
  for (const other of [...others, '5', String(2 ** 33), undefined, null, {}]) {
    assert.equal(isMarked(other as number), false, String(other));
    assert.ok(Object.is(bareAddress(other as number), other), String(other));
    assert.ok(isOfTurn(other as number, 3));
  }
});
