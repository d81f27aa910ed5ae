/**
 * The 42 programs of mimalloc-bench's security suite, as far as they can be said in JavaScript, in debug heaps: each
 * misuses memory in one way, in objects of a slab, small and large, and in whole pages. What counts is when a debug
 * heap notices:
 *
 *     call      the misusing call, or one that follows in the program, throws
 *     check     checkObjects() afterwards finds it
 *     audit     balance() afterwards finds it: the heap's own records were hit
 *     missed    nothing does
 *
 * Seven are not here: JavaScript has no code in data memory, no `new` and `delete`, and Lull has no realloc(). Two are
 * about addresses of a C stack; here they free an address that is no heap's. zero_after_free and zero_on_malloc ask that
 * old bytes are gone: they are, but what is there instead is poison, not zeroes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Address, Heap, MemoryCorruptionError } from '../../src/index.js';

const SIZES = [8, 200, 20_000] as const;
const MEBIBYTE = 2 ** 20;
const LETTER = 0x41;
const OUTCOMES = ['call', 'check', 'audit', 'missed'] as const;
type Outcome = (typeof OUTCOMES)[number];

/** One program's view of the heap: bytes, as C has them. */
class Memory {
  readonly heap = Heap.create({
    bytes: 8 * MEBIBYTE,
    threads: 2,
    debug: true,
    validate: false,
    hashSeed: [1, 2],
  });
  readonly bytes: number;
  private readonly _bytes = new Uint8Array(this.heap.handle.buffer);

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  alloc(bytes = this.bytes): Address {
    return this.heap.kmalloc(bytes);
  }

  free(p: number): void {
    this.heap.kfree(p as Address);
  }

  /** Frees what lies `bytes` bytes behind `p`. */
  freeAt(p: number, bytes: number): void {
    this.heap.kfree((p + bytes / 4) as Address);
  }

  at(p: Address, offset: number): number {
    return this._bytes[p * 4 + offset]!;
  }

  /** Changes one byte; outside of the buffer the engine drops it. */
  flip(p: Address, offset: number): void {
    const index = p * 4 + offset;
    this._bytes[index] = this._bytes[index]! ^ LETTER;
  }

  /** memset: as many bytes as an object has. */
  fill(p: Address, offset: number, value = LETTER): void {
    for (let i = 0; i < this.bytes; i++) this._bytes[p * 4 + offset + i] = value;
  }

  churn(rounds: number): void {
    for (let i = 0; i < rounds; i++) this.free(this.alloc());
  }
}

type Program = (m: Memory, p: Address) => void;

/** Thrown by a program whose misuse had no effect. */
class Harmless extends Error {}

function unless(isBad: boolean): void {
  if (!isBad) throw new Harmless();
}

function flipAndFree(offset: (bytes: number) => number): Program {
  return (m, p) => {
    m.flip(p, offset(m.bytes));
    m.free(p);
  };
}

function fillAt(offset: number): Program {
  return (m, p) => m.fill(p, offset);
}

const PROGRAMS: Readonly<Record<string, Program>> = {
  one_byte_overflow: flipAndFree((bytes) => bytes),
  one_byte_underflow: flipAndFree(() => -1),
  '32_byte_overflow': flipAndFree((bytes) => bytes - 1 + 32),
  '32_byte_underflow': flipAndFree(() => -32),
  one_mbyte_overflow: flipAndFree((bytes) => bytes - 1 + MEBIBYTE),
  one_mbyte_underflow: flipAndFree(() => -MEBIBYTE),
  one_byte_memcpy_overflow: fillAt(1),
  one_byte_memcpy_underflow: fillAt(-1),
  '32_byte_memcpy_overflow': fillAt(32),
  '32_byte_memcpy_underflow': fillAt(-32),
  one_mbyte_memcpy_overflow: fillAt(MEBIBYTE),
  one_mbyte_memcpy_underflow: fillAt(-MEBIBYTE),
  double_free: (m, p) => {
    m.free(p);
    m.free(p);
  },
  double_free_delayed: (m, p) => {
    m.free(p);
    m.churn(1024);
    m.free(p);
  },
  double_free_interleaved: (m, p) => {
    const q = m.alloc();
    m.free(p);
    m.free(q);
    m.free(p);
  },
  double_free_reuse: (m, p) => {
    m.free(p);
    m.free(p);
    m.churn(100);
  },
  double_free_single_reuse: (m, p) => {
    m.free(p);
    const q = m.alloc();
    m.free(p);
    m.free(q);
  },
  invalid_free: (m, p) => m.freeAt(p, 1),
  invalid_free_unaligned: (m, p) => m.freeAt(p, 1),
  invalid_free_unaligned_multiple: (m, p) => m.freeAt(p, 8),
  invalid_free_close: (m, p) => m.freeAt(p, 4096),
  invalid_free_far: (m, p) => m.freeAt(p, 1024 * MEBIBYTE),
  invalid_free_stack: (m) => m.free(2 ** 34),
  invalid_free_alloca: (m) => m.free(12),
  write_after_free: (m, p) => {
    m.free(p);
    m.fill(p, 0);
  },
  write_after_free_reuse: (m, p) => {
    m.free(p);
    m.fill(p, 0);
    m.churn(1024);
  },
  impossibly_large_malloc: (m) => void m.alloc(-2),
  read_zero_size: (m) => void m.alloc(0),
  read_zero_size_free: (m) => m.free(m.alloc(0)),
  write_zero_size: (m) => m.fill(m.alloc(0), 0),
  write_zero_size_free: (m) => m.free(m.alloc(0)),
  zero_after_free: (m, p) => {
    m.fill(p, 0);
    m.free(p);
    unless(m.at(p, 0) === LETTER);
  },
  zero_on_malloc: (m, p) => {
    m.fill(p, 0);
    m.free(p);
    const q = m.alloc();
    unless(m.at(q, 0) === LETTER);
  },
  malloc_reuse: (m, p) => {
    m.free(p);
    unless(m.alloc() === p);
  },
  malloc_reuse_downsize: (m, p) => {
    m.free(p);
    unless(m.alloc(m.bytes / 2) === p);
  },
};

const NOT_EXPRESSIBLE: Readonly<Record<string, string>> = {
  executable_heap: 'no code in data memory',
  realloc_reuse: 'no realloc()',
  delete_type_size_mismatch: 'no new and delete',
  invalid_array_delete_char: 'no new and delete',
  invalid_array_delete_string: 'no new and delete',
  invalid_delete_array_char: 'no new and delete',
  invalid_delete_array_string: 'no new and delete',
};

/** When the program's misuse is noticed. */
function outcomeOf(program: Program, bytes: number): Outcome {
  const memory = new Memory(bytes);
  const p = memory.alloc();
  try {
    program(memory, p);
  } catch (error) {
    const isNoticed =
      error instanceof MemoryCorruptionError || error instanceof RangeError || error instanceof Harmless;
    assert.ok(isNoticed, String(error));
    return 'call';
  }
  if (memory.heap.checkObjects().length > 0) return 'check';
  return memory.heap.balance({ held: [] }).problems.length > 0 ? 'audit' : 'missed';
}

/** What each program comes to, in objects of each size. */
function runAll(): Map<string, Outcome[]> {
  const outcomes = new Map<string, Outcome[]>();
  for (const [name, program] of Object.entries(PROGRAMS)) {
    outcomes.set(
      name,
      SIZES.map((bytes) => outcomeOf(program, bytes)),
    );
  }
  return outcomes;
}

/** What a debug heap does not notice, and why. */
const MISSED: Readonly<Record<string, string>> = {
  malloc_reuse_downsize: 'handed out again at once where both sizes are of one class',
  malloc_reuse: 'what was freed is handed out again at once: it is checked, not kept back',
  one_mbyte_memcpy_underflow: 'in front of the buffer, where the engine drops it',
  one_mbyte_underflow: 'in front of the buffer, where the engine drops it',
};

test('debug heaps, notice what the security programs of mimalloc-bench do', () => {
  const outcomes = runAll();
  const lines = [...outcomes].map(([name, found]) => {
    const why = found.includes('missed') ? `   ${MISSED[name] ?? ''}` : '';
    return `${name.padEnd(34)}${found.map((outcome) => outcome.padEnd(8)).join('')}${why}`.trimEnd();
  });
  for (const [name, why] of Object.entries(NOT_EXPRESSIBLE)) lines.push(`${name.padEnd(34)}-  ${why}`);
  const caught = [...outcomes.values()].filter((found) => !found.includes('missed')).length;
  const all = outcomes.size + Object.keys(NOT_EXPRESSIBLE).length;
  console.log(
    [
      '',
      `table: mimalloc-bench security programs in debug heaps, objects of ${SIZES.join(', ')} bytes`,
      ...lines,
      `caught ${caught} of ${outcomes.size} that can be expressed, of ${all} in all`,
      '',
    ].join('\n'),
  );
  assert.equal(all, 42);
  for (const [name, found] of outcomes) {
    if (found.includes('missed')) assert.ok(name in MISSED, `${name} is missed: ${found.join(', ')}`);
  }
});
