/**
 * AssemblyScript's TLSF in WebAssembly, called from JavaScript. The first argument is the compiled module.
 * The exports are called as they are: a wrapper of our own would be charged to the peer.
 */
import { readFileSync } from 'node:fs';
import { type Allocator, serveAllocations } from './alloc-loop.js';

interface TlsfExports extends Allocator {
  readonly memory: { readonly buffer: ArrayBuffer };
}

/** The part of WebAssembly's interface that is used here; the project compiles without the DOM's types. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: unknown } }>;
};

const path = process.argv[2];
if (path === undefined)
  throw new Error('expected the path of the compiled TLSF module as the first argument');
const { instance } = await WebAssembly.instantiate(readFileSync(path), {
  env: {
    abort: () => {
      throw new Error('TLSF ran out of memory');
    },
  },
});
const tlsf = instance.exports as TlsfExports;
const memory = new Uint32Array(tlsf.memory.buffer);
await serveAllocations(tlsf, {
  storePlain: (address, value) => {
    memory[address >>> 2] = value;
  },
});
