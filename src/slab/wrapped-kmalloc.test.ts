/** What is wrapped must be wrapped whole: a method that is not handed on would work on an object that nobody else uses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PageAllocator } from '../pages/page-allocator.js';
import { WrappedPages } from '../pages/wrapped-pages.js';
import { DebugKfreeRcu } from './debug-kfree-rcu.js';
import { DebugKmalloc } from './debug-kmalloc.js';
import { KfreeRcu } from './kfree-rcu.js';
import { Kmalloc } from './kmalloc.js';
import { WrappedKmalloc } from './wrapped-kmalloc.js';

type Class = { readonly name: string; readonly prototype: object };

/** Public methods of a class itself. */
function methodsOf({ prototype }: Class): string[] {
  return Object.getOwnPropertyNames(prototype).filter(
    (name) => !name.startsWith('_') && name !== 'constructor',
  );
}

for (const [wrapper, wrapped] of [
  [WrappedKmalloc, Kmalloc],
  [WrappedPages, PageAllocator],
  [DebugKfreeRcu, KfreeRcu],
] as const satisfies readonly (readonly [Class, Class])[]) {
  test(`${wrapper.name}, hands on every method of ${wrapped.name}`, () => {
    const own = new Set(methodsOf(wrapper));
    const missing = methodsOf(wrapped).filter((name) => !own.has(name));
    assert.deepEqual(missing, [], 'add them to the wrapper');
  });
}

test('DebugKmalloc, knows what to do with every method that takes or gives an address', () => {
  const own = new Set(methodsOf(DebugKmalloc));
  const missing = methodsOf(Kmalloc).filter(
    (name) => /alloc|free|cacheOf|usable/i.test(name) && !own.has(name),
  );
  assert.deepEqual(missing, [], 'they would see addresses without their shells');
});
