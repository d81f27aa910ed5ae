/**
 * MapTable: finds entries and buckets of one map (layout/map-record.ts). Readers walk the list without a lock,
 * without atomics and without allocating; who holds a bucket's lock walks it to write.
 *
 *     hash --top `level` bits--> bucket word -> entry -> entry -> [next bucket's word]
 *
 * A reader that comes to another bucket's word has seen its whole bucket, unless the table has doubled
 * meanwhile and the word stands in the middle of it. So it looks at the level once more: buckets are put on the
 * list only after the level that they belong to is published (P2).
 *
 * Who may call: find() and linkFrom() inside a turn; locate() and linkBucket() under the bucket's lock.
 *
 * P1  The store of a segment's address publishes its zeroed words; observed by the dereference in wordOf().
 * P2  The store of the level publishes the segment's address, and comes before every bucket of that level;
 *     observed by the dereferences in find() and linkFrom(), of which the second in find() goes through the
 *     address of a link, so that it comes after the link.
 * P3  A store to a `next` or a bucket word publishes the entry it leads to, or the bucket word; observed by the
 *     dereferences of the walks.
 *
 * Follows Shalev and Shavit, Split-Ordered Lists, in keeping one list; with locks for writers.
 */
import { BUCKET_LINK, END_LINK, ENTRY, MAP, ORDER_FLIP } from '../layout/map-record.js';
import type { Words } from '../words/words.js';
import type { EntryDraft } from './entry-draft.js';

// Local copies: the engine folds a module's own constants into the code, imported ones it loads.
const LEVEL = MAP.level;
const SEGMENTS = MAP.segments;
const ORDER = ENTRY.order;
const KEY_SHAPE = ENTRY.keyShape;
const KEY = ENTRY.key;
const FLIP = ORDER_FLIP;
const LINK = BUCKET_LINK;
const LINK_INDEX = ~BUCKET_LINK;
const END = END_LINK;
/** No order is below it. */
const FIRST_ORDER = -(2 ** 31);

export class MapTable {
  /** Set by locate(): the word whose link leads to the entry, or to where it belongs. */
  before = 0;
  private readonly _words: Words;
  private readonly _map: number;

  /** @param map address of the map's root */
  constructor(words: Words, map: number) {
    this._words = words;
    this._map = map;
  }

  /** Address of the entry with the draft's key; 0 when there is none. */
  find(draft: EntryDraft): number {
    const words = this._words;
    const order = draft.words[ORDER]!;
    // P2: observes the level, and through it the segment's address.
    const level = words.dereference(this._map + LEVEL);
    // P3: observes the first entry of the bucket.
    let link = words.dereference(this.wordOf(level, (order ^ FLIP) >>> (32 - level)));
    let found = FIRST_ORDER;
    while (link > 0) {
      found = words.loadPlain(link + ORDER);
      if (found >= order) break;
      // P3: observes the next entry.
      link = words.dereference(link);
    }
    if (found === order && link > 0 && this._hasKey(link, draft)) return link;
    return found > order ? 0 : this._findOn(draft, level, link);
  }

  /**
   * A link from which every entry of order `order` or more can be reached, following the words of all buckets
   * that come: from the bucket that covers `order`, or an earlier one.
   */
  linkFrom(order: number): number {
    // P2: observes the level, and through it the segments' addresses.
    const level = this._words.dereference(this._map + LEVEL);
    return this._linkAtOrBefore(level, (order ^ FLIP) >>> (32 - level));
  }

  /** Goes from a negative link, not END_LINK, to what the bucket's word holds. */
  throughBucket(link: number): number {
    // P3: observes what follows the bucket's word.
    return this._words.dereference(link & LINK_INDEX);
  }

  /**
   * The same as find(), for who holds the lock: sets `before` too, and puts the bucket on the list if it is not
   * there. Where there is no such entry, `before` is the place in front of all entries of the same order.
   */
  locate(draft: EntryDraft): number {
    const words = this._words;
    const order = draft.words[ORDER]!;
    const level = this.level();
    let before = this.linkBucket(level, (order ^ FLIP) >>> (32 - level));
    let link = words.loadPlain(before);
    while (link > 0 && words.loadPlain(link + ORDER) < order) {
      before = link;
      link = words.loadPlain(link);
    }
    this.before = before;
    while (link > 0 && words.loadPlain(link + ORDER) === order) {
      if (this._hasKey(link, draft)) {
        this.before = before;
        return link;
      }
      before = link;
      link = words.loadPlain(link);
    }
    return 0;
  }

  /**
   * True where the list leads to `entry`, whose words hold anything if it does not. While others write, right for an entry
   * that was linked before the call, or is never linked, and is not unlinked meanwhile.
   */
  leadsTo(entry: number): boolean {
    const words = this._words;
    const order = words.loadPlain(entry + ORDER);
    let link = this.linkFrom(order);
    while (link !== END && link !== entry) {
      if (link < 0) {
        link = this.throughBucket(link);
        continue;
      }
      if (words.loadPlain(link + ORDER) > order) return false;
      // P3: observes the next entry.
      link = words.dereference(link);
    }
    return link === entry;
  }

  /** log2 of the number of buckets; under a bucket's lock, at least that of every bucket on its list. */
  level(): number {
    return this._words.loadPlain(this._map + LEVEL);
  }

  /**
   * Puts a bucket on the list, if it is not there, under its lock.
   *
   * @param level  as level() says under the lock
   * @param bucket 0 to 2^level - 1
   * @returns      the bucket's word
   */
  linkBucket(level: number, bucket: number): number {
    const words = this._words;
    const word = this.wordOf(level, bucket);
    if (words.loadPlain(word) !== 0) return word;
    let earlier = bucket - 1;
    let before = this.wordOf(level, earlier);
    while (words.loadPlain(before) === 0) before = this.wordOf(level, --earlier);
    const start = (bucket << (32 - level)) ^ FLIP;
    let link = words.loadPlain(before);
    while (link > 0 && words.loadPlain(link + ORDER) < start) {
      before = link;
      link = words.loadPlain(link);
    }
    // P3: publishes the way on from the bucket's word, before anything leads to the word.
    words.store(word, link);
    // P3: publishes the bucket's word.
    words.store(before, word | LINK);
    return word;
  }

  /** Index of the word of bucket `bucket` of 2^level. */
  wordOf(level: number, bucket: number): number {
    // For bucket 0 the added bit gives zeros = level: word 0 of segment 0, as it should.
    const marked = bucket | (1 << level);
    const zeros = 31 - Math.clz32(marked & -marked);
    // P1: observes the zeroed words of the segment.
    const segment = this._words.dereference(this._map + SEGMENTS + level - zeros);
    return segment + (bucket >>> (zeros + 1));
  }

  private _linkAtOrBefore(level: number, bucket: number): number {
    // P3: observes what follows the bucket's word.
    let link = this._words.dereference(this.wordOf(level, bucket));
    while (link === 0) link = this._words.dereference(this.wordOf(level, --bucket));
    return link;
  }

  /** The rare ends of find(): keys of one order, no more entries in the bucket, a bucket not on the list. */
  private _findOn(draft: EntryDraft, level: number, link: number): number {
    const order = draft.words[ORDER]!;
    if (link === 0) return this._findFrom(this.linkFrom(order), draft);
    while (link > 0 && this._words.loadPlain(link + ORDER) === order) {
      if (this._hasKey(link, draft)) return link;
      // P3: observes the next entry.
      link = this._words.dereference(link);
    }
    if (link > 0) return 0;
    // P2: the address is that of the level, computed from the link, which is negative: link >> 31 is -1.
    return this._words.dereference(this._map + LEVEL - 1 - (link >> 31)) === level ? 0 : this.find(draft);
  }

  /** find() from an earlier bucket, through the words of all that come. */
  private _findFrom(link: number, draft: EntryDraft): number {
    const words = this._words;
    const order = draft.words[ORDER]!;
    while (link !== END) {
      if (link < 0) {
        link = this.throughBucket(link);
        continue;
      }
      const found = words.loadPlain(link + ORDER);
      if (found > order) return 0;
      if (found === order && this._hasKey(link, draft)) return link;
      // P3: observes the next entry.
      link = words.dereference(link);
    }
    return 0;
  }

  private _hasKey(entry: number, draft: EntryDraft): boolean {
    const words = this._words;
    const key = draft.words;
    if (words.loadPlain(entry + KEY_SHAPE) !== key[KEY_SHAPE]!) return false;
    const end = KEY + draft.keyWords;
    for (let i = KEY; i < end; i++) {
      if (words.loadPlain(entry + i) !== key[i]!) return false;
    }
    return true;
  }
}
