import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { ThreadContext } from '../threads/context.js';
import type { WaitRight } from '../words/host.js';
import {
  __GFP_ACCOUNT,
  __GFP_NOFAIL,
  __GFP_ZERO,
  GFP_ATOMIC,
  GFP_KERNEL,
  GFP_NOLOCK,
  GFP_NOWAIT,
  type Gfp,
} from './gfp.js';
import { Rights } from './rights.js';

interface Context {
  readonly name: string;
  readonly right: WaitRight;
  /** In a section that forbids waiting and spinning. */
  readonly section?: string;
}

const WORKER: Context = { name: 'worker', right: 'may-wait' };
const MAIN: Context = { name: "a browser's main thread", right: 'may-spin' };
const WORKLET: Context = { name: 'an audio worklet', right: 'may-neither' };
const HOOK: Context = { name: 'a hook', right: 'may-wait', section: 'a hook' };

function rightsIn({ right, section }: Context): Rights {
  const context = new ThreadContext(new FakeHost(right));
  if (section !== undefined) context.enterAtomic(section);
  return new Rights(context);
}

/** What is left of each gfp in each context. */
const NARROWED: readonly (readonly [gfp: Gfp, context: Context, left: Gfp])[] = [
  [GFP_KERNEL, WORKER, GFP_KERNEL],
  [GFP_KERNEL, MAIN, 0x800],
  [GFP_KERNEL, WORKLET, GFP_NOLOCK],
  [GFP_KERNEL, HOOK, GFP_NOLOCK],
  [GFP_ATOMIC, WORKER, GFP_ATOMIC],
  [GFP_ATOMIC, MAIN, GFP_ATOMIC],
  [GFP_ATOMIC, WORKLET, GFP_NOLOCK],
  [GFP_ATOMIC, HOOK, GFP_NOLOCK],
  [GFP_NOWAIT | __GFP_ZERO | __GFP_ACCOUNT, HOOK, __GFP_ZERO | __GFP_ACCOUNT],
  [GFP_KERNEL | __GFP_NOFAIL | __GFP_ZERO, WORKLET, __GFP_ZERO],
  [GFP_NOLOCK, WORKER, GFP_NOLOCK],
  [__GFP_ZERO, WORKLET, __GFP_ZERO],
];

test('narrow(), leaves the least of what gfp says and what the context allows', () => {
  for (const [gfp, context, left] of NARROWED) {
    assert.equal(rightsIn(context).narrow(gfp), left, `gfp ${gfp} in ${context.name}`);
  }
});

test('most(), is GFP_KERNEL but where the thread may neither wait nor spin', () => {
  assert.equal(rightsIn(WORKER).most(), GFP_KERNEL);
  assert.equal(rightsIn(MAIN).most(), GFP_KERNEL);
  assert.equal(rightsIn(WORKLET).most(), GFP_NOLOCK);
  assert.equal(rightsIn(HOOK).most(), GFP_NOLOCK);
});

test('require(), throws a ContextError that names the context where GFP_KERNEL may not wait, and lets it pass in a worker', () => {
  rightsIn(WORKER).require(GFP_KERNEL, 'kmalloc()');
  for (const context of [MAIN, WORKLET, HOOK]) {
    assert.throws(() => rightsIn(context).require(GFP_KERNEL, 'kmalloc()'), {
      name: 'ContextError',
      message: new RegExp(
        `^called kmalloc\\(\\) with GFP_KERNEL (on|in) ${context.name}, which may not wait`,
      ),
    });
    for (const gfp of [GFP_ATOMIC, GFP_NOWAIT, GFP_NOLOCK]) rightsIn(context).require(gfp, 'kmalloc()');
  }
});

test('require(), throws GfpError for what contradicts itself, in every context', () => {
  for (const context of [WORKER, MAIN, WORKLET, HOOK]) {
    assert.throws(() => rightsIn(context).require(0x400, 'kmalloc()'), { name: 'GfpError' });
  }
});
