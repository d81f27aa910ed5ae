import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ALLOC_HIGH,
  ALLOC_NO_WATERMARKS,
  ALLOC_NON_BLOCK,
  ALLOC_TRYLOCK,
  ALLOC_WMARK_MIN,
  allocFlags,
  markFor,
  maySpinFor,
} from './alloc-flags.js';
import {
  __GFP_ACCOUNT,
  __GFP_HIGH,
  __GFP_KSWAPD_RECLAIM,
  __GFP_NOMEMALLOC,
  __GFP_ZERO,
  describeGfp,
  GFP_ATOMIC,
  GFP_KERNEL,
  GFP_NOLOCK,
  GFP_NOWAIT,
} from './gfp.js';

for (const [gfp, plain, inReclaim] of [
  [GFP_KERNEL, ALLOC_WMARK_MIN, ALLOC_NO_WATERMARKS],
  [GFP_KERNEL | __GFP_HIGH, ALLOC_HIGH, ALLOC_NO_WATERMARKS],
  [GFP_ATOMIC, ALLOC_HIGH | ALLOC_NON_BLOCK, ALLOC_NO_WATERMARKS],
  [GFP_NOWAIT, ALLOC_NON_BLOCK, ALLOC_NO_WATERMARKS],
  [GFP_KERNEL | __GFP_NOMEMALLOC, ALLOC_WMARK_MIN, ALLOC_WMARK_MIN],
  [__GFP_KSWAPD_RECLAIM | __GFP_NOMEMALLOC, ALLOC_WMARK_MIN, ALLOC_WMARK_MIN],
  [GFP_NOLOCK, ALLOC_TRYLOCK, ALLOC_TRYLOCK],
  [__GFP_ZERO | __GFP_ACCOUNT, ALLOC_TRYLOCK, ALLOC_TRYLOCK],
] as const) {
  test(`allocFlags, says what ${describeGfp(gfp)} may do, outside of reclaim and inside`, () => {
    assert.deepEqual([allocFlags(gfp, false), allocFlags(gfp, true)], [plain, inReclaim]);
  });
}

test('maySpinFor, is false for ALLOC_TRYLOCK alone', () => {
  assert.equal(maySpinFor(ALLOC_TRYLOCK), false);
  for (const flags of [ALLOC_WMARK_MIN, ALLOC_HIGH | ALLOC_NON_BLOCK, ALLOC_NO_WATERMARKS]) {
    assert.equal(maySpinFor(flags), true);
  }
});

for (const [name, flags, marks] of [
  ['ALLOC_WMARK_MIN', ALLOC_WMARK_MIN, [0, 1, 7, 100]],
  ['ALLOC_NON_BLOCK', ALLOC_NON_BLOCK, [0, 1, 7, 100]],
  ['ALLOC_TRYLOCK', ALLOC_TRYLOCK, [0, 1, 7, 100]],
  ['ALLOC_HIGH', ALLOC_HIGH, [0, 1, 4, 50]],
  ['ALLOC_HIGH | ALLOC_NON_BLOCK', ALLOC_HIGH | ALLOC_NON_BLOCK, [0, 1, 3, 38]],
  ['ALLOC_NO_WATERMARKS', ALLOC_NO_WATERMARKS, [0, 0, 0, 0]],
] as const) {
  test(`markFor, lets ${name} go down to its part of min`, () => {
    assert.deepEqual(
      [0, 1, 7, 100].map((min) => markFor(min, flags)),
      marks,
    );
  });
}
