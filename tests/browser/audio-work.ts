/**
 * AudioWork: what the worklet does with the heap in each process() call, and counts while it does it.
 *
 *     published: kmallocNolock -> certify -> trySet(key, address)       later: tryDelete(key) -> kfreeRcu
 *     kept:      kmallocNolock -> certify                               later: kfreeNolock
 *
 * What is refused is counted and tried again by the next call that comes to the same place; nothing is lost. No
 * JavaScript object is made after the constructor.
 */
import { type Address, type Heap, NONE, type SharedMap, type Words } from '../../src/index.js';
import {
  CONTROL,
  FIRST_KEY,
  HISTOGRAM_WORDS,
  HISTOGRAMS,
  KEPT,
  KEPT_MOST,
  MAP_NAME,
  PUBLISHED,
  PUBLISHED_MOST,
} from './audio-control.js';
import { certify, isWhole, LEAST_BYTES } from './certified.js';
import { countAtomics, type Tally } from './count-atomics.js';

/** Objects kept to itself that each call replaces. */
const KEPT_A_CALL = 3;
const MOST_BYTES = 4096;

export class AudioWork {
  private readonly _heap: Heap;
  private readonly _words: Words;
  private readonly _map: SharedMap<number, number>;
  private readonly _control: Int32Array;
  private readonly _atomics: Tally = countAtomics();
  private readonly _body = (): void => this._work();
  private _call = 0;
  private _random = 1;
  /** Atomics operations until the turn's last heap operation. */
  private _workDone = 0;

  constructor(heap: Heap, control: Int32Array) {
    this._heap = heap;
    this._words = heap.words;
    this._map = heap.map<number, number>(MAP_NAME);
    this._control = control;
  }

  /** The work of one process() call: one turn, which a microtask would end only later. */
  call(): void {
    const before = this._atomics.count;
    this._heap.turn(this._body);
    this._count(HISTOGRAMS.turnEnd, this._workDone);
    const atomics = this._atomics.count - before;
    const control = this._control;
    if (atomics > control[CONTROL.mostAtomics]!) control[CONTROL.mostAtomics] = atomics;
  }

  private _work(): void {
    this._publish(this._call % PUBLISHED_MOST);
    for (let i = 0; i < KEPT_A_CALL; i++) this._keep((this._call * KEPT_A_CALL + i) % KEPT_MOST);
    this._call++;
    this._workDone = this._atomics.count;
  }

  /** Retires what was published at this place, and publishes another object there. */
  private _publish(place: number): void {
    const control = this._control;
    const old = control[PUBLISHED + place]!;
    if (old !== 0) {
      if (!this._tryDelete(FIRST_KEY + place)) return;
      control[PUBLISHED + place] = 0;
      this._kfreeRcu(old);
    }
    const bytes = this._someBytes(512);
    const p = this._kmallocNolock(bytes);
    if (p === NONE) return;
    certify(this._words, p, bytes, FIRST_KEY + place);
    if (this._trySet(FIRST_KEY + place, p)) control[PUBLISHED + place] = p;
    else this._kfreeNolock(p);
  }

  private _keep(place: number): void {
    const control = this._control;
    const old = control[KEPT + place]!;
    if (old !== 0) {
      if (!isWhole(this._words, old, place + 1))
        throw new Error(`object ${old} of the worklet was overwritten`);
      control[KEPT + place] = 0;
      this._kfreeNolock(old);
    }
    const bytes = this._someBytes(MOST_BYTES);
    const p = this._kmallocNolock(bytes);
    if (p === NONE) return;
    certify(this._words, p, bytes, place + 1);
    control[KEPT + place] = p;
  }

  /** A size, the small ones more often than the large ones. */
  private _someBytes(most: number): number {
    this._random = (this._random * 739 + 40_503) & 0xfffff;
    const shift = (this._random >> 3) & 7;
    return LEAST_BYTES + ((this._random >> 6) % ((most - LEAST_BYTES) >> shift));
  }

  private _kmallocNolock(bytes: number): Address {
    const before = this._atomics.count;
    const p = this._heap.kmallocNolock(bytes);
    this._count(HISTOGRAMS.kmallocNolock, before);
    this._control[CONTROL.allocs]!++;
    if (p === NONE) this._control[CONTROL.allocsRefused]!++;
    return p;
  }

  private _kfreeNolock(p: number): void {
    const before = this._atomics.count;
    this._heap.kfreeNolock(p as Address);
    this._count(HISTOGRAMS.kfreeNolock, before);
    this._control[CONTROL.freed]!++;
  }

  private _kfreeRcu(p: number): void {
    const before = this._atomics.count;
    this._heap.kfreeRcu(p as Address);
    this._count(HISTOGRAMS.kfreeRcu, before);
    this._control[CONTROL.retired]!++;
  }

  private _trySet(key: number, value: number): boolean {
    const before = this._atomics.count;
    const isSet = this._map.trySet(key, value);
    this._count(HISTOGRAMS.trySet, before);
    this._control[CONTROL.sets]!++;
    if (!isSet) this._control[CONTROL.setsRefused]!++;
    return isSet;
  }

  private _tryDelete(key: number): boolean {
    const before = this._atomics.count;
    const isGone = this._map.tryDelete(key);
    this._count(HISTOGRAMS.tryDelete, before);
    this._control[CONTROL.deletes]!++;
    if (!isGone) this._control[CONTROL.deletesRefused]!++;
    return isGone;
  }

  private _count(histogram: number, before: number): void {
    this._control[histogram + Math.min(this._atomics.count - before, HISTOGRAM_WORDS - 1)]!++;
  }
}
