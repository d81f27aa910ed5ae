/**
 * Process: runs the code of one process over Words, an instruction at a time, and RCU and locks over Lull's own.
 * Held by the checker before each access.
 *
 *     READ_ONCE, WRITE_ONCE, *x        plain accesses
 *     acquire, release, atomics        the atomic operations
 *     fences                           an atomic change of a word that nobody else uses: empties the store buffer
 */
import type { RawSpinLock } from '../../../src/locks/raw-spin-lock.js';
import type { Words } from '../../../src/words/words.js';
import { evaluatePure } from './evaluate.js';
import type { ReadSide } from './read-side.js';
import { ADDRESS_BASE, type Instruction } from './syntax.js';

/** A process does what cannot be done: it accesses a value that is no address. */
export class AddressError extends Error {
  override readonly name = 'AddressError';

  constructor(line: number, value: number) {
    super(`line ${line}: accesses memory at ${value}, which is no address of a global`);
  }
}

/** Where a process finds what it shares. */
export interface Surroundings {
  readonly words: Words;
  /** Word of the first cell, and how many there are. */
  readonly cellsStart: number;
  readonly cells: number;
  /** A word that nobody else touches. */
  readonly fenceWord: number;
  /** By domain and by cell; what it does not use may be absent. */
  readonly readSides: readonly ReadSide[];
  readonly locks: ReadonlyMap<number, RawSpinLock>;
}

export class Process {
  readonly registers: number[];
  private readonly _code: readonly Instruction[];
  private readonly _surroundings: Surroundings;
  private readonly _words: Words;

  constructor(code: readonly Instruction[], initial: readonly number[], surroundings: Surroundings) {
    this._code = code;
    this.registers = initial.slice();
    this._surroundings = surroundings;
    this._words = surroundings.words;
  }

  runProcess(): void {
    const code = this._code;
    const { registers } = this;
    let at = 0;
    while (at < code.length) {
      const instruction = code[at++]!;
      switch (instruction.operation) {
        case 'set':
          registers[instruction.destination] = evaluatePure(instruction.value, registers);
          break;
        case 'jump':
          at = instruction.target;
          break;
        case 'branchUnless':
          if (evaluatePure(instruction.value, registers) === 0) at = instruction.target;
          break;
        case 'read':
          this._put(instruction, this._words.loadPlain(this._word(instruction)));
          break;
        case 'write':
          this._words.storePlain(this._word(instruction), evaluatePure(instruction.value, registers));
          break;
        default:
          this._put(instruction, this._runShared(instruction));
      }
    }
  }

  private _runShared(instruction: Instruction): number {
    const words = this._words;
    const { operation } = instruction;
    if (operation.startsWith('spin')) return this._runLock(instruction);
    switch (operation) {
      case 'fence':
        words.or(this._surroundings.fenceWord, 0);
        return 0;
      case 'readLock':
        this._readSide(instruction).readLock();
        return 0;
      case 'readUnlock':
        this._readSide(instruction).readUnlock();
        return 0;
      case 'synchronize':
        this._readSide(instruction).synchronize();
        return 0;
      default:
        return this._runAtomic(instruction, this._word(instruction));
    }
  }

  private _runAtomic(instruction: Instruction, word: number): number {
    const words = this._words;
    const value = evaluatePure(instruction.value, this.registers);
    switch (instruction.operation) {
      case 'loadAcquire':
        return words.load(word);
      case 'storeRelease':
        words.store(word, value);
        return 0;
      case 'exchange':
        return words.exchange(word, value);
      case 'compareExchange':
        return words.compareExchange(word, evaluatePure(instruction.expected, this.registers), value);
      case 'fetchAdd':
        return words.add(word, value);
      case 'fetchAnd':
        return words.and(word, value);
      case 'fetchOr':
        return words.or(word, value);
      case 'fetchXor':
        return this._fetchXor(word, value);
      default:
        return this._addUnless(word, value, evaluatePure(instruction.expected, this.registers));
    }
  }

  /** 1 where it has added. */
  private _addUnless(word: number, amount: number, unless: number): number {
    let old = this._words.load(word);
    while (old !== unless) {
      const seen = this._words.compareExchange(word, old, old + amount);
      if (seen === old) return 1;
      old = seen;
    }
    return 0;
  }

  private _fetchXor(word: number, mask: number): number {
    let old = this._words.load(word);
    for (;;) {
      const seen = this._words.compareExchange(word, old, old ^ mask);
      if (seen === old) return old;
      old = seen;
    }
  }

  private _runLock(instruction: Instruction): number {
    const lock = this._surroundings.locks.get(instruction.subject)!;
    const word = this._word(instruction);
    switch (instruction.operation) {
      case 'spinLock':
        lock.acquire();
        return 0;
      case 'spinUnlock':
        lock.release();
        return 0;
      case 'spinTrylock':
        return lock.tryAcquire() ? 1 : 0;
      case 'spinIsLocked':
        return this._words.load(word) === 0 ? 0 : 1;
      default:
        while (this._words.load(word) !== 0) this._words.pause();
        return 0;
    }
  }

  private _readSide(instruction: Instruction): ReadSide {
    return this._surroundings.readSides[instruction.subject]!;
  }

  private _put({ destination }: Instruction, value: number): void {
    if (destination >= 0) this.registers[destination] = value;
  }

  private _word({ address, line }: Instruction): number {
    const value = evaluatePure(address, this.registers);
    const cell = value - ADDRESS_BASE;
    if (cell < 0 || cell >= this._surroundings.cells) throw new AddressError(line, value);
    return this._surroundings.cellsStart + cell;
  }
}
