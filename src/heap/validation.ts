/**
 * Validation: what makes a heap a validating one: a journal that all its threads share, and in each thread a
 * validator whose reports go where that thread wants them.
 */
import { ClassGraph } from '../lockdep/class-graph.js';
import { LockOrderError, type LockReport } from '../lockdep/report.js';
import { formatJournal, isJournal, JOURNAL_BYTES, SharedJournal } from '../lockdep/shared-journal.js';
import { WAIT, type WaitType } from '../locks/lock-class.js';
import { AsyncTasks } from '../words/async-tasks.js';
import type { Host, WaitRight } from '../words/host.js';
import { isSharedBuffer, NativeWords, reserveBuffer } from '../words/native-words.js';
import { shown } from '../words/shown.js';
import { callerStack } from './caller-stack.js';
import type { Fittings } from './fittings.js';
import { AttachError } from './heap-errors.js';
import { TurnRules } from './turn-rules.js';
import { TurnStacks } from './turn-stacks.js';
import { ValidatedCallbackFunctions, ValidatedHeadPlaces } from './validated-callbacks.js';
import { ValidatedKfreeRcu } from './validated-kfree-rcu.js';
import {
  HeapValidator,
  ValidatedGracePeriod,
  ValidatedKmalloc,
  ValidatedPages,
  ValidatedTurn,
  type Validation,
} from './validated-parts.js';
import { ValidatedWords } from './validated-words.js';
import { OwnWork } from './validated-work.js';

/** How a heap is validated. */
export interface ValidateOptions {
  /** 'throw': the call that breaks a rule throws LockOrderError. Else told of each report; printed unless given. */
  readonly onReport?: 'throw' | ((report: LockReport) => void);
  /** Reports what would break only on a platform where spinning is forbidden. True unless given. */
  readonly proveRawLockNesting?: boolean;
  /** Milliseconds after which a turn has waited for something. 2000 unless given. */
  readonly longestTurnMillis?: number;
}

/** What threads that attach need to know of a heap's validation: part of its handle. */
export interface ValidationHandle {
  readonly journal: SharedArrayBuffer;
  readonly proveRawLockNesting: boolean;
  readonly longestTurnMillis: number;
}

const LONGEST_TURN_MILLIS = 2000;
/**
 * How often to look at the journal's lock at least: about a second. It is held for longer than other locks, up to some
 * milliseconds, and a validator that gives it up is off for good.
 */
const JOURNAL_ROUNDS = 100_000_000;

/** What a thread itself allows. */
const THREAD_CONTEXTS: Readonly<Record<WaitRight, WaitType>> = {
  'may-wait': WAIT.most,
  'may-spin': WAIT.config,
  'may-neither': WAIT.free,
};

/** What `validate` means: what was asked for, else what the variable LULL_VALIDATE says. Throws for what says nothing. */
export function resolveValidate(
  validate: boolean | ValidateOptions | undefined,
  host: Host,
): ValidateOptions | undefined {
  if (validate === undefined) return fromVariable(host.environment('LULL_VALIDATE') ?? '');
  if (typeof validate === 'boolean') return validate ? {} : undefined;
  return requireOptions(validate);
}

function fromVariable(value: string): ValidateOptions | undefined {
  switch (value) {
    case '1':
      return {};
    case 'throw':
      return { onReport: 'throw' };
    case '':
    case '0':
      return undefined;
  }
  throw new Error(
    `made or attached to a heap with LULL_VALIDATE=${value} in the environment; it is 1 to print reports, throw to ` +
      'throw them, or 0 or empty for a heap that does not validate',
  );
}

/** Throws TypeError or RangeError for what validates nothing. */
function requireOptions(options: ValidateOptions): ValidateOptions {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `validated a heap with validate: ${shown(options)}; it is true, false, or an object with onReport ` +
        "('throw' or a function of a report), proveRawLockNesting and longestTurnMillis, all optional",
    );
  }
  const { onReport = 'throw', longestTurnMillis = 0 } = options;
  if (onReport !== 'throw' && typeof onReport !== 'function') {
    throw new TypeError(
      `validated a heap with onReport: ${String(onReport)}; it is 'throw' or a function of a report, or left out`,
    );
  }
  if (typeof longestTurnMillis !== 'number' || !(longestTurnMillis >= 0)) {
    throw new RangeError(
      `validated a heap with longestTurnMillis: ${String(longestTurnMillis)}; it is a number of milliseconds, 0 or more`,
    );
  }
  return options;
}

/** Throws AttachError for a handle's validation that no heap has made. */
export function requireValidation(validation: ValidationHandle | undefined): void {
  if (validation === undefined || holdsJournal(validation)) return;
  throw new AttachError(
    'handle',
    'attached to a heap by a handle whose validation.journal is no lock journal of a heap; pass heap.handle as it ' +
      'is, as workerData or by postMessage',
  );
}

function holdsJournal({ journal }: ValidationHandle): boolean {
  return isSharedBuffer(journal) && isJournal(new NativeWords(journal));
}

/** Makes what the threads of a validating heap share. */
export function makeValidation(options: ValidateOptions): ValidationHandle {
  const journal = reserveBuffer(JOURNAL_BYTES);
  formatJournal(new NativeWords(journal));
  return {
    journal,
    proveRawLockNesting: options.proveRawLockNesting ?? true,
    longestTurnMillis: options.longestTurnMillis ?? LONGEST_TURN_MILLIS,
  };
}

/** One thread of a validating heap. */
export interface ValidatedThread {
  readonly host: Host;
  readonly name: string;
  readonly slot: number;
  readonly tag: number;
  readonly spinRounds: number;
}

/** The fittings of one thread of a validating heap. */
export function validatingFittings(
  handle: ValidationHandle,
  options: ValidateOptions,
  thread: ValidatedThread,
): Fittings {
  const { host } = thread;
  const graph = new ClassGraph(openJournal(handle, thread));
  const tasks = new AsyncTasks();
  tasks.start();
  const work = new OwnWork();
  const validator = new HeapValidator(work, {
    thread: `${thread.name} (slot ${thread.slot})`,
    graph,
    proveRawLockNesting: handle.proveRawLockNesting,
    threadContext: THREAD_CONTEXTS[host.waitRight],
    tasks,
    onReport: reporterOf(options),
    captureStack: callerStack,
  });
  const report = (subject: string, message: string) => validator.report('turn', subject, message);
  const rules = new TurnRules(report, callerStack, handle.longestTurnMillis);
  const stacks = new TurnStacks(openJournal(handle, thread), callerStack);
  const validation: Validation = { validator, rules, work, clock: host, stacks };
  let turn: ValidatedTurn | undefined;
  return {
    observer: validator,
    validator,
    debug: undefined,
    faults: undefined,
    bare: undefined,
    shellWords: 0,
    turn: (...given) => {
      turn = new ValidatedTurn(validation, ...given);
      return turn;
    },
    kmalloc: (...given) => new ValidatedKmalloc(validation, ...given),
    gracePeriod: (...given) => new ValidatedGracePeriod(validation, ...given),
    kfreeRcu: (...given) => new ValidatedKfreeRcu(validation, ...given),
    callbackFunctions: () => new ValidatedCallbackFunctions(validation),
    headPlaces: (...given) => new ValidatedHeadPlaces(validation, ...given),
    pages: (...given) => new ValidatedPages(validation, ...given),
    turnStack: (number) => stacks.textOf(number),
    userWords: (words) => new ValidatedWords(words, turn!, rules),
    enterReclaim: () => validator.enterReclaim(),
    exitReclaim: () => validator.exitReclaim(),
    close: () => tasks.stop(),
  };
}

function openJournal(handle: ValidationHandle, thread: ValidatedThread): SharedJournal {
  return new SharedJournal(new NativeWords(handle.journal), {
    tag: thread.tag,
    spinRounds: Math.max(thread.spinRounds, JOURNAL_ROUNDS),
    // Each thread's validator says itself that it has stopped.
    onClose: () => {},
  });
}

function reporterOf({ onReport }: ValidateOptions): (report: LockReport) => void {
  if (onReport === 'throw') {
    return (report) => {
      // No mistake of who is about to take a lock.
      if (report.kind === 'off') return console.error(report.message);
      throw new LockOrderError(report);
    };
  }
  return onReport ?? ((report) => console.error(report.message));
}
