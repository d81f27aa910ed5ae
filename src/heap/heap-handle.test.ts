import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertUnchanged, snapshotOf } from '../../tests/support/balanced.js';
import { heapTest, plainHeapsOnly } from '../../tests/support/stage.js';
import { constantWordIndex } from '../layout/heap-header.js';
import { Heap } from '../shared-heap.js';
import { NativeWords, reserveBuffer, StrictNativeWords } from '../words/native-words.js';
import { AttachError, type AttachErrorCode } from './heap-errors.js';
import { type HeapHandle, makeHandle } from './heap-handle.js';

plainHeapsOnly();

/** A growable buffer, which Node 20 has and the ES2023 types do not know. */
function makeGrowable(bytes: number): SharedArrayBuffer {
  const Growable = SharedArrayBuffer as unknown as new (bytes: number, options: object) => SharedArrayBuffer;
  return new Growable(bytes, { maxByteLength: 2 * bytes });
}

/** A buffer with the same bytes, of `bytes` bytes. */
function copyOf(handle: HeapHandle, bytes: number, buffer = reserveBuffer(bytes)): SharedArrayBuffer {
  const source = new Uint8Array(handle.buffer);
  new Uint8Array(buffer).set(source.subarray(0, Math.min(bytes, source.length)));
  return buffer;
}

function assertRefused(handle: unknown, code: AttachErrorCode, message: RegExp | string): void {
  assert.throws(
    () => Heap.attach(handle as HeapHandle),
    (error: AttachError) => {
      assert.ok(error instanceof AttachError, String(error));
      assert.equal(error.name, 'AttachError');
      assert.equal(error.code, code);
      if (typeof message === 'string') assert.equal(error.message, message);
      else assert.match(error.message, message);
      return true;
    },
  );
}

test('attach() of what is no handle is refused with code `handle` and says what it is', () => {
  const ending = "which is not a heap's handle; pass heap.handle, as workerData or by postMessage";
  const wrong: [unknown, string][] = [
    [null, 'null'],
    [undefined, 'undefined'],
    [17, '17'],
    ['heap', "'heap'"],
    [Symbol('heap'), 'Symbol(heap)'],
    [{ buffer: 1, size: 2 }, 'an object of keys [buffer,size]'],
    [{ lull: 'heap', buffer: new ArrayBuffer(4096) }, 'an object of keys [lull,buffer]'],
    [{ lull: 'cache', buffer: reserveBuffer(4096) }, 'an object of keys [lull,buffer]'],
    [new ArrayBuffer(8), 'an object of keys []'],
  ];
  for (const [handle, what] of wrong) assertRefused(handle, 'handle', `attached to ${what}, ${ending}`);
});

test('attach() of a bare SharedArrayBuffer is refused with code `handle` and says so', () => {
  const { buffer } = Heap.create({ bytes: 2 ** 20 }).handle;
  assertRefused(buffer, 'handle', /^attached to a bare SharedArrayBuffer, which is not a heap's handle/);
});

test('attach() of a buffer that is no whole number of pages is refused with code `truncated`', () => {
  for (const bytes of [0, 4, 4095, 4097]) {
    assertRefused(
      makeHandle(reserveBuffer(bytes), false),
      'truncated',
      `attached to a shared buffer of ${bytes} bytes; a heap is a whole number of 4 KiB pages`,
    );
  }
});

test('attach() of a buffer in which no heap was made is refused with code `foreign`', () => {
  for (const buffer of [reserveBuffer(2 ** 20), makeGrowable(2 ** 20)]) {
    assertRefused(
      makeHandle(buffer, false),
      'foreign',
      'attached to a shared buffer in which Heap.create() made no heap',
    );
  }
});

heapTest('attach() looks at both words of the magic', (stage) => {
  for (const name of ['magic0', 'magic1'] as const) {
    const copy = copyOf(stage.heap.handle, stage.heap.handle.buffer.byteLength);
    new NativeWords(copy).store(constantWordIndex(name), 1);
    assertRefused(makeHandle(copy, false), 'foreign', /made no heap/);
  }
});

heapTest(
  'attach() of a heap of another layout version is refused with code `version`, which names both',
  (stage) => {
    const copy = copyOf(stage.heap.handle, stage.heap.handle.buffer.byteLength);
    new NativeWords(copy).store(constantWordIndex('version'), 999);
    assertRefused(
      makeHandle(copy, false),
      'version',
      /^attached to a heap of layout version 999 with a program of version \d+; use the same version of lull in all threads$/,
    );
  },
);

heapTest('attach() of a part of a heap, or of more than it, is refused with code `truncated`', (stage) => {
  const { handle } = stage.heap;
  const whole = handle.buffer.byteLength;
  for (const bytes of [4096, whole - 4096, whole + 4096]) {
    assertRefused(
      makeHandle(copyOf(handle, bytes), false),
      'truncated',
      `attached to ${bytes} bytes of a heap of ${whole} bytes; pass the whole buffer`,
    );
  }
});

heapTest(
  'attach() of a heap in a growable buffer is refused: views over it are many times slower',
  (stage) => {
    const { handle } = stage.heap;
    const growable = makeGrowable(handle.buffer.byteLength);
    const copy = copyOf(handle, handle.buffer.byteLength, growable);
    assert.throws(() => Heap.attach(makeHandle(copy, false)), AttachError);
  },
);

heapTest('an attach that is refused changes nothing', (stage) => {
  const copy = copyOf(stage.heap.handle, stage.heap.handle.buffer.byteLength);
  const words = new NativeWords(copy);
  words.store(constantWordIndex('version'), 999);
  const before = snapshotOf(words);
  assert.throws(() => Heap.attach(makeHandle(copy, false)), AttachError);
  assertUnchanged(words, before);
});

heapTest('a handle survives a structured clone, and attaches to the same heap', (stage) => {
  const clone = structuredClone(stage.heap.handle);
  assert.deepEqual(Object.keys(clone).sort(), ['buffer', 'lull', 'strict', 'version']);
  const other = Heap.attach(clone);
  const p = stage.hold(other.kmalloc(64));
  other.words.store(p, 4711);
  assert.equal(stage.words.load(p), 4711);
  other.detach();
});

test('a strict heap is strict in every thread, and its handle says so', () => {
  for (const strict of [true, false]) {
    const heap = Heap.create({ bytes: 2 ** 20, strict, validate: false });
    assert.equal(heap.handle.strict, strict);
    for (const { words } of [heap, Heap.attach(structuredClone(heap.handle))]) {
      assert.equal(words instanceof StrictNativeWords, strict);
      assert.ok(words instanceof NativeWords);
    }
  }
});

heapTest('attach() under a name that is no string is refused, and takes no slot', (stage) => {
  const options = { name: 5 } as unknown as { name: string };
  assert.throws(() => Heap.attach(stage.heap.handle, options), {
    name: 'TypeError',
    message: "attached to a heap as 5; a thread's name is a string",
  });
  assert.equal(stage.stats().threads.length, 1);
});
