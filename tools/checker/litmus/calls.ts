/**
 * The calls of the kernel that litmus tests know, and what each is made of.
 *
 *     form        the call's arguments                 result
 *     lvalue      (*x) or (*x, v)                      ONCE, rcu_dereference, rcu_assign_pointer
 *     pointer     (x) or (x, v) or (x, old, new)       acquire, release, exchanges, locks
 *     counted     (v, x)                               atomic_add and its kind
 *
 * Suffixes of strength (_relaxed, _acquire, _release) change nothing: Lull's atomics have the strongest.
 */
import type { Operation } from './syntax.js';

export interface Call {
  /** 'nothing' orders what JavaScript's memory cannot reorder: loads. */
  readonly operation: Operation | 'nothing';
  /** What each argument is; 'lvalue' is written *x. */
  readonly parameters: readonly ('lvalue' | 'pointer' | 'value' | 'expected' | 'ignored')[];
  /** The amount of an atomic operation whose call does not say it. */
  readonly amount?: number;
  /** True: the amount is taken off. */
  readonly subtract?: boolean;
  /** True: the bits are inverted first (andnot). */
  readonly invert?: boolean;
  /** What is made of the word's old value; by default it is the result. */
  readonly result?: 'new' | 'newIsZero' | 'newIsNegative';
  /** True where a fence follows. */
  readonly fenced?: boolean;
}

const READ: Call = { operation: 'read', parameters: ['lvalue'] };
const NOTHING: Call = { operation: 'nothing', parameters: [] };
const FENCE: Call = { operation: 'fence', parameters: [] };
const SYNCHRONIZE: Call = { operation: 'synchronize', parameters: [] };
const SYNCHRONIZE_SRCU: Call = { operation: 'synchronize', parameters: ['pointer'] };
const XCHG: Call = { operation: 'exchange', parameters: ['pointer', 'value'] };
const CMPXCHG: Call = { operation: 'compareExchange', parameters: ['pointer', 'expected', 'value'] };

const CALLS: Readonly<Record<string, Call>> = {
  READ_ONCE: READ,
  ACCESS_ONCE: READ,
  rcu_dereference: READ,
  rcu_dereference_raw: READ,
  rcu_dereference_check: { operation: 'read', parameters: ['lvalue', 'ignored'] },
  rcu_dereference_protected: { operation: 'read', parameters: ['lvalue', 'ignored'] },
  rcu_access_pointer: READ,
  lockless_dereference: READ,
  WRITE_ONCE: { operation: 'write', parameters: ['lvalue', 'value'] },
  RCU_INIT_POINTER: { operation: 'write', parameters: ['lvalue', 'value'] },
  rcu_assign_pointer: { operation: 'storeRelease', parameters: ['lvalue', 'value'] },
  smp_store_release: { operation: 'storeRelease', parameters: ['pointer', 'value'] },
  smp_load_acquire: { operation: 'loadAcquire', parameters: ['pointer'] },
  smp_store_mb: { operation: 'write', parameters: ['lvalue', 'value'], fenced: true },

  smp_mb: FENCE,
  smp_rmb: NOTHING,
  smp_wmb: FENCE,
  smp_read_barrier_depends: NOTHING,
  barrier: NOTHING,
  smp_mb__before_atomic: FENCE,
  smp_mb__after_atomic: FENCE,
  smp_mb__before_spinlock: FENCE,
  smp_mb__after_spinlock: FENCE,
  smp_mb__after_unlock_lock: FENCE,
  smp_mb__after_srcu_read_unlock: FENCE,

  xchg: XCHG,
  atomic_xchg: XCHG,
  cmpxchg: CMPXCHG,
  atomic_cmpxchg: CMPXCHG,

  spin_lock: { operation: 'spinLock', parameters: ['pointer'] },
  spin_unlock: { operation: 'spinUnlock', parameters: ['pointer'] },
  spin_trylock: { operation: 'spinTrylock', parameters: ['pointer'] },
  spin_is_locked: { operation: 'spinIsLocked', parameters: ['pointer'] },
  spin_unlock_wait: { operation: 'spinUnlockWait', parameters: ['pointer'] },

  rcu_read_lock: { operation: 'readLock', parameters: [] },
  rcu_read_unlock: { operation: 'readUnlock', parameters: [] },
  synchronize_rcu: SYNCHRONIZE,
  synchronize_rcu_expedited: SYNCHRONIZE,
  srcu_read_lock: { operation: 'readLock', parameters: ['pointer'] },
  srcu_read_unlock: { operation: 'readUnlock', parameters: ['pointer', 'ignored'] },
  srcu_down_read: { operation: 'readLock', parameters: ['pointer'] },
  srcu_up_read: { operation: 'readUnlock', parameters: ['pointer', 'ignored'] },
  synchronize_srcu: SYNCHRONIZE_SRCU,
  synchronize_srcu_expedited: SYNCHRONIZE_SRCU,

  atomic_read: { operation: 'read', parameters: ['pointer'] },
  atomic_read_acquire: { operation: 'loadAcquire', parameters: ['pointer'] },
  atomic_set: { operation: 'write', parameters: ['pointer', 'value'] },
  atomic_set_release: { operation: 'storeRelease', parameters: ['pointer', 'value'] },
  atomic_add_unless: { operation: 'addUnless', parameters: ['pointer', 'value', 'expected'] },
  atomic_inc_not_zero: { operation: 'addUnless', parameters: ['pointer'], amount: 1 },
  ...counted('add', 'fetchAdd'),
  ...counted('sub', 'fetchAdd', { subtract: true }),
  ...counted('and', 'fetchAnd'),
  ...counted('or', 'fetchOr'),
  ...counted('xor', 'fetchXor'),
  ...counted('andnot', 'fetchAnd', { invert: true }),
  ...stepped('inc', 1),
  ...stepped('dec', -1),
  atomic_sub_and_test: addition(['value', 'pointer'], { subtract: true, result: 'newIsZero' }),
  atomic_inc_and_test: addition(['pointer'], { amount: 1, result: 'newIsZero' }),
  atomic_dec_and_test: addition(['pointer'], { amount: -1, result: 'newIsZero' }),
  atomic_add_negative: addition(['value', 'pointer'], { result: 'newIsNegative' }),
};

function addition(parameters: Call['parameters'], rest: Partial<Call>): Call {
  return { operation: 'fetchAdd', parameters, ...rest };
}

/** atomic_add, atomic_fetch_add and, where there is one, atomic_add_return. */
function counted(name: string, operation: Operation, rest: Partial<Call> = {}): Record<string, Call> {
  const call: Call = { operation, parameters: ['value', 'pointer'], ...rest };
  const calls = { [`atomic_${name}`]: call, [`atomic_fetch_${name}`]: call };
  if (operation !== 'fetchAdd') return calls;
  return { ...calls, [`atomic_${name}_return`]: { ...call, result: 'new' } };
}

/** atomic_inc, atomic_fetch_inc and atomic_inc_return. */
function stepped(name: string, amount: number): Record<string, Call> {
  const call = addition(['pointer'], { amount });
  return {
    [`atomic_${name}`]: call,
    [`atomic_fetch_${name}`]: call,
    [`atomic_${name}_return`]: { ...call, result: 'new' },
  };
}

/** The call of this name, or undefined for one that is not known. */
export function findCall(name: string): Call | undefined {
  const plain = name.replace(/^atomic(64|_long)_/, 'atomic_').replace(/_(relaxed|acquire|release)$/, '');
  return own(name) ?? own(plain);
}

function own(name: string): Call | undefined {
  return Object.hasOwn(CALLS, name) ? CALLS[name] : undefined;
}
