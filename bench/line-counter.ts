/** Finds the cache lines that something touches through a heap's words, where a line is 64 bytes. */
import type { Words } from '../src/words/words.js';

/** 16 words of 4 bytes. */
const LINE_SHIFT = 4;

/** Accesses to one word, whose index is the first argument. */
const SINGLE = [
  ...['load', 'store', 'exchange', 'compareExchange', 'add', 'and', 'or', 'wait', 'waitAsync', 'notify'],
  ...['loadPlain', 'storePlain', 'dereference'],
] as const;

type Access = (...given: unknown[]) => unknown;

/** A method of words, and which words it touches, from the first to the last. */
type Span = (...given: unknown[]) => readonly [first: number, last: number];

const SPANS: Readonly<Record<string, Span>> = {
  ...Object.fromEntries(SINGLE.map((name) => [name, (index) => [index, index] as [number, number]])),
  fillPlain: (from, to) => [from as number, (to as number) - 1],
  readBytesPlain: (index, _, bytes) => [index as number, lastOf(index as number, bytes as number)],
  writeBytesPlain: (index, _, bytes) => [index as number, lastOf(index as number, bytes as number)],
};

/** The lines that words `first` to `last` lie in. */
export function linesOf(first: number, last: number): number[] {
  const lines: number[] = [];
  for (let line = first >> LINE_SHIFT; line <= last >> LINE_SHIFT; line++) lines.push(line);
  return lines;
}

function lastOf(index: number, bytes: number): number {
  return index + Math.ceil(bytes / Int32Array.BYTES_PER_ELEMENT) - 1;
}

/**
 * Runs `work`.
 *
 * @param words  whose accesses are looked at: they go on doing what they do.
 * @returns      the lines that were touched meanwhile, each once.
 */
export function touchedLines(words: Words, work: () => void): Set<number> {
  const seen = new Set<number>();
  const methods = words as unknown as Record<string, Access>;
  for (const [name, span] of Object.entries(SPANS)) {
    const access = methods[name]!;
    methods[name] = (...given) => {
      for (const line of linesOf(...span(...given))) seen.add(line);
      return access.apply(words, given);
    };
  }
  try {
    work();
  } finally {
    // The methods of the class are there again.
    for (const name of Object.keys(SPANS)) delete methods[name];
  }
  return seen;
}
