import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  __GFP_DIRECT_RECLAIM,
  __GFP_HIGH,
  __GFP_KSWAPD_RECLAIM,
  __GFP_RECLAIM,
  __GFP_ZERO,
  allowBlocking,
  allowSpinning,
  GFP_ATOMIC,
  GFP_KERNEL,
  GFP_NOLOCK,
  GFP_NOWAIT,
  requireGfp,
} from './gfp.js';

/** What each compound may do. */
const COMPOUNDS = [
  { name: 'GFP_KERNEL', gfp: GFP_KERNEL, blocking: true, spinning: true },
  { name: 'GFP_ATOMIC', gfp: GFP_ATOMIC, blocking: false, spinning: true },
  { name: 'GFP_NOWAIT', gfp: GFP_NOWAIT, blocking: false, spinning: true },
  { name: 'GFP_NOLOCK', gfp: GFP_NOLOCK, blocking: false, spinning: false },
] as const;

for (const { name, gfp, blocking, spinning } of COMPOUNDS) {
  test(`${name} ${blocking ? 'may' : 'may not'} wait and ${spinning ? 'may' : 'may not'} spin, zeroed or not`, () => {
    for (const bits of [gfp, gfp | __GFP_ZERO]) {
      assert.equal(allowBlocking(bits), blocking);
      assert.equal(allowSpinning(bits), spinning);
      requireGfp(bits);
    }
  });
}

test('the bits are those of the kernel, and GFP_NOLOCK is 0', () => {
  assert.deepEqual(
    [__GFP_HIGH, __GFP_ZERO, __GFP_DIRECT_RECLAIM, __GFP_KSWAPD_RECLAIM],
    [0x20, 0x100, 0x400, 0x800],
  );
  assert.equal(GFP_KERNEL, __GFP_RECLAIM);
  assert.equal(GFP_NOLOCK, 0);
});

test('__GFP_HIGH and __GFP_ZERO alone give no right to wait or to spin', () => {
  for (const bits of [__GFP_HIGH, __GFP_ZERO, __GFP_HIGH | __GFP_ZERO]) {
    assert.equal(allowBlocking(bits), false);
    assert.equal(allowSpinning(bits), false);
    requireGfp(bits);
  }
});

test('requireGfp() refuses bits that no allocation understands with a TypeError that states them', () => {
  for (const gfp of [
    1,
    0x200,
    0x1000,
    -1,
    2 ** 31,
    GFP_KERNEL | 2,
    0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ]) {
    assert.throws(() => requireGfp(gfp), {
      name: 'TypeError',
      message: `allocated with gfp ${gfp}; known bits are 0xd20: use GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT or GFP_NOLOCK, with __GFP_ZERO if wanted`,
    });
  }
});

test('requireGfp() refuses the right to wait without the right to spin', () => {
  for (const gfp of [__GFP_DIRECT_RECLAIM, GFP_NOLOCK | __GFP_DIRECT_RECLAIM | __GFP_ZERO]) {
    assert.throws(() => requireGfp(gfp), {
      name: 'TypeError',
      message:
        /__GFP_DIRECT_RECLAIM and without __GFP_KSWAPD_RECLAIM: who may wait may also spin; use GFP_KERNEL/,
    });
  }
});
