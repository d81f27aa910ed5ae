/**
 * The accesses of one thread of a model, counted: for calls of which it is said how many steps they take at most.
 *
 *     const counted = new CountedWords(stage.words);
 *     memory.wire(counted.stage(stage), 'alpha', 0)
 */
import assert from 'node:assert/strict';
import type { AsyncWait, WaitResult, Words } from '../../../src/words/words.js';
import type { Stage } from '../../../tools/checker/model.js';

export class CountedWords implements Words {
  readonly lengthWords: number;
  private readonly _words: Words;
  private _count = 0;

  constructor(words: Words) {
    this.lengthWords = words.lengthWords;
    this._words = words;
  }

  /** `stage` as the thread finds it whose accesses are counted. */
  stage({ buffer, host, awaitEnd, shouldFail }: Stage): Stage {
    return { words: this, buffer, host, awaitEnd, shouldFail };
  }

  /** The next call begins. */
  begin(): void {
    this._count = 0;
  }

  /** The call has ended: throws where it took more than `most` accesses. */
  end(call: string, most: number): void {
    assert.ok(this._count <= most, `${call} took ${this._count} accesses, of which ${most} are the most`);
  }

  load(index: number): number {
    this._count++;
    return this._words.load(index);
  }

  store(index: number, value: number): void {
    this._count++;
    this._words.store(index, value);
  }

  exchange(index: number, value: number): number {
    this._count++;
    return this._words.exchange(index, value);
  }

  compareExchange(index: number, expected: number, value: number): number {
    this._count++;
    return this._words.compareExchange(index, expected, value);
  }

  add(index: number, value: number): number {
    this._count++;
    return this._words.add(index, value);
  }

  and(index: number, mask: number): number {
    this._count++;
    return this._words.and(index, mask);
  }

  or(index: number, mask: number): number {
    this._count++;
    return this._words.or(index, mask);
  }

  wait(): WaitResult {
    assert.fail('a call that may neither wait nor spin waits');
  }

  waitAsync(): AsyncWait | undefined {
    assert.fail('a call that may neither wait nor spin waits');
  }

  notify(index: number, count: number): number {
    this._count++;
    return this._words.notify(index, count);
  }

  pause(): void {
    assert.fail('a call that may neither wait nor spin spins');
  }

  loadPlain(index: number): number {
    this._count++;
    return this._words.loadPlain(index);
  }

  storePlain(index: number, value: number): void {
    this._count++;
    this._words.storePlain(index, value);
  }

  dereference(index: number): number {
    this._count++;
    return this._words.dereference(index);
  }

  fillPlain(from: number, to: number, value: number): void {
    this._count++;
    this._words.fillPlain(from, to, value);
  }

  readBytesPlain(index: number, target: Uint8Array, byteLength: number): void {
    this._count++;
    this._words.readBytesPlain(index, target, byteLength);
  }

  writeBytesPlain(index: number, source: Uint8Array, byteLength: number): void {
    this._count++;
    this._words.writeBytesPlain(index, source, byteLength);
  }
}
