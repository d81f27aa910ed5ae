/**
 * Neighbour: what the threads beside the worklet do: they write the map that it writes, allocate and free as it does,
 * and look at what it has published, which must be whole for as long as their turn lasts.
 */
import type { Address, Heap, SharedMap } from '../../src/index.js';
import { CONTROL, FIRST_KEY, MAP_NAME, PUBLISHED_MOST } from './audio-control.js';
import { certify, isWhole, LEAST_BYTES } from './certified.js';

/** Keys that the neighbours write, all of them the same. */
const KEYS = 500;
/** Objects that a neighbour keeps. */
const KEPT = 64;

export class Neighbour {
  private readonly _heap: Heap;
  private readonly _map: SharedMap<number, number>;
  private readonly _control: Int32Array;
  private readonly _number: number;
  private readonly _kept = new Int32Array(KEPT);
  private readonly _look = (): void => this._lookAtPublished();
  private _round = 0;
  private _random: number;

  /** @param number 0 for the page, 1 and 2 for the workers */
  constructor(heap: Heap, control: Int32Array, number: number) {
    this._heap = heap;
    this._map = heap.map<number, number>(MAP_NAME);
    this._control = control;
    this._number = number;
    this._random = number + 1;
  }

  run(rounds: number): void {
    for (let i = 0; i < rounds; i++) {
      this._heap.turn(this._look);
      this._writeMap();
      this._replaceKept();
      this._round++;
    }
    this._control[CONTROL.rounds + this._number] = this._round;
  }

  /** Gives back what it keeps. */
  end(): void {
    for (const p of this._kept) if (p !== 0) this._heap.kfree(p as Address);
    this._kept.fill(0);
  }

  private _lookAtPublished(): void {
    const key = FIRST_KEY + (this._round % PUBLISHED_MOST);
    const p = this._map.get(key);
    if (p === undefined) return;
    if (!isWhole(this._heap.words, p, key)) throw new Error(`object ${p} of key ${key} is not whole`);
    this._control[CONTROL.seen + this._number]!++;
  }

  private _writeMap(): void {
    const key = this._draw() % KEYS;
    if (this._draw() % 3 === 0) this._map.delete(key);
    else this._map.set(key, this._round);
  }

  private _replaceKept(): void {
    const place = this._draw() % KEPT;
    const old = this._kept[place]! as Address;
    if (old !== 0) {
      if (!isWhole(this._heap.words, old))
        throw new Error(`object ${old} of neighbour ${this._number} was overwritten`);
      if (this._draw() % 4 === 0) this._heap.kfreeRcu(old);
      else this._heap.kfree(old);
    }
    const bytes = LEAST_BYTES + (this._draw() % 2000);
    const p = this._heap.kmalloc(bytes);
    certify(this._heap.words, p, bytes, (this._round & 0xfffff) + 1);
    this._kept[place] = p;
  }

  private _draw(): number {
    this._random = (this._random * 739 + 40_503) & 0xfffff;
    return this._random >> 3;
  }
}
