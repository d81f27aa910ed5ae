/**
 * HeapGroups: makes, finds, limits and closes the memory groups of a heap, for one thread.
 *
 *     open(name):  known here? -> in the table? -> a record, made before the lock -> registryLock -> in the table
 *
 * With the first group come its table, and the caches of accounted objects.
 *
 * I1  (group-record:I4) a group is inserted, opened again and closed under registryLock, and with it the number of
 *     children of its parent changes.
 */
import { close, isClosed } from '../groups/group-counter.js';
import {
  GRANULE_BYTES,
  GROUP,
  GROUP_TABLE,
  MAX_GROUP_DEPTH,
  MAX_GROUP_NAME_BYTES,
  NO_LIMIT,
} from '../layout/group-record.js';
import { HEADER } from '../layout/heap-header.js';
import { NAME_INTENT } from '../layout/name-record.js';
import { createAccountedCaches } from '../slab/accounted-caches.js';
import { CLASS_BYTES } from '../slab/size-classes.js';
import { counted } from '../words/counted.js';
import { BYTES_PER_WORD } from '../words/units.js';
import { encodeUtf8 } from '../words/utf8.js';
import type { Words } from '../words/words.js';
import { limitInGroup } from './group-reclaim.js';
import { bucketsFor, GroupTable, groupBytes, nameOfGroup, writeGroup } from './group-table.js';
import type { HeapParts } from './heap-parts.js';
import { type GroupHeap, type GroupOwner, MemoryGroup } from './memory-group.js';
import { NameIntent } from './name-intent.js';
import { confirmCaches } from './named-cache-creation.js';
import { requireMayName } from './registry.js';

/** What heap.group() takes. */
export interface GroupOptions {
  /** Most bytes that may be charged, with those of the groups that are part of it; no limit unless given. */
  maxBytes?: number;
  /** The group that this one is part of: what is charged to the one is charged to the other. */
  parent?: MemoryGroup;
}

/** Takes plain memory, or throws. */
type Take = (bytes: number) => number;

export class HeapGroups implements GroupOwner {
  private readonly _heap: GroupHeap;
  private readonly _parts: HeapParts;
  private readonly _table: GroupTable;
  private readonly _take: Take;
  private readonly _known = new Map<string, MemoryGroup>();

  constructor(heap: GroupHeap, parts: HeapParts, take: Take) {
    this._heap = heap;
    this._parts = parts;
    this._table = new GroupTable(parts.words, parts.geometry);
    this._take = take;
  }

  /** The group of this name. Its options count where this call makes it. Errors as Heap.group(). */
  open(name: string, options: GroupOptions = {}): MemoryGroup {
    requireOptions(name, options);
    const bytes = encodeName(name);
    const max = options.maxBytes === undefined ? NO_LIMIT : granulesOfLimit(name, options.maxBytes);
    const parent = parentRecord(name, options.parent, this._parts);
    const known = this._known.get(name);
    const { turn, words, kmalloc } = this._parts;
    const isOpen = known !== undefined && !isClosed(words, known.record);
    const record = isOpen ? known.record : turn.run(() => this._findOrMake(name, bytes, max, parent));
    this._requireParent(name, record, options.parent);
    if (known !== undefined) return known;
    kmalloc.accounted.meet();
    const opened = new MemoryGroup(this._heap, this, this._parts, record, name);
    this._known.set(name, opened);
    return opened;
  }

  /** The group with this record, which exists. */
  ofRecord(record: number): MemoryGroup {
    return this.open(nameOfGroup(this._parts.words, record));
  }

  /** The names of all groups that are not closed. */
  names(): string[] {
    const { turn, words } = this._parts;
    return turn.run(() => {
      const names: string[] = [];
      for (const record of this._table.records()) {
        if (!isClosed(words, record)) names.push(nameOfGroup(words, record));
      }
      return names;
    });
  }

  /** Sets the limit of a group, and reclaims what is above it. */
  limit(record: number, maxBytes: number): void {
    const { words } = this._parts;
    const max = granulesOfLimit(nameOfGroup(words, record), maxBytes);
    // Publishes nothing: a charge sees the one limit or the other.
    words.store(record + GROUP.max, max);
    limitInGroup(this._parts, record);
  }

  /** Closes a group. Errors as MemoryGroup.close(). */
  close(record: number): void {
    const { turn, driver, charges, registryLock, words } = this._parts;
    if (isClosed(words, record)) return;
    driver.flush();
    turn.run(() => {
      charges.drainAll();
      registryLock.acquire();
      try {
        this._closeLocked(record);
      } finally {
        registryLock.release();
      }
    });
  }

  private _closeLocked(record: number): void {
    const { words } = this._parts;
    const name = nameOfGroup(words, record);
    const children = words.loadPlain(record + GROUP.children);
    if (children !== 0) {
      throw new Error(
        `closed group ${name}, of which ${counted(children, 'open group')} ${children === 1 ? 'is' : 'are'} part; close ${children === 1 ? 'that' : 'those'} first`,
      );
    }
    if (isClosed(words, record)) return;
    if (!close(words, record)) {
      // Counter only.
      const bytes = words.load(record + GROUP.usage) * GRANULE_BYTES;
      throw new Error(
        `closed group ${name}, to which ${bytes} bytes are charged; free them first. Up to 64 pages of them may be ` +
          'charged in advance by each thread that is in a turn, or isolated.',
      );
    }
    this._addChild(words.loadPlain(record + GROUP.parent), -1);
  }

  private _findOrMake(name: string, bytes: Uint8Array, max: number, parent: number): number {
    const { words, kmalloc, membership } = this._parts;
    const found = this._table.find(bytes);
    if (found !== 0 && !isClosed(words, found)) return found;
    requireMayName(this._parts.context, name);
    const making: Making = { max, parent, fresh: 0, table: 0, buckets: bucketsFor(this._parts.geometry) };
    const intent = new NameIntent(words, membership.start, (p) => kmalloc.freeNolock(p));
    intent.open();
    try {
      if (found === 0) making.fresh = this._take(groupBytes(this._parts.geometry, bytes.length));
      intent.tell(making.fresh, NAME_INTENT.group);
      const tableBytes = (GROUP_TABLE.firsts + making.buckets) * BYTES_PER_WORD;
      if (!this._table.exists()) making.table = this._take(tableBytes);
      intent.tellRecord(making.table);
      return this._makeLocked(name, bytes, making);
    } finally {
      if (making.fresh !== 0) intent.giveBack(making.fresh);
      if (making.table !== 0) intent.giveBackRecord(making.table);
      intent.close();
    }
  }

  private _makeLocked(name: string, bytes: Uint8Array, making: Making): number {
    const { registryLock } = this._parts;
    registryLock.acquire();
    try {
      return this._make(name, bytes, making);
    } finally {
      registryLock.release();
    }
  }

  private _make(name: string, bytes: Uint8Array, making: Making): number {
    const { words } = this._parts;
    const { max, parent, fresh, table, buckets } = making;
    const other = this._table.find(bytes);
    if (other !== 0 && !isClosed(words, other)) return other;
    if (parent !== 0 && isClosed(words, parent)) {
      throw new Error(`made group ${name} as part of group ${nameOfGroup(words, parent)}, which is closed`);
    }
    requireDepth(words, name, parent);
    this._makeCaches(name);
    if (!this._table.exists()) {
      words.fillPlain(table, table + GROUP_TABLE.firsts + buckets, 0);
      this._table.install(table, buckets);
      making.table = 0;
    }
    const record = other !== 0 ? other : fresh;
    if (other === 0) {
      writeGroup(words, this._parts.geometry, record, bytes);
      making.fresh = 0;
    }
    words.storePlain(record + GROUP.parent, parent);
    // Publishes nothing: nobody is charged before insert(), or before the usage is no longer closed.
    for (const counter of [GROUP.peak, GROUP.failures, GROUP.forced]) words.store(record + counter, 0);
    words.store(record + GROUP.max, max);
    if (other === 0) this._table.insert(record, bytes);
    // group-record:P1: who charges sees the parent.
    else words.store(record + GROUP.usage, 0);
    this._addChild(parent, 1);
    return record;
  }

  private _addChild(parent: number, by: number): void {
    const { words } = this._parts;
    if (parent === 0) return;
    words.storePlain(parent + GROUP.children, words.loadPlain(parent + GROUP.children) + by);
  }

  /** Makes the caches of accounted objects with the first group; the caller holds registryLock. */
  private _makeCaches(name: string): void {
    const { words, caches, geometry } = this._parts;
    // slab-caches:P1, and written under this lock.
    if (words.load(HEADER.accountedCaches) !== 0) return;
    confirmCaches(words, caches);
    if (createAccountedCaches(words, geometry, caches)) return;
    throw new RangeError(
      `made group ${name} in a heap with ${caches.used()} of ${geometry.maxCaches} caches made; the objects of groups ` +
        `take ${CLASS_BYTES.length} more: create the heap with a larger maxCaches`,
    );
  }

  private _requireParent(name: string, record: number, parent: MemoryGroup | undefined): void {
    if (parent === undefined) return;
    const { words } = this._parts;
    const made = words.loadPlain(record + GROUP.parent);
    if (made === parent.record) return;
    const where = made === 0 ? 'part of no group' : `part of group ${nameOfGroup(words, made)}`;
    throw new Error(`opened group ${name} as part of group ${parent.name}; it was made as ${where}`);
  }
}

function requireOptions(name: string, options: GroupOptions): void {
  const isObject = typeof options === 'object' && options !== null;
  const stray = isObject ? Object.keys(options).find((key) => key !== 'maxBytes' && key !== 'parent') : '';
  if (stray === undefined) return;
  const what = isObject ? `an option ${stray}` : String(options);
  throw new TypeError(
    `opened group ${String(name)} with ${what}; options are { maxBytes, parent }, both may be left out`,
  );
}

/** What a group is made of. Memory that is put to use is 0 from then on. */
interface Making {
  readonly max: number;
  readonly parent: number;
  fresh: number;
  table: number;
  readonly buckets: number;
}

function encodeName(name: string): Uint8Array {
  const bytes = typeof name === 'string' ? encodeUtf8(name) : undefined;
  if (bytes !== undefined && bytes.length > 0 && bytes.length <= MAX_GROUP_NAME_BYTES) return bytes;
  throw new TypeError(
    `opened a group named ${String(name) || "''"}; a name is a string of 1 to ${MAX_GROUP_NAME_BYTES} bytes in UTF-8`,
  );
}

function granulesOfLimit(name: string, maxBytes: number): number {
  if (typeof maxBytes === 'number' && maxBytes >= 0) {
    return Math.min(NO_LIMIT, Math.floor(maxBytes / GRANULE_BYTES));
  }
  throw new RangeError(
    `limited group ${name} to ${String(maxBytes)} bytes; a limit is a number of bytes, 0 or more, or Infinity`,
  );
}

function requireDepth(words: Words, name: string, parent: number): void {
  let depth = 1;
  for (let group = parent; group !== 0; group = words.loadPlain(group + GROUP.parent)) depth++;
  if (depth <= MAX_GROUP_DEPTH) return;
  throw new RangeError(
    `made group ${name} as part of ${depth - 1} groups, one in the other; at most ${MAX_GROUP_DEPTH - 1} are possible`,
  );
}

function parentRecord(name: string, parent: MemoryGroup | undefined, { handle }: HeapParts): number {
  if (parent === undefined) return 0;
  if (parent instanceof MemoryGroup && parent.isIn(handle.buffer)) return parent.record;
  throw new TypeError(
    `opened group ${name} with parent ${String(parent)}; a parent is what heap.group() of the same heap returned`,
  );
}
