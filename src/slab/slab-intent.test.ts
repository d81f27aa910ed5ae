/** The intent of a thread that makes a slab of a block, or a block of a slab, and dies: what is on it, and what is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classOf } from '../../tests/support/cache-words.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { Mortal, reap } from '../../tests/support/mortal.js';
import { partsOf, plainHeapsOnly } from '../../tests/support/stage.js';
import { constantWordIndex } from '../layout/heap-header.js';
import { Heap } from '../shared-heap.js';
import { PAGE_SHIFT } from '../words/units.js';

plainHeapsOnly();

/** Of the class whose cache has as its id the index of the header's word `maxWaitingWords`. */
const BYTES = 480;

test('finishSlabIntent, of a slab that was being given back, leaves the header as it is, whatever number that holds', () => {
  const word = constantWordIndex('maxWaitingWords');
  assert.equal(classOf(BYTES), word);
  const heap = Heap.create({ pages: 96, threads: 4, minPartialSlabs: 0 }, { host: new FakeHost() });
  let died = true;
  for (let steps = 0; died; steps++) {
    const host = new FakeHost();
    const mortal = new Mortal({ heap: Heap.attach(heap.handle, { name: 'victim' }, { host }), host });
    const p = mortal.heap.kmalloc(BYTES);
    const slab = (p >>> PAGE_SHIFT) << PAGE_SHIFT;
    mortal.heap.kfree(p);
    heap.words.store(word, slab);
    died = mortal.dieAt(steps, () => partsOf(mortal.heap).caches.shrinkOne(word));
    reap(heap, mortal);
    assert.equal(heap.words.load(word), slab, `stopped before access ${steps}`);
  }
});
