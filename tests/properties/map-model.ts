/**
 * MapModel: a shared map beside a JavaScript Map, used by several attachments of one thread in turn. An
 * operation that finds no memory must have changed nothing, so the JavaScript Map then stays as it is.
 */
import assert from 'node:assert/strict';
import {
  type Address,
  Heap,
  type HeapHandle,
  type HeapOptions,
  type MapKey,
  type MapValue,
  OutOfMemoryError,
  type SharedMap,
} from '../../src/index.js';
import { sameValue } from '../threads/self-certifying.js';

const MAP = 'model';

type Entries = Map<string, { readonly key: MapKey; readonly value: MapValue }>;

/** An iteration that has begun, and what it owes. */
interface Walk {
  readonly steps: Iterator<[MapKey, MapValue]>;
  /** Keys that were there from its beginning on, and have not been seen. */
  readonly owed: Set<string>;
  readonly seen: Set<string>;
}

export class MapModel {
  /** Operations that found no memory. */
  refused = 0;
  private readonly _entries: Entries = new Map();
  private readonly _handle: HeapHandle;
  private readonly _attachments: (Heap | undefined)[];
  private readonly _hogged: Address[] = [];
  private _walk: Walk | undefined;

  constructor(options: HeapOptions, attachments: number) {
    const first = Heap.create({ ...options, threads: attachments });
    this._handle = first.handle;
    this._attachments = [first, ...new Array<undefined>(attachments - 1).fill(undefined)];
  }

  set(attachment: number, key: MapKey, value: MapValue): void {
    this._unlessOutOfMemory(() => {
      const map = this._map(attachment);
      assert.equal(map.set(key, value), map);
      this._entries.set(nameOf(key), { key, value });
    });
  }

  get(attachment: number, key: MapKey): void {
    this._unlessOutOfMemory(() => this._requireValue(key, this._map(attachment).get(key)));
  }

  has(attachment: number, key: MapKey): void {
    this._unlessOutOfMemory(() => {
      assert.equal(this._map(attachment).has(key), this._entries.has(nameOf(key)));
    });
  }

  delete(attachment: number, key: MapKey): void {
    this._unlessOutOfMemory(() => {
      const was = this._map(attachment).delete(key);
      assert.equal(was, this._forget(nameOf(key)));
    });
  }

  getOrInsert(attachment: number, key: MapKey, value: MapValue, computed: boolean): void {
    this._unlessOutOfMemory(() => {
      const map = this._map(attachment);
      const found = computed ? map.getOrInsertComputed(key, () => value) : map.getOrInsert(key, value);
      if (!this._entries.has(nameOf(key))) this._entries.set(nameOf(key), { key, value });
      this._requireValue(key, found);
    });
  }

  update(attachment: number, key: MapKey, value: MapValue | undefined): void {
    this._unlessOutOfMemory(() => {
      this._map(attachment).update(key, (before) => {
        this._requireValue(key, before);
        return value;
      });
      if (value === undefined) this._forget(nameOf(key));
      else this._entries.set(nameOf(key), { key, value });
    });
  }

  clear(attachment: number): void {
    this._unlessOutOfMemory(() => {
      this._map(attachment).clear();
      for (const name of [...this._entries.keys()]) this._forget(name);
    });
  }

  /** All entries, by each of the ways to see them. */
  compare(attachment: number): void {
    this._unlessOutOfMemory(() => this._compare(this._map(attachment)));
  }

  /** Begins an iteration that goes on between other steps. */
  beginWalk(attachment: number): void {
    this._unlessOutOfMemory(() => {
      const steps = this._map(attachment).entries();
      this._walk = { steps, owed: new Set(this._entries.keys()), seen: new Set() };
    });
  }

  /** Takes some steps of the iteration; at its end every key that stayed must have been seen, once. */
  walk(count: number): void {
    const walk = this._walk;
    for (let i = 0; walk !== undefined && i < count; i++) {
      const step = walk.steps.next();
      if (step.done === true) {
        assert.deepEqual(walk.owed, new Set(), 'keys that were there from beginning to end were not seen');
        this._walk = undefined;
        return;
      }
      const name = nameOf(step.value[0]);
      assert.ok(!walk.seen.has(name), `${name} came twice`);
      walk.seen.add(name);
      walk.owed.delete(name);
    }
  }

  quiesce(attachment: number): void {
    this._attachments[attachment]?.quiesce();
  }

  synchronize(attachment: number): void {
    this._join(attachment).synchronizeRcuSync();
  }

  shrink(attachment: number): void {
    this._join(attachment).shrink();
  }

  detach(attachment: number): void {
    this._attachments[attachment]?.detach();
    this._attachments[attachment] = undefined;
    // Its iterator is of no use any more.
    this._walk = undefined;
  }

  /** Takes memory away, and gives it back. */
  hog(attachment: number, bytes: number): void {
    this._unlessOutOfMemory(() => this._hogged.push(this._join(attachment).kmalloc(bytes)));
  }

  unhog(attachment: number): void {
    this._join(attachment).kfreeBulk(this._hogged.splice(0));
  }

  /** The books add up, and the map holds what the model says, with all attachments and with a new one. */
  finish(): void {
    this.unhog(0);
    this.synchronize(0);
    this._compare(this._map(0));
    for (let attachment = 0; attachment < this._attachments.length; attachment++) this.detach(attachment);
    this._compare(this._map(1));
    this.synchronize(1);
    const { problems, unreachable } = this._join(1).balance();
    assert.deepEqual(problems, []);
    assert.deepEqual(unreachable, []);
    this.detach(1);
  }

  /** Leaves nothing of a run that failed to the next. */
  abandon(): void {
    for (const heap of this._attachments) heap?.detach();
  }

  private _unlessOutOfMemory(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof OutOfMemoryError)) throw error;
      this.refused++;
    }
  }

  private _compare(map: SharedMap<MapKey, MapValue>): void {
    assert.equal(map.size, this._entries.size);
    const names = [...map.keys()].map(nameOf);
    assert.deepEqual(new Set(names), new Set(this._entries.keys()));
    assert.equal(names.length, this._entries.size, 'a key came twice');
    for (const [key, value] of map) this._requireValue(key, value);
    assert.equal([...map.values()].length, this._entries.size);
    let calls = 0;
    map.forEach((value, key) => {
      this._requireValue(key, value);
      calls++;
    });
    assert.equal(calls, this._entries.size);
  }

  private _requireValue(key: MapKey, found: MapValue | undefined): void {
    const expected = this._entries.get(nameOf(key))?.value;
    assert.ok(sameValue(found, expected), `${nameOf(key)} has value ${show(found)}, not ${show(expected)}`);
  }

  private _forget(name: string): boolean {
    this._walk?.owed.delete(name);
    return this._entries.delete(name);
  }

  private _map(attachment: number): SharedMap<MapKey, MapValue> {
    return this._join(attachment).map(MAP);
  }

  private _join(attachment: number): Heap {
    this._attachments[attachment] ??= Heap.attach(this._handle);
    return this._attachments[attachment];
  }
}

/** Tells keys apart as a shared map does: by what they hold. */
function nameOf(key: MapKey): string {
  if (key instanceof Uint8Array) return `bytes ${Buffer.from(key).toString('hex')}`;
  // -0 is 0.
  return typeof key === 'number' ? `number ${key + 0}` : `string ${key}`;
}

function show(value: MapValue | undefined): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}
