/**
 * TurnStacks: where turns begin, in a validating heap, for reports of stalls by other threads.
 *
 *     turn begins -> capture() -> number of the stack, in the slot --another thread--> textOf() -> the stack
 *
 * The stacks are entries of the heap's lock journal: the n-th of them has number n in all threads. A program has few
 * places where turns begin, so few are ever added.
 *
 * To look at the stack takes longer than a short turn, so it is looked at now and then only: a thread that begins turn
 * after turn does not say where each began. One that was in no turn for a moment does.
 *
 * I1  At most MOST_STACKS are added: the journal is for locks, and what fills it turns the validator off.
 */
import type { Journal, JournalEntry } from '../lockdep/journal.js';

/** Between two looks at the stack: they cost a hundredth of the time at most. */
const INTERVAL_MILLIS = 2;
const MOST_STACKS = 200;

export class TurnStacks {
  private readonly _journal: Journal;
  private readonly _captureStack: () => string;
  /** By number - 1. */
  private readonly _stacks: string[] = [];
  private readonly _numbers = new Map<string, number>();
  private readonly _apply = (entry: JournalEntry): void => this._applyEntry(entry);
  private _nextMillis = Number.NEGATIVE_INFINITY;

  /** @param journal of the heap, with a place of its own: not the one of a class graph */
  constructor(journal: Journal, captureStack: () => string) {
    this._journal = journal;
    this._captureStack = captureStack;
  }

  /** The number of the stack that a turn begins with now; 0 where it is not looked at. */
  capture(nowMillis: number): number {
    if (nowMillis < this._nextMillis) return 0;
    this._nextMillis = nowMillis + INTERVAL_MILLIS;
    const stack = this._captureStack();
    return this._numbers.get(stack) ?? this._add(stack);
  }

  /** The stack with that number; empty where there is none. */
  textOf(number: number): string {
    if (number > this._stacks.length) this._journal.read(this._apply);
    return this._stacks[number - 1] ?? '';
  }

  private _add(stack: string): number {
    this._journal.exclusively(this._apply, (append) => {
      if (this._numbers.has(stack) || this._stacks.length >= MOST_STACKS) return;
      const entry: JournalEntry = { kind: 'turn', stack };
      this._applyEntry(entry);
      append(entry);
    });
    return this._numbers.get(stack) ?? 0;
  }

  private _applyEntry(entry: JournalEntry): void {
    if (entry.kind !== 'turn') return;
    this._stacks.push(entry.stack);
    this._numbers.set(entry.stack, this._stacks.length);
  }
}
