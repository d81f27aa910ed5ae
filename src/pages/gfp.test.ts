import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  __GFP_ACCOUNT,
  __GFP_DIRECT_RECLAIM,
  __GFP_HIGH,
  __GFP_KSWAPD_RECLAIM,
  __GFP_NOFAIL,
  __GFP_NOMEMALLOC,
  __GFP_NORETRY,
  __GFP_NOWARN,
  __GFP_RETRY_MAYFAIL,
  __GFP_ZERO,
  allowBlocking,
  allowSpinning,
  describeGfp,
  GFP_ATOMIC,
  GFP_KERNEL,
  GFP_KERNEL_ACCOUNT,
  GFP_NOLOCK,
  GFP_NOWAIT,
  GfpError,
  requireGfp,
  requireNolockGfp,
} from './gfp.js';

/** What each compound may do. */
const COMPOUNDS = [
  { name: 'GFP_KERNEL', gfp: GFP_KERNEL, blocking: true, spinning: true },
  { name: 'GFP_KERNEL_ACCOUNT', gfp: GFP_KERNEL_ACCOUNT, blocking: true, spinning: true },
  { name: 'GFP_ATOMIC', gfp: GFP_ATOMIC, blocking: false, spinning: true },
  { name: 'GFP_NOWAIT', gfp: GFP_NOWAIT, blocking: false, spinning: true },
  { name: 'GFP_NOLOCK', gfp: GFP_NOLOCK, blocking: false, spinning: false },
] as const;

/** Every bit, with its value in the kernel. */
const BITS = [
  [__GFP_HIGH, 0x20],
  [__GFP_ZERO, 0x100],
  [__GFP_DIRECT_RECLAIM, 0x400],
  [__GFP_KSWAPD_RECLAIM, 0x800],
  [__GFP_NOWARN, 0x2000],
  [__GFP_RETRY_MAYFAIL, 0x4000],
  [__GFP_NOFAIL, 0x8000],
  [__GFP_NORETRY, 0x10000],
  [__GFP_NOMEMALLOC, 0x80000],
  [__GFP_ACCOUNT, 0x400000],
] as const;

/** Every combination of all bits. */
function* everyGfp(): Generator<number> {
  for (let chosen = 0; chosen < 1 << BITS.length; chosen++) {
    let gfp = 0;
    for (let i = 0; i < BITS.length; i++) if ((chosen & (1 << i)) !== 0) gfp |= BITS[i]![0];
    yield gfp;
  }
}

for (const { name, gfp, blocking, spinning } of COMPOUNDS) {
  test(`${name} ${blocking ? 'may' : 'may not'} wait and ${spinning ? 'may' : 'may not'} spin, zeroed or not`, () => {
    for (const bits of [gfp, gfp | __GFP_ZERO, gfp | __GFP_ACCOUNT]) {
      assert.equal(allowBlocking(bits), blocking);
      assert.equal(allowSpinning(bits), spinning);
      requireGfp(bits);
    }
  });
}

test('the bits are those of the kernel, and GFP_NOLOCK is 0', () => {
  for (const [bit, kernel] of BITS) assert.equal(bit, kernel);
  assert.deepEqual([GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT, GFP_NOLOCK], [0xc00, 0x820, 0x2800, 0]);
});

test('allowBlocking() and allowSpinning() follow the bits of reclaim and no other, in all combinations', () => {
  const found = { blocking: [0, 0], spinning: [0, 0] };
  for (const gfp of everyGfp()) {
    const direct = Math.floor(gfp / 0x400) % 2 === 1;
    const kswapd = Math.floor(gfp / 0x800) % 2 === 1;
    assert.equal(allowBlocking(gfp), direct, describeGfp(gfp));
    assert.equal(allowSpinning(gfp), direct || kswapd, describeGfp(gfp));
    found.blocking[Number(direct)]!++;
    found.spinning[Number(direct || kswapd)]!++;
  }
  assert.deepEqual(found, { blocking: [512, 512], spinning: [256, 768] });
});

test('requireGfp() refuses each contradictory pair by a GfpError that names both', () => {
  const pairs: readonly (readonly [gfp: number, named: RegExp])[] = [
    [__GFP_DIRECT_RECLAIM, /__GFP_DIRECT_RECLAIM and without __GFP_KSWAPD_RECLAIM.*GFP_NOLOCK/],
    [GFP_NOLOCK | __GFP_DIRECT_RECLAIM | __GFP_ZERO, /__GFP_DIRECT_RECLAIM and without __GFP_KSWAPD_RECLAIM/],
    [__GFP_HIGH, /__GFP_HIGH and without __GFP_KSWAPD_RECLAIM.*reserves/],
    [GFP_NOWAIT | __GFP_NORETRY, /__GFP_NORETRY and without __GFP_DIRECT_RECLAIM/],
    [GFP_NOWAIT | __GFP_RETRY_MAYFAIL, /__GFP_RETRY_MAYFAIL and without __GFP_DIRECT_RECLAIM/],
    [GFP_ATOMIC | __GFP_NOFAIL, /__GFP_NOFAIL and without __GFP_DIRECT_RECLAIM.*mempool/],
    [__GFP_NOFAIL, /__GFP_NOFAIL and without __GFP_DIRECT_RECLAIM/],
    [GFP_KERNEL | __GFP_NOFAIL | __GFP_NORETRY, /__GFP_NOFAIL and __GFP_NORETRY/],
    [GFP_KERNEL | __GFP_NOFAIL | __GFP_RETRY_MAYFAIL, /__GFP_NOFAIL and __GFP_RETRY_MAYFAIL/],
    [GFP_KERNEL | __GFP_NORETRY | __GFP_RETRY_MAYFAIL, /__GFP_NORETRY and __GFP_RETRY_MAYFAIL/],
    [GFP_ATOMIC | __GFP_NOMEMALLOC, /__GFP_HIGH and __GFP_NOMEMALLOC/],
  ];
  for (const [gfp, named] of pairs) {
    assert.throws(() => requireGfp(gfp), { name: 'GfpError', message: named, gfp }, describeGfp(gfp));
  }
});

test('requireGfp() takes a combination or refuses it, and refuses none without a contradiction', () => {
  let taken = 0;
  for (const gfp of everyGfp()) {
    try {
      requireGfp(gfp);
      taken++;
    } catch (error) {
      assert.ok(error instanceof GfpError);
      assert.match(error.message, /^allocated with __GFP_\w+ and (without )?__GFP_\w+: /);
    }
  }
  // HIGH, MEMALLOC and the three strengths are what contradicts; ZERO, NOWARN and ACCOUNT go with all.
  const free = 2 ** 3;
  const nolock = 2; // with or without NOMEMALLOC
  const spinning = 3; // none, HIGH, NOMEMALLOC
  const waiting = 3 * 4; // the same, and at most one strength
  assert.equal(taken, free * (nolock + spinning + waiting));
});

test('requireGfp() refuses bits that no allocation understands by a GfpError that states them', () => {
  for (const gfp of [
    1,
    0x200,
    0x1000,
    -1,
    2 ** 31,
    GFP_KERNEL | 2,
    0.5,
    2 ** 40,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ]) {
    assert.throws(() => requireGfp(gfp), {
      name: 'GfpError',
      message:
        `allocated with gfp ${gfp}; known bits are 0x49ed20: use GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT or GFP_NOLOCK, ` +
        'with others of __GFP_ZERO, __GFP_ACCOUNT, ... if wanted',
    });
  }
});

test('requireNolockGfp() takes __GFP_ZERO and __GFP_ACCOUNT, and refuses everything else by name', () => {
  for (const gfp of [0, __GFP_ZERO, __GFP_ACCOUNT, __GFP_ZERO | __GFP_ACCOUNT]) requireNolockGfp(gfp, 'f()');
  for (const gfp of [GFP_KERNEL, GFP_ATOMIC, __GFP_HIGH, __GFP_NOWARN, 1, 0.5, 2 ** 40, Number.NaN, -1]) {
    assert.throws(() => requireNolockGfp(gfp, 'kmallocNolock()'), {
      name: 'GfpError',
      message: new RegExp(
        `^called kmallocNolock\\(\\) with gfp ${escaped(describeGfp(gfp))}; .*__GFP_ZERO and`,
      ),
    });
  }
});

test('describeGfp(), names compounds first, then bits, then what is left', () => {
  assert.equal(describeGfp(GFP_NOLOCK), 'GFP_NOLOCK');
  assert.equal(describeGfp(GFP_KERNEL_ACCOUNT | __GFP_ZERO), 'GFP_KERNEL|__GFP_ZERO|__GFP_ACCOUNT');
  assert.equal(describeGfp(GFP_ATOMIC), 'GFP_ATOMIC');
  assert.equal(describeGfp(GFP_NOWAIT), 'GFP_NOWAIT');
  assert.equal(describeGfp(__GFP_KSWAPD_RECLAIM), '__GFP_KSWAPD_RECLAIM');
  assert.equal(describeGfp(__GFP_ZERO | 1), '__GFP_ZERO|0x1');
  assert.equal(describeGfp(Number.NaN), 'NaN');
});

function escaped(text: string): string {
  return text.replace(/[|.]/g, '\\$&');
}
