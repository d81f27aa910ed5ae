/**
 * The handle: what one thread sends another so that it can attach. Plain data, so that it survives
 * workerData, postMessage and structuredClone.
 */
import { constantWordIndex, LAYOUT_VERSION, MAGIC_0, MAGIC_1 } from '../layout/heap-header.js';
import { isSharedBuffer, NativeWords } from '../words/native-words.js';
import { shown } from '../words/shown.js';
import { PAGE_BYTES } from '../words/units.js';
import type { DebugHandle } from './debug-fittings.js';
import { AttachError } from './heap-errors.js';
import type { ValidationHandle } from './validation.js';

export interface HeapHandle {
  readonly lull: 'heap';
  readonly version: number;
  readonly strict: boolean;
  readonly buffer: SharedArrayBuffer;
  /** Of a validating heap. */
  readonly validation?: ValidationHandle;
  /** Of a debug heap. */
  readonly debug?: DebugHandle;
  /** Of the one thread that the handle was made for by heap.spawn(): what it is known by where the engine gives no number. */
  readonly threadNumber?: number;
}

/** Makes the handle of a heap. */
export function makeHandle(
  buffer: SharedArrayBuffer,
  strict: boolean,
  validation?: ValidationHandle,
  debug?: DebugHandle,
): HeapHandle {
  const handle: HeapHandle = { lull: 'heap', version: LAYOUT_VERSION, strict, buffer };
  return {
    ...handle,
    ...(validation === undefined ? {} : { validation }),
    ...(debug === undefined ? {} : { debug }),
  };
}

/** Throws AttachError unless `handle` names a buffer in which this version of the package made a heap. */
export function requireHandle(handle: HeapHandle): void {
  if (
    typeof handle !== 'object' ||
    handle === null ||
    handle.lull !== 'heap' ||
    !isSharedBuffer(handle.buffer)
  ) {
    throw new AttachError(
      'handle',
      `attached to ${describe(handle)}, which is not a heap's handle; pass heap.handle, as workerData or by postMessage`,
    );
  }
  requireHeap(handle.buffer);
}

function requireHeap(buffer: SharedArrayBuffer): void {
  if (buffer.byteLength < PAGE_BYTES || buffer.byteLength % PAGE_BYTES !== 0) {
    throw new AttachError(
      'truncated',
      `attached to a shared buffer of ${buffer.byteLength} bytes; a heap is a whole number of 4 KiB pages`,
    );
  }
  const words = new NativeWords(buffer);
  const word = (name: Parameters<typeof constantWordIndex>[0]) => words.loadPlain(constantWordIndex(name));
  if (word('magic0') !== MAGIC_0 || word('magic1') !== MAGIC_1) {
    throw new AttachError('foreign', 'attached to a shared buffer in which Heap.create() made no heap');
  }
  if ((buffer as { growable?: boolean }).growable === true) {
    throw new AttachError(
      'foreign',
      'attached to a heap in a growable buffer, over which every access is many times slower; copy it into one of fixed length',
    );
  }
  if (word('version') !== LAYOUT_VERSION) {
    throw new AttachError(
      'version',
      `attached to a heap of layout version ${word('version')} with a program of version ${LAYOUT_VERSION}; ` +
        'use the same version of lull in all threads',
    );
  }
  const bytes = word('totalPages') * PAGE_BYTES;
  if (bytes !== buffer.byteLength) {
    throw new AttachError(
      'truncated',
      `attached to ${buffer.byteLength} bytes of a heap of ${bytes} bytes; pass the whole buffer`,
    );
  }
}

/** Of an object, its keys: they say best what was taken for a handle. */
function describe(handle: unknown): string {
  if (typeof handle !== 'object' || handle === null) return shown(handle);
  return isSharedBuffer(handle) ? 'a bare SharedArrayBuffer' : `an object of keys [${Object.keys(handle)}]`;
}
