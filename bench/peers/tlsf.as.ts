// AssemblyScript's TLSF allocator, exported as it is: no collector, no object header, no size passed to free.
// Compiled to WebAssembly by tlsf-build.ts, and left out of the project's own compilation, as AssemblyScript's
// types are not TypeScript's.

export function kmalloc(bytes: usize): usize {
  return heap.alloc(bytes);
}

export function kfree(address: usize): void {
  heap.free(address);
}
