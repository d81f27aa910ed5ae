/**
 * Repair of a zone whose lock was taken from a dead thread: its lists, its counters and what was drained are made anew
 * from the states of its pages.
 *
 *     pages    ?  ?  free 0  threadList 1  ?  free 2  .  .  .  slab ..        ? = tail, in no block
 *     free     \_________/                 \______________/                   runs, cut into the largest blocks
 *
 * A thread that stops in Buddy or Zone leaves pages that say free, pages in no block that say tail, which it had split off
 * or was about to merge, and the block that it was moving, which says whose it is. All of the first two are free. The last
 * is returned by returnPages() (dead-pages.ts), as any other that the dead thread has in its hands.
 *
 * Who may call: who holds zone.lock, taken by takeFromDead(). Who stops in the middle leaves a zone to be repaired again.
 *
 * I1  A state is never written that is not true at once. So it does not matter where the repair itself stops.
 * I2  Blocks that are not free are left as they are: their owners may change their states, and never their orders.
 * I3  What was taken off the deferred list says free before the note of it is taken back, and before a list is linked.
 */
import type { Geometry } from '../layout/heap-header.js';
import { descriptorStart, zoneStart } from '../layout/heap-layout.js';
import {
  DESCRIPTOR,
  PAGE_KIND,
  pageKind,
  pageOrder,
  pageState,
  pageTail,
} from '../layout/page-descriptor.js';
import { FREE_AREA, FREE_AREA_WORDS, ZONE } from '../layout/zone-record.js';
import { MAX_ORDER } from '../words/units.js';
import type { Words } from '../words/words.js';

/** Makes the books of zone `zone` true again. */
export function repairZone(words: Words, geometry: Geometry, zone: number): void {
  new ZoneRepair(words, geometry, zoneStart(geometry, zone)).run();
}

class ZoneRepair {
  private readonly _words: Words;
  private readonly _geometry: Geometry;
  private readonly _record: number;
  /** By order: the block that was linked last, and how many were. */
  private readonly _last = new Int32Array(MAX_ORDER + 1);
  private readonly _blocks = new Int32Array(MAX_ORDER + 1);
  private _freePages = 0;

  constructor(words: Words, geometry: Geometry, record: number) {
    this._words = words;
    this._geometry = geometry;
    this._record = record;
  }

  run(): void {
    this._finishDrain();
    this._emptyLists();
    this._walk(this._load(ZONE.startPage), this._load(ZONE.endPage));
    this._saveCounts();
  }

  /** zone:I4: what was noted and is not on the list was taken off it, and is free unless it says so already. */
  private _finishDrain(): void {
    const draining = this._load(ZONE.draining);
    const drained = this._load(ZONE.drained);
    if (draining !== 0 && !this._isDeferred(draining)) {
      for (let page = draining; page !== 0; page = this._nextOf(page)) this._free(page);
    }
    if (drained !== 0 && !this._isDeferred(drained)) this._free(drained);
    this._store(ZONE.draining, 0);
    this._store(ZONE.drained, 0);
  }

  /** True where the zone's deferred list leads to the block. Others may push meanwhile, and nobody takes. */
  private _isDeferred(wanted: number): boolean {
    // zone-record:P2: observes the next of each block that is on the list.
    let page = this._words.load(this._record + ZONE.deferred);
    while (page !== 0 && page !== wanted) page = this._nextOf(page);
    return page !== 0;
  }

  private _free(page: number): void {
    const state = this._stateOf(page);
    if (pageKind(state) !== PAGE_KIND.deferred) return;
    this._setState(page, pageState(PAGE_KIND.free, pageOrder(state), 0));
  }

  private _emptyLists(): void {
    for (let order = 0; order <= MAX_ORDER; order++) {
      this._store(ZONE.freeArea + order * FREE_AREA_WORDS + FREE_AREA.head, 0);
    }
  }

  private _walk(startPage: number, endPage: number): void {
    let run = startPage;
    let page = startPage;
    while (page < endPage) {
      const state = this._stateOf(page);
      if (isFree(state)) {
        page++;
        continue;
      }
      this._linkRun(run, page);
      page += pageTail(state) === 0 ? 1 << pageOrder(state) : 1;
      run = page;
    }
    this._linkRun(run, endPage);
  }

  /** Cuts pages that are free into the largest blocks that there are: no two of them can be merged. */
  private _linkRun(from: number, to: number): void {
    let page = from;
    while (page < to) {
      const order = largestOrder(page, to);
      this._form(page, order);
      this._link(page, order);
      page += 1 << order;
    }
  }

  private _form(page: number, order: number): void {
    this._setState(page, pageState(PAGE_KIND.free, order, 0));
    for (let tail = page + (1 << order) - 1; tail > page; tail--) {
      if (this._stateOf(tail) !== PAGE_KIND.tail) this._setState(tail, PAGE_KIND.tail);
    }
  }

  private _link(page: number, order: number): void {
    const words = this._words;
    const last = this._last[order]!;
    const descriptor = descriptorStart(this._geometry, page);
    words.storePlain(descriptor + DESCRIPTOR.next, 0);
    words.storePlain(descriptor + DESCRIPTOR.previous, last);
    if (last === 0) this._store(ZONE.freeArea + order * FREE_AREA_WORDS + FREE_AREA.head, page);
    else words.storePlain(descriptorStart(this._geometry, last) + DESCRIPTOR.next, page);
    this._last[order] = page;
    this._blocks[order]!++;
    this._freePages += 1 << order;
  }

  private _saveCounts(): void {
    for (let order = 0; order <= MAX_ORDER; order++) {
      this._store(ZONE.freeArea + order * FREE_AREA_WORDS + FREE_AREA.blocks, this._blocks[order]!);
    }
    this._store(ZONE.freePages, this._freePages);
    if (this._freePages > this._load(ZONE.wmarkHigh)) this._store(ZONE.belowHigh, 0);
  }

  private _nextOf(page: number): number {
    return this._words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.next);
  }

  private _stateOf(page: number): number {
    return this._words.loadPlain(descriptorStart(this._geometry, page) + DESCRIPTOR.state);
  }

  private _setState(page: number, state: number): void {
    this._words.storePlain(descriptorStart(this._geometry, page) + DESCRIPTOR.state, state);
  }

  private _load(word: number): number {
    return this._words.loadPlain(this._record + word);
  }

  private _store(word: number, value: number): void {
    this._words.storePlain(this._record + word, value);
  }
}

/** A page that no block covers says tail: it is as free as one that says so. */
function isFree(state: number): boolean {
  const kind = pageKind(state);
  return kind === PAGE_KIND.tail || kind === PAGE_KIND.free;
}

/** Order of the largest block that starts at `page` and ends at `to` at most. */
function largestOrder(page: number, to: number): number {
  let order = 0;
  while (order < MAX_ORDER && page % (2 << order) === 0 && page + (2 << order) <= to) order++;
  return order;
}
