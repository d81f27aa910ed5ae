/**
 * The groups of the kernel's locking self-test as data: op lists and the expected verdicts.
 *
 *     events      op lists, one an event; read selftest-notation.ts for their form
 *     orders      'as written': one case a column        'all': one case for each order of the events
 *     irqs        the contexts that `irq` stands for, one after the other
 *     verdicts    F: the validator must complain         S: it must keep quiet
 *     complaint   what kind of report the first complaint is
 *
 * 394 rows of the kernel, 250 F and 144 S. 36 of them (26 F, 10 S) are about wound/wait mutexes, which Lull does
 * not have: LEFT_OUT counts them. COUNTED holds the other 358. BEYOND holds what comes on top: two rows of those
 * 36 that need no such mutex, on nest locks; the kernel's newer row on names of subclasses; and the deadlock
 * shapes with locks that are only tried.
 *
 * Readers are recursive in COUNTED as they are in the kernel's test, but in the group 'queued read lock'.
 */
import type { ReportKind } from '../../src/lockdep/report.js';
import type { ColumnName } from './selftest-kinds.js';
import type { Irq } from './selftest-notation.js';

export type Verdict = 'F' | 'S';

export interface Group {
  readonly name: string;
  readonly events: readonly string[];
  readonly orders: 'as written' | 'all';
  readonly irqs?: readonly Irq[];
  readonly verdicts: Readonly<Partial<Record<ColumnName, Verdict>>>;
  /** Looked at where the verdict is F. */
  readonly complaint?: ReportKind;
  /** Every lock is tried instead of waited for. */
  readonly tries?: true;
  /** Set apart in the table's name column. */
  readonly label?: string;
}

/** Rows of the kernel that are not played, by expected verdict. */
export const LEFT_OUT = { name: 'wound/wait mutexes (out of scope)', F: 26, S: 10 } as const;

const BOTH: readonly Irq[] = ['hook', 'callback'];

const ALL_FAIL = {
  spin: 'F',
  wlock: 'F',
  rlock: 'F',
  mutex: 'F',
  wsem: 'F',
  rsem: 'F',
  rtmutex: 'F',
} as const;
/** Recursive readers do not wait for each other. */
const WAITERS_FAIL = { ...ALL_FAIL, rlock: 'S' } as const;
const ALL_SUCCEED = {
  spin: 'S',
  raw: 'S',
  wlock: 'S',
  rlock: 'S',
  mutex: 'S',
  wsem: 'S',
  rsem: 'S',
  rtmutex: 'S',
} as const;
const IRQ_VERDICTS = { spin: 'F', wlock: 'F', rlock: 'S' } as const;
const READ_RECURSION = { wlock: 'F', rlock: 'S' } as const;

/** The seven deadlocks: one lock twice, then cycles of two to four locks. */
const SHAPES: Readonly<Record<string, string>> = {
  'A-A': 'L(X1) L(X2)',
  'A-B-B-A': '[A B] [B A]',
  'A-B-B-C-C-A': '[A B] [B C] [C A]',
  'A-B-C-A-B-C': '[A B] [C A] [B C]',
  'A-B-B-C-C-D-D-A': '[A B] [B C] [C D] [D A]',
  'A-B-C-D-B-D-D-A': '[A B] [C D] [B D] [D A]',
  'A-B-C-D-B-C-D-A': '[A B] [C D] [B C] [D A]',
};

const DEADLOCKS: readonly Group[] = Object.entries(SHAPES).map(([name, events]) => ({
  name: `${name} deadlock`,
  events: [events],
  orders: 'as written',
  verdicts: WAITERS_FAIL,
  complaint: name === 'A-A' ? 'deadlock' : 'inversion',
}));

const STATE: readonly Group[] = [
  {
    name: 'double unlock',
    events: ['L(A) U(A) U(A)'],
    orders: 'as written',
    verdicts: ALL_FAIL,
    complaint: 'unlock',
  },
  {
    name: 'initialise held',
    events: ['L(A) I(A)'],
    orders: 'as written',
    verdicts: ALL_FAIL,
    complaint: 'init-held',
  },
];

/** One case a column, without a change of context. */
function readers(name: string, events: string, complaint: ReportKind, verdicts: Group['verdicts']): Group {
  return { name, events: [events], orders: 'as written', verdicts, complaint };
}

const MIXED_READERS: readonly Group[] = [
  readers('recursive read', 'L(X1.r) L(X1.r)', 'deadlock', { rwlock: 'S', rwsem: 'F' }),
  readers('recursive read #2', 'L(X1.r) L(X2.r)', 'deadlock', { rwlock: 'S', rwsem: 'F' }),
  readers('mixed read-write', 'L(X1.r) L(X2.w)', 'deadlock', { rwlock: 'F', rwsem: 'F' }),
  readers('mixed write-read', 'L(X1.w) L(X2.r)', 'deadlock', { rwlock: 'F', rwsem: 'F' }),
  readers('mixed R-L/L-W ABBA', '[X1.r Y1] [Y1 X1.w]', 'inversion', { rwlock: 'F', rwsem: 'F' }),
  readers('mixed R-L/L-R ABBA', '[X1.r Y1] [Y1 X1.r]', 'inversion', { rwlock: 'S', rwsem: 'F' }),
  readers('mixed W-L/L-W ABBA', '[X1.w Y1] [Y1 X1.w]', 'inversion', { rwlock: 'F', rwsem: 'F' }),
  readers('chain cached R-L/L-W ABBA', '[X1.r Y1] [Y1 X1.r] [Y1 X1.w]', 'inversion', { rwlock: 'F' }),
];

/** A reader after a reader breaks a cycle of recursive readers: nobody waits there. */
const READER_CYCLES: readonly Group[] = [
  {
    name: 'rlock W1R2/W2R3/W3R1',
    events: ['[X1.w Y1.r]', '[Y1.w Z1.r]', '[Z1.w X1.r]'],
    orders: 'all',
    verdicts: { rwlock: 'F' },
    complaint: 'inversion',
  },
  {
    name: 'rlock W1W2/R2R3/W3R1',
    events: ['[X1.w Y1.w]', '[Y1.r Z1.r]', '[Z1.w X1.r]'],
    orders: 'all',
    verdicts: { rwlock: 'F' },
    complaint: 'inversion',
  },
  {
    name: 'rlock W1W2/R2R3/R3W1',
    events: ['[X1.w Y1.w]', '[Y1.r Z1.r]', '[Z1.r X1.w]'],
    orders: 'all',
    verdicts: { rwlock: 'S' },
  },
  {
    name: 'rlock W1R2/R2R3/W3W1',
    events: ['[X1.w Y1.r]', '[Y1.r Z1.r]', '[Z1.w X1.w]'],
    orders: 'all',
    verdicts: { rwlock: 'S' },
  },
];

const USED_IN_IRQ = 'enter(irq) [A] exit(irq)';

const IRQ_SAFETY: readonly Group[] = [
  {
    name: 'irqs-on + irq-safe-A',
    events: [USED_IN_IRQ, '[A]'],
    orders: 'all',
    irqs: BOTH,
    verdicts: IRQ_VERDICTS,
    complaint: 'irq',
  },
  {
    // Letting hooks in lets callbacks in as well.
    name: 'callback-safe-A + hooks-on',
    events: [USED_IN_IRQ, 'off(hook) L(A) on(hook) U(A)'],
    orders: 'all',
    irqs: ['callback'],
    verdicts: IRQ_VERDICTS,
    complaint: 'irq',
  },
  {
    name: 'safe-A + irqs-on',
    events: [USED_IN_IRQ, 'off(irq) L(A) on(irq) U(A)'],
    orders: 'all',
    irqs: BOTH,
    verdicts: IRQ_VERDICTS,
    complaint: 'irq',
  },
  {
    name: 'safe-A + unsafe-B #1',
    events: ['[A B]', '[B]', USED_IN_IRQ],
    orders: 'all',
    irqs: BOTH,
    verdicts: IRQ_VERDICTS,
    complaint: 'irq',
  },
  {
    name: 'safe-A + unsafe-B #2',
    events: ['off(irq) [A B] on(irq)', '[B]', USED_IN_IRQ],
    orders: 'all',
    irqs: BOTH,
    verdicts: IRQ_VERDICTS,
    complaint: 'irq',
  },
  {
    name: 'irq lock-inversion',
    events: ['off(irq) [A.w B] on(irq)', '[B]', 'enter(irq) [A.r] exit(irq)'],
    orders: 'all',
    irqs: BOTH,
    verdicts: IRQ_VERDICTS,
    complaint: 'irq',
  },
];

const IRQ_READ_RECURSION: readonly Group[] = [
  {
    name: 'irq read-recursion',
    events: ['off(irq) [A.w] on(irq)', '[A.r]', 'enter(irq) [A B.spin] exit(irq)'],
    orders: 'all',
    irqs: BOTH,
    verdicts: READ_RECURSION,
    complaint: 'irq',
  },
  {
    name: 'irq read-recursion #2',
    events: ['off(irq) [B.spin A] on(irq)', '[A.r]', 'enter(irq) [B.spin] exit(irq)'],
    orders: 'all',
    irqs: BOTH,
    verdicts: READ_RECURSION,
    complaint: 'irq',
  },
  {
    name: 'irq read-recursion #3',
    events: ['off(irq) [B.w A] on(irq)', '[A.r]', 'enter(irq) [B.r] exit(irq)'],
    orders: 'all',
    irqs: BOTH,
    verdicts: READ_RECURSION,
    complaint: 'irq',
  },
];

/** Outside of a hook a reader queues behind writers; inside of one it may not wait for them, and is recursive. */
const QUEUED_READ: readonly Group[] = [
  {
    name: 'queued read lock',
    label: 'read-lock/lock-read',
    events: ['enter(hook) [A.rlock B] exit(hook)', 'off(hook) [B A.qlock] on(hook)'],
    orders: 'as written',
    verdicts: { spin: 'F' },
    complaint: 'inversion',
  },
  {
    name: 'queued read lock',
    label: 'lock-read/read-lock',
    events: ['enter(hook) [B A.rlock] exit(hook)', 'off(hook) [A.qlock B] on(hook)'],
    orders: 'as written',
    verdicts: { spin: 'S' },
  },
  {
    name: 'queued read lock',
    label: 'inversion',
    events: ['enter(hook) [B] exit(hook)', 'off(hook) [B A.qlock] on(hook)', '[A.qlock]'],
    orders: 'as written',
    verdicts: { spin: 'F' },
    complaint: 'irq',
  },
];

/** The kernel's GFP_NOFS here is an allocation without the right to reclaim. */
const RECLAIM: readonly Group[] = [
  {
    name: 'reclaim',
    label: 'correct nesting',
    events: ['enter(reclaim) alloc(nowait) exit(reclaim)'],
    orders: 'as written',
    verdicts: { spin: 'S' },
  },
  {
    name: 'reclaim',
    label: 'wrong nesting',
    events: ['enter(reclaim) alloc(kernel) exit(reclaim)'],
    orders: 'as written',
    verdicts: { spin: 'F' },
    complaint: 'deadlock',
  },
  {
    name: 'reclaim',
    label: 'protected nesting',
    events: ['enter(reclaim) enter(noReclaim) alloc(kernel) exit(noReclaim) exit(reclaim)'],
    orders: 'as written',
    verdicts: { spin: 'S' },
  },
];

/** What goes before and after the inner lock, and the verdicts for inner RCU, raw spin, spin and mutex. */
const WAIT_CONTEXTS: Readonly<Record<string, readonly [string, string, string]>> = {
  'in a hook': ['enter(hook)', 'exit(hook)', 'SSSF'],
  'in a hook that spins at most': ['enter(rawHook)', 'exit(rawHook)', 'SSFF'],
  'in a callback': ['enter(callback)', 'exit(callback)', 'SSSF'],
  'in RCU': ['L(R.rcu)', 'U(R.rcu)', 'SSSF'],
  'in RCU-bh': ['off(callback) L(R.rcuBh)', 'U(R.rcuBh) on(callback)', 'SSSF'],
  'in RCU-sched': ['L(R.rcuSched)', 'U(R.rcuSched)', 'SSFF'],
  'in raw_spin': ['L(A.raw)', 'U(A.raw)', 'SSFF'],
  'in spin': ['L(A.spin)', 'U(A.spin)', 'SSSF'],
  'in mutex': ['L(A.mutex)', 'U(A.mutex)', 'SSSS'],
};
const INNER_LOCKS = ['R.rcu', 'B.raw', 'B.spin', 'B.mutex'];

const WAITING: readonly Group[] = Object.entries(WAIT_CONTEXTS).flatMap(([label, [enter, exit, verdicts]]) =>
  INNER_LOCKS.map((inner, i) => ({
    name: 'wait context',
    label: `${inner.slice(2)} ${label}`,
    events: [`${enter} [${inner}] ${exit}`],
    orders: 'as written' as const,
    verdicts: { spin: verdicts[i] as Verdict },
    complaint: 'wait-context' as const,
  })),
);

const IN_HOOK = 'enter(hook) [A] exit(hook)';

/** Two threads never wait for each other's local lock, so it passes no order of hooks on. */
const LOCAL_LOCKS: readonly Group[] = [
  {
    name: 'local_lock inversion',
    label: '2',
    events: ['[A.local]', IN_HOOK, 'off(hook) [A A.local] on(hook)'],
    orders: 'as written',
    verdicts: { spin: 'S' },
  },
  {
    name: 'local_lock inversion',
    label: '3A',
    events: ['[A.local B]', IN_HOOK, 'off(hook) [A A.local] on(hook)'],
    orders: 'as written',
    verdicts: { spin: 'S' },
  },
  {
    name: 'local_lock inversion',
    label: '3B',
    events: ['[A.local B]', IN_HOOK, 'off(hook) [A A.local] on(hook)', 'off(hook) [A B] on(hook)'],
    orders: 'as written',
    verdicts: { spin: 'F' },
    complaint: 'irq',
  },
];

/** The path from the mutex to D is callback-unsafe to callback-safe, which is well; from A it is a deadlock. */
const MIXED_SAFETY: readonly Group[] = [
  {
    name: 'hook-unsafe, callback-safe',
    events: [
      'L(A.mutex) off(hook) [C] on(hook) U(A.mutex)',
      IN_HOOK,
      'off(hook) [A B] on(hook)',
      'off(hook) [B C] on(hook)',
      'enter(callback) [D] exit(callback)',
      'off(callback) [D] on(callback)',
      'off(hook) [C D] on(hook)',
    ],
    orders: 'as written',
    verdicts: { spin: 'F' },
    complaint: 'irq',
  },
];

/** The kernel's rows. */
export const COUNTED: readonly Group[] = [
  ...DEADLOCKS,
  ...STATE,
  ...MIXED_READERS,
  ...READER_CYCLES,
  ...IRQ_SAFETY,
  ...IRQ_READ_RECURSION,
  ...QUEUED_READ,
  ...RECLAIM,
  ...WAITING,
  ...LOCAL_LOCKS,
  ...MIXED_SAFETY,
];

/** A lock that is tried waits for nobody; what is wrong without any waiting stays wrong. */
const TRIED: readonly Group[] = [
  ...DEADLOCKS.map(({ name, events, orders }) => ({
    name: `try: ${name}`,
    events,
    orders,
    verdicts: ALL_SUCCEED,
    tries: true as const,
  })),
  ...STATE.map((group) => ({
    ...group,
    name: `try: ${group.name}`,
    verdicts: { ...ALL_FAIL, raw: 'F' as const },
    tries: true as const,
  })),
];

/** Rows on top of COUNTED. */
export const BEYOND: readonly Group[] = [
  {
    name: 'nest lock',
    label: 'not held',
    events: ['L(A@X1) U(A)'],
    orders: 'as written',
    verdicts: { spin: 'F' },
    complaint: 'not-held',
  },
  {
    name: 'nest lock',
    label: 'held',
    events: ['L(X1) L(Y1@X1) L(A) L(Y2@X1) U(A) U(Y2) U(Y1) U(X1)'],
    orders: 'as written',
    verdicts: { spin: 'S' },
  },
  {
    name: 'name of a subclass',
    events: ['[X1/1] name(X1)'],
    orders: 'as written',
    verdicts: { wsem: 'S' },
  },
  ...TRIED,
];
