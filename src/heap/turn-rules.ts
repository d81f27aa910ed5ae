/**
 * The rules of turns, in a validating heap: no address that was read is used in a later turn, nothing is read
 * outside of one, and nobody waits inside one in a way that Lull cannot see. Where a turn has read sections of the
 * user's, nothing is read outside of them, and each is ended.
 *
 * A report each, once for each place in the program that breaks a rule.
 */
import type { Turn } from '../threads/turn.js';
import { bareAddress, isMarked, isOfTurn } from './marked-address.js';

/** Reports a breach, unless the same was reported before. */
export type Reporter = (subject: string, message: string) => void;

export class TurnRules {
  private readonly _report: Reporter;
  /** The stack of whoever called into Lull. */
  readonly captureStack: () => string;
  private readonly _longestMillis: number;
  private _turn: Turn | undefined;

  /** @param longestMillis a turn that lasts longer has waited for something, or should call quiesce() */
  constructor(report: Reporter, captureStack: () => string, longestMillis: number) {
    this._report = report;
    this.captureStack = captureStack;
    this._longestMillis = longestMillis;
  }

  /** The turn that the rules are about. */
  watch(turn: Turn): void {
    this._turn = turn;
  }

  /** The address without its mark; one of another turn is reported. */
  bareOf(address: number): number {
    if (!isMarked(address)) return address;
    const bare = bareAddress(address);
    const turn = this._turn;
    if (turn !== undefined && !(turn.isOpen() && isOfTurn(address, turn.epoch))) {
      this._tell(
        'stale',
        `address ${bare} was read in a turn that has ended, and is used in another: what it leads to may have been ` +
          'freed. Read it again after an await, quiesce() or a Lull call that waits',
      );
    }
    return bare;
  }

  noteDereferenceOutside(index: number): void {
    this._tell(
      'outside',
      `dereference(${index}) outside of a turn: what is read may be freed at any moment. Wrap it in heap.turn(fn)`,
    );
  }

  noteDereferenceOutsideSections(index: number): void {
    this._tell(
      'outside-section',
      `dereference(${index}) outside of every read section, in a turn that has some: in another turn what is read here ` +
        'may be freed. Move it between rcu.readLock() and rcu.readUnlock(), or into rcu.read(fn)',
    );
  }

  /** @param began where the section began */
  noteSectionLeftOpen(began: string): void {
    this._tell(
      'open-section',
      'a read section was never ended, and is over now with its turn, or with the turn(fn) or rcu.read(fn) that it ' +
        'began in. Call rcu.readUnlock() in a finally block, or use rcu.read(fn). It began here',
      began,
    );
  }

  noteWait(): void {
    this._tell(
      'wait',
      'words.wait() inside a turn: until it returns no thread can free anything. Wrap it in heap.idle(fn)',
    );
  }

  /** A turn has ended after so long. */
  noteLength(millis: number): void {
    if (millis <= this._longestMillis) return;
    this._tell(
      'long',
      `a turn lasted ${Math.round(millis)} ms, more than ${this._longestMillis}: meanwhile no thread could free anything. ` +
        'Wrap what waits in heap.idle(fn), or call heap.quiesce() inside a long loop',
    );
  }

  private _tell(rule: string, message: string, stack = this.captureStack()): void {
    // The same place in the program is the same problem, whatever the address.
    this._report(`${rule} ${stack}`, `lull: ${message}.\n${stack}`);
  }
}
