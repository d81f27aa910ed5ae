/**
 * The words of a shared map: its root, its table of buckets and its entries.
 *
 * All entries lie on ONE list in the order of their hashes; a bucket is a word in that list. With 2^level
 * buckets, bucket i covers the hashes whose top `level` bits are i, and its word stands on the list just before
 * its first entry. Doubling puts a new word between two others and moves no entry, so no reader ever waits.
 *
 *     level 1:  [bucket 0] -> e -> e -> e -> [bucket 1] -> e -> e -> end
 *     level 2:  [bucket 0] -> e -> [bucket 1] -> e -> e -> [bucket 2] -> e -> [bucket 3] -> e -> end
 *
 * Segment l holds the words of the buckets that level l added (odd i of that level), so buckets never move:
 * bucket i of level L is word (i' >> 1) of segment L - z, with z = trailing zeros of i and i' = i >> z. Bucket 0
 * is the one word of segment 0; segment l >= 1 has 2^(l - 1) words.
 *
 * A link is an entry's address (> 0); or a bucket word's index with the sign bit set (< 0); or END_LINK, the
 * sign bit alone. So a link is never 0, and whatever is not an entry is negative.
 *
 * I1  Entries are in ascending order of hash, compared as signed numbers with the sign bit flipped.
 * I2  A bucket word that is 0 is not on the list yet: start from an earlier bucket. One that is not 0 is on
 *     the list, or the lock of its bucket is held by who is putting it there.
 * I3  An entry that a reader can reach never changes but in its `next` word.
 * I4  The buckets of firstLevel (at least 1) are on the list from the start: everything from one of their
 *     words to the next is guarded by one bucket lock, and written under it alone.
 * I5  An entry that was on the list, and is not any more, has a taker that is not 0, until its memory is used anew.
 */

export const MAP = {
  /**
   * log2 of the number of buckets; published after the segment that it needs. Who holds a bucket lock reads it
   * plainly, while who holds growLock may store to it. It sees at least the level of every bucket on the lock's
   * list: who put that there had seen it, and held the same lock.
   */
  level: 0,
  /** Smallest level: its buckets share one lock with everything they are split into. */
  firstLevel: 1,
  /** Guards growing. */
  growLock: 2,
  /** Address of the bucket locks, BUCKET_LOCK_WORDS each, 2^firstLevel of them: right behind the root. */
  locks: 3,
  /** segments[l] for l = 0 .. MAX_LEVEL: address of segment l, 0 = not there. */
  segments: 8,
} as const;
/** 2^21 buckets: the largest segment is one block of 4 MiB. */
export const MAX_LEVEL = 21;
export const MAP_WORDS = 32;

/** Words of a map as it is made, in one object: root, locks, and segments 0 to `firstLevel` one after the other. */
export function mapRecordWords(firstLevel: number): number {
  return MAP_WORDS + ((BUCKET_LOCK_WORDS + 1) << firstLevel);
}

/** Where segment `l`, at most `firstLevel`, lies in that object. */
export function firstSegmentOffset(firstLevel: number, l: number): number {
  return MAP_WORDS + (BUCKET_LOCK_WORDS << firstLevel) + (l === 0 ? 0 : 1 << (l - 1));
}

/**
 * One lock with the number of entries it guards, on a line of its own. The number is written under the lock, and
 * read plainly without it, where an old one does: by who asks whether the table is full, or for the map's size.
 */
export const BUCKET_LOCK = { lock: 0, entries: 1 } as const;
export const BUCKET_LOCK_WORDS = 16;

/** Sign bit: the link leads to a bucket word, not to an entry. */
export const BUCKET_LINK = 0x80000000 | 0;
/** The link after the last entry: a bucket link to word 0, which is no bucket's. */
export const END_LINK = BUCKET_LINK;
/** What a hash is xored with to give an order, and back. */
export const ORDER_FLIP = 0x80000000 | 0;

/**
 * An entry. keyShape = kind:4 | length:28 (bytes or 16-bit units, see KEY_KIND); then the key's words, then the
 * value's: valueShape = kind:4 | length:28.
 */
export const ENTRY = {
  next: 0,
  /** Hash with the sign bit flipped. */
  order: 1,
  /** RcuHead, for when no sheaf is to be had. Its words have another use while nothing waits by them: see below. */
  rcuHead: 2,
  keyShape: 4,
  valueShape: 5,
  key: 6,
} as const;

/** Of an entry that was taken out by clear() and is not freed yet: the next such, or rather the first of its bucket. */
export const ENTRY_CLEARED = ENTRY.rcuHead;
/**
 * Owner tag of who takes the entry out of the map, stored under the lock before it is off the list; 0 = nobody has. From when
 * it is freed on, by its RcuHead, that one's second word, which is not 0 either.
 */
export const ENTRY_TAKER = ENTRY.rcuHead + 1;

export const KEY_KIND = { latin1: 1, utf16: 2, int32: 3, float64: 4, bytes: 5 } as const;
export const VALUE_KIND = {
  int32: 1,
  float64: 2,
  latin1: 3,
  utf16: 4,
  true: 5,
  false: 6,
  null: 7,
  bytes: 8,
  jsonLatin1: 9,
  jsonUtf16: 10,
} as const;

export const SHAPE_KIND_MASK = 0xf;
export const SHAPE_LENGTH_SHIFT = 4;
