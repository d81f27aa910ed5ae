/**
 * The validators that the locking self-test is played on.
 *
 *     shippedEngine     one class graph for all threads            in plain JavaScript
 *     lenientEngine     the same                                   that allows what stricter platforms forbid
 *     sharedEngine      one class graph a thread, kept the same    by a journal in shared memory
 */
import { ClassGraph } from '../../src/lockdep/class-graph.js';
import { PrivateJournal } from '../../src/lockdep/journal.js';
import { formatJournal, SharedJournal } from '../../src/lockdep/shared-journal.js';
import { Validator } from '../../src/lockdep/validator.js';
import type { LockClass } from '../../src/locks/lock-class.js';
import { NativeWords, reserveBuffer } from '../../src/words/native-words.js';
import type { Complaint } from './selftest-table.js';

/** What a thread tells a validator. */
export type Subject = Pick<
  Validator,
  | 'lockAcquire'
  | 'lockRelease'
  | 'initLock'
  | 'enterContext'
  | 'exitContext'
  | 'disableContext'
  | 'enableContext'
  | 'mayReclaim'
  | 'enterReclaim'
  | 'exitReclaim'
  | 'enterNoReclaim'
  | 'exitNoReclaim'
>;

/** One heap's validator: its threads, and the classes that all of them know. */
export interface Engine {
  thread(name: string): Subject;
  classes(): readonly { readonly name: string; readonly lockClass: LockClass }[];
}

export type MakeEngine = (complain: (complaint: Complaint) => void) => Engine;

const JOURNAL_BYTES = 2 ** 16;
const SPIN_ROUNDS = 10;

export const shippedEngine: MakeEngine = (complain) => plainEngine(complain, true);

export const lenientEngine: MakeEngine = (complain) => plainEngine(complain, false);

function plainEngine(onReport: (complaint: Complaint) => void, proveRawLockNesting: boolean): Engine {
  const graph = new ClassGraph(new PrivateJournal());
  const captureStack = countSteps();
  return {
    thread: (thread) => new Validator({ thread, graph, onReport, captureStack, proveRawLockNesting }),
    classes: () => graph.nodes(),
  };
}

export const sharedEngine: MakeEngine = (onReport) => {
  const words = new NativeWords(reserveBuffer(JOURNAL_BYTES));
  formatJournal(words);
  const captureStack = countSteps();
  let tag = 0;
  const joinGraph = () =>
    new ClassGraph(new SharedJournal(words, { tag: ++tag, spinRounds: SPIN_ROUNDS, onClose }));
  const onClose = (reason: string): void => {
    throw new Error(
      `the journal of a case was closed: ${reason}; ${JOURNAL_BYTES} bytes should do for any of them`,
    );
  };
  return {
    thread: (thread) => new Validator({ thread, graph: joinGraph(), onReport, captureStack }),
    classes: () => {
      const graph = joinGraph();
      graph.refresh();
      return graph.nodes();
    },
  };
};

/** Stacks that name no file: they only tell one place from another. */
function countSteps(): () => string {
  let steps = 0;
  return () => `    at step ${++steps}`;
}
