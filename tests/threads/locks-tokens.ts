/**
 * Tokens that one thread makes and others use, with a mutex and a condition; a consumer may die anywhere.
 *
 *     made = used + tokens, but while somebody is inside: who is told that an owner died sets that right
 */
import type { Address, Heap, Words } from '../../src/index.js';
import type { CondVar } from '../../src/locks/cond-var.js';
import type { Mutex, MutexGuard } from '../../src/locks/mutex.js';
import { LEDGER } from './locks-death.js';

export class Tokens {
  /** How often this thread was told that an owner had died. */
  told = 0;
  private readonly _words: Words;
  private readonly _ledger: Address;
  private readonly _mutex: Mutex;
  private readonly _ready: CondVar;

  constructor(heap: Heap, name: string, ledger: Address) {
    this._words = heap.words;
    this._ledger = ledger;
    this._mutex = heap.mutex(name);
    this._ready = heap.condVar(name);
  }

  /** How many there are; a look. */
  left(): number {
    return this._words.load(this._ledger + LEDGER.tokens);
  }

  /** How many were used, once nobody is inside; and of how many. */
  used(): [used: number, made: number] {
    return [this._read('used'), this._read('made')];
  }

  /** Makes one and notifies one consumer. */
  async make(timeoutMillis: number): Promise<void> {
    const guard = await this._mutex.lock({ timeoutMillis });
    this._repair(guard);
    this._add('made', 1);
    this._add('tokens', 1);
    this._ready.notifyOne();
    guard.release();
  }

  /** Has every consumer end that looks for it. */
  async stop(timeoutMillis: number): Promise<void> {
    const guard = await this._mutex.lock({ timeoutMillis });
    this._repair(guard);
    this._words.storePlain(this._ledger + LEDGER.stop, 1);
    this._ready.notifyAll();
    guard.release();
  }

  /** Waits for a token and uses it; false after stop(). */
  useSync(work: () => void): boolean {
    const guard = this._mutex.lockSync();
    this._repair(guard);
    while (this._read('tokens') === 0) {
      if (this._read('stop') !== 0) {
        guard.release();
        return false;
      }
      this._ready.waitSync(guard);
      this._repair(guard);
    }
    this._words.storePlain(this._ledger + LEDGER.inside, 1);
    this._add('tokens', -1);
    work();
    this._add('used', 1);
    this._words.storePlain(this._ledger + LEDGER.inside, 0);
    guard.release();
    return true;
  }

  private _repair(guard: MutexGuard): void {
    if (!guard.ownerDied) {
      if (this._read('inside') === 0) return;
      throw new Error('the dead was inside, and who came next was not told');
    }
    this.told++;
    this._words.storePlain(this._ledger + LEDGER.used, this._read('made') - this._read('tokens'));
    this._words.storePlain(this._ledger + LEDGER.inside, 0);
    guard.markConsistent();
  }

  private _read(word: keyof typeof LEDGER): number {
    return this._words.loadPlain(this._ledger + LEDGER[word]);
  }

  private _add(word: keyof typeof LEDGER, more: number): void {
    this._words.storePlain(this._ledger + LEDGER[word], this._read(word) + more);
  }
}
