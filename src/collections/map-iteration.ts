/**
 * Iteration: batches in the order of the hashes. Each batch is one walk that copies out, in one turn, so no
 * address is kept between two steps and an iterator may be left lying for hours.
 *
 *     from -> walk, copy out about 64 entries, never stop between two of equal order -> from = last order + 1
 *
 * An entry keeps its place whatever happens round it, so each entry that is in the map from beginning to end
 * comes exactly once, however the map changes or grows meanwhile. One that comes or goes may be seen or not.
 *
 * Follows the batches of Linux's bpf hash-table iterator, without its restarts.
 */
import type { MapMemory } from '../heap/map-memory.js';
import { END_LINK, ENTRY } from '../layout/map-record.js';
import type { Turn } from '../threads/turn.js';
import type { Words } from '../words/words.js';
import type { EntryReader } from './entry-readers.js';
import type { MapTable } from './map-table.js';

const BATCH_ENTRIES = 64;
const FIRST_ORDER = -(2 ** 31);
const LAST_ORDER = 2 ** 31 - 1;
const ORDER = ENTRY.order;

export class MapIterator<T> implements IterableIterator<T> {
  private readonly _words: Words;
  private readonly _turn: Turn;
  private readonly _table: MapTable;
  private readonly _reader: EntryReader<T>;
  private _batch: T[] = [];
  private _taken = 0;
  private _from = FIRST_ORDER;
  private _ended = false;

  constructor(memory: MapMemory, table: MapTable, reader: EntryReader<T>) {
    this._words = memory.words;
    this._turn = memory.turn;
    this._table = table;
    this._reader = reader;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<T, undefined> {
    if (this._taken === this._batch.length && !this._refill()) return { done: true, value: undefined };
    return { done: false, value: this._batch[this._taken++]! };
  }

  /** Copies out the next entries; false when there are no more. */
  private _refill(): boolean {
    this._batch = [];
    this._taken = 0;
    if (this._ended) return false;
    this._turn.spend();
    const words = this._words;
    let last = this._from;
    let link = this._table.linkFrom(this._from);
    while (link !== END_LINK) {
      if (link < 0) {
        link = this._table.throughBucket(link);
        continue;
      }
      const order = words.loadPlain(link + ORDER);
      if (order >= this._from) {
        if (this._batch.length >= BATCH_ENTRIES && order !== last) break;
        this._batch.push(this._reader.read(link));
        last = order;
      }
      // map-table:P3: observes the next entry.
      link = words.dereference(link);
    }
    this._ended = link === END_LINK || last === LAST_ORDER;
    this._from = last + 1;
    return this._batch.length > 0;
  }
}
