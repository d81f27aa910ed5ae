/**
 * Validators with one thing wrong, each of which the locking self-test must notice in the groups it names.
 *
 * Each stands between the player and the shipped validator, and tells it something else than what was played.
 */
import { type LockClass, TAKEN, WAIT } from '../../src/locks/lock-class.js';
import { type MakeEngine, type Subject, shippedEngine } from './selftest-engines.js';

export interface Fault {
  readonly name: string;
  readonly makeEngine: MakeEngine;
  /** Groups in which at least one case must not go as expected. */
  readonly noticedIn: readonly string[];
  /** What the groups' names begin with in which every case must still go as expected. */
  readonly notIn: readonly string[];
}

const nothing = (): void => {};

/** Told everything, says nothing. */
const OFF: Subject = {
  lockAcquire: nothing,
  lockRelease: nothing,
  initLock: nothing,
  enterContext: nothing,
  exitContext: nothing,
  disableContext: nothing,
  enableContext: nothing,
  mayReclaim: nothing,
  enterReclaim: nothing,
  exitReclaim: nothing,
  enterNoReclaim: nothing,
  exitNoReclaim: nothing,
};

export const turnedOff: MakeEngine = () => ({ thread: () => OFF, classes: () => [] });

/** Complains of every lock that is taken, and of every shrinker. */
export const alwaysComplaining: MakeEngine = (complain) => ({
  thread: () => ({
    ...OFF,
    lockAcquire: () => complain({ kind: 'deadlock', key: 'all', message: 'took a lock' }),
    enterReclaim: () => complain({ kind: 'deadlock', key: 'all', message: 'ran shrinkers' }),
  }),
  classes: () => [],
});

/** The shipped engine, with some of what it is told replaced. */
function withChange(change: (to: Subject) => Partial<Subject>): MakeEngine {
  return (complain) => {
    const engine = shippedEngine(complain);
    return {
      thread: (name) => changed(engine.thread(name), change),
      classes: () => engine.classes(),
    };
  };
}

function changed(to: Subject, change: (to: Subject) => Partial<Subject>): Subject {
  return {
    lockAcquire: (lock, instance, how, nestLock) => to.lockAcquire(lock, instance, how, nestLock),
    lockRelease: (lock, instance) => to.lockRelease(lock, instance),
    initLock: (lock, instance) => to.initLock(lock, instance),
    enterContext: (context, wait) => to.enterContext(context, wait),
    exitContext: (context) => to.exitContext(context),
    disableContext: (context) => to.disableContext(context),
    enableContext: (context) => to.enableContext(context),
    mayReclaim: () => to.mayReclaim(),
    enterReclaim: () => to.enterReclaim(),
    exitReclaim: () => to.exitReclaim(),
    enterNoReclaim: () => to.enterNoReclaim(),
    exitNoReclaim: () => to.exitNoReclaim(),
    ...change(to),
  };
}

/** Takes locks with other bits than the case says. */
function takenAs(bits: (how: number) => number): MakeEngine {
  return withChange((to) => ({
    lockAcquire: (lock, instance, how, nestLock) => to.lockAcquire(lock, instance, bits(how), nestLock),
  }));
}

/** Takes locks as ones of another class. */
function ofClass(other: (lock: LockClass) => LockClass): MakeEngine {
  return withChange((to) => ({
    lockAcquire: (lock, instance, how, nestLock) => to.lockAcquire(other(lock), instance, how, nestLock),
    lockRelease: (lock, instance) => to.lockRelease(other(lock), instance),
    initLock: (lock, instance) => to.initLock(other(lock), instance),
  }));
}

const READ = TAKEN.recursiveRead | TAKEN.queuedRead;
const asQueued = (how: number): number => (how & READ ? (how & ~READ) | TAKEN.queuedRead : how);
const asRecursive = (how: number): number => (how & READ ? (how & ~READ) | TAKEN.recursiveRead : how);

/** Gives each class a twin that is changed, always the same. */
function twinsOf(change: (lock: LockClass) => Partial<LockClass>): (lock: LockClass) => LockClass {
  const twins = new Map<LockClass, LockClass>();
  return (lock) => {
    const twin = twins.get(lock) ?? { ...lock, ...change(lock) };
    twins.set(lock, twin);
    return twin;
  };
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'takes recursive readers for queued ones',
    makeEngine: takenAs(asQueued),
    noticedIn: ['A-A deadlock', 'recursive read', 'rlock W1W2/R2R3/R3W1', 'irqs-on + irq-safe-A'],
    notIn: ['double unlock', 'initialise held', 'reclaim', 'local_lock'],
  },
  {
    name: 'takes queued readers for recursive ones',
    makeEngine: takenAs(asRecursive),
    noticedIn: ['A-A deadlock', 'recursive read', 'queued read lock'],
    notIn: ['rlock ', 'irq', 'wait context'],
  },
  {
    name: 'takes readers for writers',
    makeEngine: takenAs((how) => how & ~READ),
    noticedIn: ['A-A deadlock', 'irq lock-inversion', 'irq read-recursion', 'queued read lock'],
    notIn: ['double unlock', 'initialise held', 'local_lock'],
  },
  {
    name: 'takes what is tried for what is waited for',
    makeEngine: takenAs((how) => how & ~TAKEN.trylock),
    noticedIn: ['try: A-A deadlock', 'try: A-B-C-D-B-C-D-A deadlock'],
    notIn: ['A-', 'rlock ', 'irq', 'wait context'],
  },
  {
    name: 'takes what is waited for for what is tried',
    makeEngine: takenAs((how) => how | TAKEN.trylock),
    noticedIn: ['A-A deadlock', 'A-B-B-A deadlock', 'wait context'],
    notIn: ['double unlock', 'try: '],
  },
  {
    name: 'does not know what interrupts what',
    makeEngine: withChange(() => ({
      enterContext: nothing,
      exitContext: nothing,
      disableContext: nothing,
      enableContext: nothing,
    })),
    noticedIn: ['irqs-on + irq-safe-A', 'safe-A + unsafe-B #1', 'irq lock-inversion', 'wait context'],
    notIn: ['A-', 'rlock ', 'reclaim', 'try: '],
  },
  {
    name: 'takes callbacks for hooks',
    makeEngine: withChange((to) => ({
      enterContext: (_context, wait = WAIT.config) => to.enterContext('hook', wait),
      exitContext: () => to.exitContext('hook'),
    })),
    noticedIn: ['irq lock-inversion'],
    notIn: ['A-', 'rlock '],
  },
  {
    name: 'does not know that contexts can be kept away',
    makeEngine: withChange(() => ({ disableContext: nothing, enableContext: nothing })),
    noticedIn: ['irq lock-inversion', 'irq read-recursion', 'local_lock inversion'],
    notIn: ['A-', 'rlock ', 'wait context', 'irqs-on + irq-safe-A'],
  },
  {
    name: 'believes that what was kept away once stays away',
    makeEngine: withChange(() => ({ enableContext: nothing })),
    noticedIn: ['callback-safe-A + hooks-on', 'safe-A + irqs-on'],
    notIn: ['A-', 'rlock ', 'wait context'],
  },
  {
    name: 'takes local locks for ones that threads share',
    makeEngine: ofClass(twinsOf(() => ({ kind: 'normal' }))),
    noticedIn: ['local_lock inversion'],
    notIn: ['A-', 'irq', 'wait context'],
  },
  {
    name: 'lets every lock wait anywhere',
    makeEngine: ofClass(twinsOf(() => ({ outer: WAIT.free, inner: WAIT.most }))),
    noticedIn: ['wait context'],
    notIn: ['A-', 'irq', 'rlock '],
  },
  {
    name: 'takes an allocation that may reclaim for one that may not',
    makeEngine: withChange(() => ({ mayReclaim: nothing })),
    noticedIn: ['reclaim'],
    notIn: ['A-', 'irq', 'wait context'],
  },
  {
    name: 'reclaims where it may not',
    makeEngine: withChange(() => ({ enterNoReclaim: nothing, exitNoReclaim: nothing })),
    noticedIn: ['reclaim'],
    notIn: ['A-', 'irq', 'wait context'],
  },
  {
    name: 'does not know nest locks',
    makeEngine: withChange((to) => ({
      lockAcquire: (lock, instance, how) => to.lockAcquire(lock, instance, how),
    })),
    noticedIn: ['nest lock'],
    notIn: ['A-', 'irq', 'wait context', 'try: '],
  },
];
