/**
 * The notation of the locking self-test: a list of operations on dummy locks, played in order by one thread.
 *
 *     L(A) U(A) I(A)         takes, lets go, initialises lock A
 *     [A B]                  L(A) L(B) U(B) U(A)
 *     X1 X2                  two locks of one class X;  A is the only lock of its class
 *     A.r A.w                as the column's reader, its writer
 *     A.spin A.qlock ...     as this kind, whatever the column
 *     A/1                    with subclass 1
 *     Y1@X1                  under nest lock X1: who holds X1 takes locks of Y's class in any order
 *     enter(hook) exit(hook)         runs inside of a hook;  rawHook is one that may not even wait where
 *                                    stricter platforms do
 *     off(callback) on(callback)     keeps callbacks away meanwhile
 *     enter(reclaim) exit(reclaim)   runs shrinkers
 *     enter(noReclaim) exit(..)      takes the right to reclaim away from allocations inside
 *     alloc(kernel) alloc(nowait)    allocates with that gfp
 *     name(X1)               every class known of X1 still bears X's name
 *
 * `irq` in place of a context stands for the one that the case is about: hook (the kernel's hardirq) or
 * callback (softirq).
 */
import type { Context } from '../../src/lockdep/usage.js';
import { COLUMNS, type ColumnName, KINDS, type Kind } from './selftest-kinds.js';

/** Contexts that run in between of others. */
export type Irq = Context;
export type Scope = Irq | 'rawHook' | 'reclaim' | 'noReclaim';
export type Allocation = 'kernel' | 'nowait';

/** One dummy lock, and how it is taken. */
export interface LockUse {
  /** The letter of its class. */
  readonly letter: string;
  /** Tells locks of one class apart. */
  readonly index: number;
  readonly kind: Kind;
  readonly subclass: number;
  readonly nestLock?: LockUse;
}

export type LockAct = 'lock' | 'unlock' | 'init';

export type Operation =
  | { readonly act: LockAct; readonly use: LockUse }
  | { readonly act: 'name'; readonly named: LockUse }
  | { readonly act: 'enter' | 'exit'; readonly scope: Scope }
  | { readonly act: 'off' | 'on'; readonly irq: Irq }
  | { readonly act: 'alloc'; readonly gfp: Allocation };

/** What the open places of an op list stand for. */
export interface Setting {
  readonly column: ColumnName;
  readonly irq?: Irq | undefined;
}

const TOKEN = /\[[^\]]*\]|\S+/g;
const CALL = /^(\w+)\(([^()]+)\)$/;
const LOCK = /^([A-Z])(\d?)(?:\.(\w+))?(?:\/(\d))?(?:@(\w+))?$/;

const LOCK_ACTS: Readonly<Record<string, LockAct>> = { L: 'lock', U: 'unlock', I: 'init' };

/** Reads an op list. Throws where it is not in the notation. */
export function parseOperations(text: string, setting: Setting): Operation[] {
  return (text.match(TOKEN) ?? []).flatMap((token) =>
    token.startsWith('[') ? nested(token, setting) : [single(token, setting)],
  );
}

function nested(token: string, setting: Setting): Operation[] {
  const names = token.slice(1, -1).trim().split(/\s+/);
  const uses = names.map((name) => lockUse(name, setting));
  return [
    ...uses.map((use) => ({ act: 'lock', use }) as const),
    ...uses.toReversed().map((use) => ({ act: 'unlock', use }) as const),
  ];
}

function single(token: string, setting: Setting): Operation {
  const [, verb = '', operand = ''] = CALL.exec(token) ?? [];
  const act = LOCK_ACTS[verb];
  if (act !== undefined) return { act, use: lockUse(operand, setting) };
  if (verb === 'name') return { act: verb, named: lockUse(operand, setting) };
  if (verb === 'enter' || verb === 'exit') return { act: verb, scope: scope(operand, setting) };
  if (verb === 'off' || verb === 'on') return { act: verb, irq: irq(operand, setting) };
  if (verb === 'alloc' && (operand === 'kernel' || operand === 'nowait')) return { act: verb, gfp: operand };
  throw new SyntaxError(
    `read the operation '${token}'; known are L U I name enter exit off on alloc, each with one operand in ` +
      'parentheses, and [A B] for nested locks',
  );
}

function lockUse(name: string, setting: Setting): LockUse {
  const [whole, letter = '', index = '', as, subclass = '0', nestLock] = LOCK.exec(name) ?? [];
  if (whole === undefined) {
    throw new SyntaxError(
      `read the lock '${name}'; write a letter, then a digit, .kind, /subclass and @nest lock if wanted`,
    );
  }
  const kind = kindOf(as, setting.column);
  const use = { letter, index: Number(index), kind, subclass: Number(subclass) };
  return nestLock === undefined ? use : { ...use, nestLock: lockUse(nestLock, setting) };
}

function kindOf(as: string | undefined, column: ColumnName): Kind {
  if (as === undefined) return COLUMNS[column].plain;
  if (as === 'r' || as === 'w') return COLUMNS[column][as];
  if (Object.hasOwn(KINDS, as)) return as as Kind;
  throw new SyntaxError(
    `read the kind of lock '${as}'; known are r, w for the column's, and ${Object.keys(KINDS).join(', ')}`,
  );
}

function scope(operand: string, setting: Setting): Scope {
  if (operand === 'rawHook' || operand === 'reclaim' || operand === 'noReclaim') return operand;
  return irq(operand, setting);
}

function irq(operand: string, setting: Setting): Irq {
  const meant = operand === 'irq' ? setting.irq : operand;
  if (meant === 'hook' || meant === 'callback') return meant;
  throw new SyntaxError(
    `read the context '${operand}'; known are hook and callback, and irq in cases that are about one of them`,
  );
}
