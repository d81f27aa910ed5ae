/** Units of the heap: what a number counts stands in its type or in its name. */

declare const address: unique symbol;

/** A word index of an object or a block of pages; 0 means none. Byte offset = address * 4. */
export type Address = number & { readonly [address]: true };

/** "No memory": what an allocation that may not wait returns when nothing is to be had. */
export const NONE = 0 as Address;

export const BYTES_PER_WORD = 4;
export const PAGE_BYTES = 4096;
export const PAGE_WORDS = PAGE_BYTES / BYTES_PER_WORD;
/** address >>> PAGE_SHIFT is the page number. */
export const PAGE_SHIFT = 10;
/** Words of a 64-byte cache line: words that different threads write lie this far apart. */
export const LINE_WORDS = 16;
/** The largest block is 2^MAX_ORDER pages: 4 MiB. */
export const MAX_ORDER = 10;
/** 4 GiB: beyond it a word index no longer fits 30 bits. */
export const MAX_HEAP_BYTES = 2 ** 32;

/** Words that hold `bytes` bytes. */
export function wordsFor(bytes: number): number {
  return (bytes + BYTES_PER_WORD - 1) >>> 2;
}

/** The smallest multiple of `unit` (a power of two) that is not below `value`. */
export function alignUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

/** The smallest order whose block of 2^order pages holds `pages` pages. */
export function orderFor(pages: number): number {
  return pages <= 1 ? 0 : 32 - Math.clz32(pages - 1);
}
