/** GroupShrinkers: what this thread has registered that can give back memory of a group, by the group's record. */
import { GROUP } from '../layout/group-record.js';
import { type Shrinker, ShrinkerList } from '../pages/shrinker.js';
import type { Words } from '../words/words.js';

export class GroupShrinkers {
  private readonly _words: Words;
  private readonly _slot: number;
  private readonly _lists = new Map<number, ShrinkerList>();

  /** @param slot word index of this thread's slot */
  constructor(words: Words, slot: number) {
    this._words = words;
    this._slot = slot;
  }

  /** Asks `shrinker` where group `record` lacks room. Returns a function that takes it off again. */
  register(record: number, shrinker: Shrinker): () => void {
    let list = this._lists.get(record);
    if (list === undefined) {
      list = new ShrinkerList(this._words, this._slot);
      this._lists.set(record, list);
    }
    return list.register(shrinker);
  }

  /** The lists of a group and of all that are part of it. */
  below(record: number): ShrinkerList[] {
    const found: ShrinkerList[] = [];
    for (const [group, list] of this._lists) if (this._isPartOf(group, record)) found.push(list);
    return found;
  }

  /** True inside one of them. */
  isScanning(): boolean {
    for (const list of this._lists.values()) if (list.isScanning()) return true;
    return false;
  }

  private _isPartOf(record: number, whole: number): boolean {
    let group = record;
    while (group !== 0 && group !== whole) group = this._words.loadPlain(group + GROUP.parent);
    return group === whole;
  }
}
