/** What map iterators copy out of an entry: its key, its value, or both. Inside a turn. */
import { ENTRY } from '../layout/map-record.js';
import type { Words } from '../words/words.js';
import { type KeyCodec, keyWordsOf, type MapKey } from './key-codec.js';
import type { MapValue, ValueCodec } from './value-codec.js';

/** Turns an entry into what an iterator yields. */
export interface EntryReader<T> {
  read(entry: number): T;
}

export class KeyReader<K extends MapKey> implements EntryReader<K> {
  private readonly _keys: KeyCodec;

  constructor(keys: KeyCodec) {
    this._keys = keys;
  }

  read(entry: number): K {
    return this._keys.read(entry) as K;
  }
}

export class ValueReader<V extends MapValue> implements EntryReader<V> {
  private readonly _words: Words;
  private readonly _values: ValueCodec;

  constructor(words: Words, values: ValueCodec) {
    this._words = words;
    this._values = values;
  }

  read(entry: number): V {
    const keyShape = this._words.loadPlain(entry + ENTRY.keyShape);
    return this._values.read(entry, keyWordsOf(keyShape)) as V;
  }
}

export class PairReader<K extends MapKey, V extends MapValue> implements EntryReader<[K, V]> {
  private readonly _keys: KeyReader<K>;
  private readonly _values: ValueReader<V>;

  constructor(keys: KeyReader<K>, values: ValueReader<V>) {
    this._keys = keys;
    this._values = values;
  }

  read(entry: number): [K, V] {
    return [this._keys.read(entry), this._values.read(entry)];
  }
}
