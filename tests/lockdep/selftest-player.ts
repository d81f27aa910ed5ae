/**
 * Plays a case of the locking self-test on a validator of its own, and notes what the validator says.
 *
 *     case -> fresh engine -> one subject (thread) a case, or one an event -> first complaint -> outcome
 *
 * What is played are announcements alone: no lock exists, so nothing can hang. The player is handed the engine,
 * so that tests can play the same cases on one that is turned off or has a fault.
 */
import { type LockClass, lockClass, SUBCLASS_SHIFT, TAKEN, WAIT } from '../../src/locks/lock-class.js';
import { allowBlocking, GFP_KERNEL, GFP_NOWAIT, type Gfp } from '../../src/pages/gfp.js';
import type { SelftestCase } from './selftest-cases.js';
import { type Engine, type MakeEngine, type Subject, shippedEngine } from './selftest-engines.js';
import { FAMILIES, type Family, KINDS } from './selftest-kinds.js';
import type { Allocation, Irq, LockAct, LockUse, Operation, Scope } from './selftest-notation.js';
import type { Complaint, Outcome } from './selftest-table.js';

const GFP: Readonly<Record<Allocation, Gfp>> = { kernel: GFP_KERNEL, nowait: GFP_NOWAIT };

const CLASSES = new Map<string, LockClass>();

/** The class of all locks with this letter in one family. */
function classOf(family: Family, letter: string): LockClass {
  const name = `${family} ${letter}`;
  const known = CLASSES.get(name);
  if (known !== undefined) return known;
  const { wait, ...more } = FAMILIES[family];
  const made = lockClass(name, wait, more);
  CLASSES.set(name, made);
  return made;
}

/** Plays all events in one thread. */
export function playCase(played: SelftestCase, makeEngine: MakeEngine = shippedEngine): Outcome {
  return play(played, makeEngine, () => 'only');
}

/** Plays each event in a thread of its own, one after the other. */
export function playCaseOnThreads(played: SelftestCase, makeEngine: MakeEngine = shippedEngine): Outcome {
  return play(played, makeEngine, (event) => `thread ${event + 1}`);
}

function play(played: SelftestCase, makeEngine: MakeEngine, threadOf: (event: number) => string): Outcome {
  const complaints: Complaint[] = [];
  const engine = makeEngine((complaint) => complaints.push(complaint));
  const threads = new Map<string, Subject>();
  for (const [event, operations] of played.events.entries()) {
    const name = threadOf(event);
    const subject = threads.get(name) ?? engine.thread(name);
    threads.set(name, subject);
    for (const operation of operations) {
      if (operation.act === 'name') checkName(operation.named, engine, complaints);
      else perform(operation, subject, played.tries);
    }
  }
  return { played, complaints };
}

function perform(operation: Exclude<Operation, { act: 'name' }>, subject: Subject, tries: boolean): void {
  if ('use' in operation) performOnLock(operation.act, operation.use, subject, tries);
  else if ('irq' in operation) keepAway(operation.act, operation.irq, subject);
  else if ('gfp' in operation) allocate(GFP[operation.gfp], subject);
  else if (operation.act === 'enter') enter(operation.scope, subject);
  else exit(operation.scope, subject);
}

/** As the page allocator does: only who may wait may reclaim. */
function allocate(gfp: Gfp, subject: Subject): void {
  if (allowBlocking(gfp)) subject.mayReclaim();
}

function keepAway(act: 'off' | 'on', irq: Irq, subject: Subject): void {
  if (act === 'off') subject.disableContext(irq);
  else subject.enableContext(irq);
}

function performOnLock(act: LockAct, use: LockUse, subject: Subject, tries: boolean): void {
  const { family, taken } = KINDS[use.kind];
  const used = classOf(family, use.letter);
  const instance = instanceOf(use);
  const how = (use.subclass << SUBCLASS_SHIFT) | taken | (tries ? TAKEN.trylock : 0);
  if (act === 'unlock') subject.lockRelease(used, instance);
  else if (act === 'init') subject.initLock(used, instance);
  else subject.lockAcquire(used, instance, how, use.nestLock && instanceOf(use.nestLock));
}

/** A number for each lock, as its word would be. */
function instanceOf({ kind, letter, index }: LockUse): number {
  const family = Object.keys(FAMILIES).indexOf(KINDS[kind].family);
  return 1000 * (family + 1) + 10 * (letter.charCodeAt(0) - 'A'.charCodeAt(0)) + index;
}

/** The kernel's test runs its hooks as threadable interrupts, and its callbacks with interrupts off. */
function enter(scope: Scope, subject: Subject): void {
  if (scope === 'hook') subject.enterContext('hook', WAIT.config);
  else if (scope === 'rawHook') subject.enterContext('hook', WAIT.spin);
  else if (scope === 'reclaim') subject.enterReclaim();
  else if (scope === 'noReclaim') subject.enterNoReclaim();
  else {
    subject.disableContext('hook');
    subject.enterContext('callback');
  }
}

function exit(scope: Scope, subject: Subject): void {
  if (scope === 'hook' || scope === 'rawHook') subject.exitContext('hook');
  else if (scope === 'reclaim') subject.exitReclaim();
  else if (scope === 'noReclaim') subject.exitNoReclaim();
  else {
    subject.exitContext('callback');
    subject.enableContext('hook');
  }
}

function checkName({ kind, letter }: LockUse, engine: Engine, complaints: Complaint[]): void {
  const { name } = classOf(KINDS[kind].family, letter);
  const names = engine.classes().map((known) => known.name);
  if (names.length > 0 && names.every((known) => known === name)) return;
  complaints.push({
    kind: 'name',
    key: name,
    message: `the classes of ${name} are called: ${names.join(', ') || 'none'}`,
  });
}
