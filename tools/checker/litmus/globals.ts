/** The globals of a test while it is read: each gets cells when it is first named. */
import { ADDRESS_BASE, type Global } from './syntax.js';
import type { TokenReader } from './token-reader.js';

const MAX_CELLS = 64;

interface Entry {
  readonly name: string;
  readonly cell: number;
  readonly initial: number[];
  use: Global['use'];
}

export class Globals {
  private readonly _entries = new Map<string, Entry>();
  private _cells = 0;

  has(name: string): boolean {
    return this._entries.has(name);
  }

  /** The first cell of a global, which is made where it is new. */
  cellOf(name: string, reader: TokenReader): number {
    return (this._entries.get(name) ?? this._make(name, 1, reader)).cell;
  }

  /** The pointer to a global, which is made where it is new. */
  addressOf(name: string, reader: TokenReader): number {
    return ADDRESS_BASE + this.cellOf(name, reader);
  }

  /** Declares an array of `length`. */
  declare(name: string, length: number, reader: TokenReader): void {
    const known = this._entries.get(name);
    if (known === undefined) this._make(name, length, reader);
    else if (known.initial.length !== length)
      reader.fail(`${name} is declared after it was used with another length`);
  }

  setInitial(name: string, values: readonly number[], reader: TokenReader): void {
    const { initial } = this._entries.get(name) ?? this._make(name, values.length, reader);
    if (values.length > initial.length) {
      reader.fail(`${name} has ${initial.length} elements and is given ${values.length} values`);
    }
    for (const [i, value] of values.entries()) initial[i] = value;
  }

  /** Notes that a global is more than data. */
  use(cell: number, use: Global['use']): void {
    for (const entry of this._entries.values()) if (entry.cell === cell) entry.use = use;
  }

  all(): Global[] {
    return [...this._entries.values()];
  }

  private _make(name: string, length: number, reader: TokenReader): Entry {
    if (this._cells + length > MAX_CELLS) reader.fail(`the globals need more than ${MAX_CELLS} words`);
    const entry: Entry = { name, cell: this._cells, initial: new Array<number>(length).fill(0), use: 'data' };
    this._cells += length;
    this._entries.set(name, entry);
    return entry;
  }
}
