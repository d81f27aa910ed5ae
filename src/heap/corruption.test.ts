/**
 * What a debug heap finds, byte by byte: a wrong byte at each place round an object in use, and in a free one, is
 * reported by the next call that has to do with the object: once, with where it is and both stacks.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { SHELL_HEAD_WORDS } from '../layout/shell-record.js';
import { MemoryCorruptionError } from '../pages/memory-corruption-error.js';
import { Heap } from '../shared-heap.js';
import { objectWordsFor } from '../slab/size-classes.js';
import { type Address, BYTES_PER_WORD } from '../words/units.js';

const SIZES = [1, 4, 7, 8, 13, 24, 61, 100, 1000, 8100];
const HEAD_BYTES = SHELL_HEAD_WORDS * BYTES_PER_WORD;
/** Of a large object this many bytes at each end, and every so many in between. */
const ENDS = 40;
const STRIDE = 531;
/** More than there are of one object. */
const MOST_PLACES = 200;
/** So often everything is looked at. */
const LOOK_EVERY = 20;
/** Bytes of red zone behind the last word of an object at least. */
const TAIL_BYTES = 8;

/** Just large enough: looking at all of it takes its time. */
function makeHeap(bytes: number): Heap {
  const host = new FakeHost();
  const heapBytes = 2 ** 20 + 2 * MOST_PLACES * bytes;
  return Heap.create({ bytes: heapBytes, threads: 2, debug: true, validate: false }, { host });
}

/** Makes one byte another one. */
function spoil(heap: Heap, p: Address, offset: number): void {
  const word = p + Math.floor(offset / 4);
  const shift = (((offset % 4) + 4) % 4) * 8;
  heap.words.storePlain(word, heap.words.loadPlain(word) ^ (0x41 << shift));
}

function reportOf(fn: () => unknown, where: string): MemoryCorruptionError {
  try {
    fn();
  } catch (error) {
    assert.ok(error instanceof MemoryCorruptionError, `${where}: ${String(error)}`);
    return error;
  }
  return assert.fail(`${where}: nothing was reported`);
}

function* offsets(from: number, to: number): Generator<number> {
  for (let at = from; at < to; at++) {
    if (at < from + ENDS || at >= to - ENDS || (at - from) % STRIDE === 0) yield at;
  }
}

function allocateHere(heap: Heap, bytes: number): Address {
  return heap.kmalloc(bytes);
}

function freeHere(heap: Heap, p: Address): void {
  heap.kfree(p);
}

for (const bytes of SIZES) {
  const end = objectWordsFor(bytes) * BYTES_PER_WORD + TAIL_BYTES;

  test(`kfree, reports a wrong byte at each place beside an object of ${bytes} bytes, once`, () => {
    const heap = makeHeap(bytes);
    let places = 0;
    for (const offset of [...offsets(-HEAD_BYTES, 0), ...offsets(bytes, end)]) {
      const where = `byte ${offset} of an object of ${bytes} bytes`;
      const p = allocateHere(heap, bytes);
      spoil(heap, p, offset);
      const error = reportOf(() => heap.kfree(p), where);
      assert.deepEqual([error.kind, error.address], ['out-of-bounds', p], where);
      if (offset >= -BYTES_PER_WORD) assert.equal(error.offset, offset, where);
      if (offset >= 0) assert.match(error.allocStack, /allocateHere/, where);
      assert.match(reportOf(() => heap.kfree(p), where).message, /in quarantine/);
      places++;
    }
    assert.deepEqual(heap.checkObjects(), []);
    assert.equal(heap.balance().quarantinedObjects, places);
    assert.deepEqual(heap.balance().problems, []);
  });

  test(`kmalloc, reports a wrong byte at each place of a free object of ${bytes} bytes, once`, () => {
    const heap = makeHeap(bytes);
    let places = 0;
    for (const offset of [...offsets(-HEAD_BYTES + BYTES_PER_WORD, 0), ...offsets(0, end)]) {
      const where = `byte ${offset} of an object of ${bytes} bytes`;
      const p = allocateHere(heap, bytes);
      freeHere(heap, p);
      spoil(heap, p, offset);
      const isLooked = places++ % LOOK_EVERY === 0;
      if (isLooked) assert.equal(heap.checkObjects().length, 1, where);
      const error = reportOf(() => heap.kmalloc(bytes), where);
      assert.deepEqual([error.kind, error.address], ['write-after-free', p], where);
      if (offset >= 0) {
        assert.equal(error.offset, offset, where);
        assert.match(error.allocStack, /allocateHere/, where);
        assert.match(error.freeStack, /freeHere/, where);
      }
      if (isLooked) assert.deepEqual(heap.checkObjects(), [], where);
      heap.kfree(heap.kmalloc(bytes));
    }
    assert.deepEqual(heap.checkObjects(), []);
    assert.deepEqual(heap.balance().problems, []);
  });
}
