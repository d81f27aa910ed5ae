import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCall } from './calls.js';

test('findCall, knows what linux-kernel.def defines, in every strength', () => {
  const plain = [
    'READ_ONCE',
    'WRITE_ONCE',
    'smp_store_release',
    'smp_load_acquire',
    'rcu_assign_pointer',
    'rcu_dereference',
  ];
  const fences = [
    'smp_mb',
    'smp_rmb',
    'smp_wmb',
    'smp_mb__before_atomic',
    'smp_mb__after_atomic',
    'smp_mb__after_spinlock',
    'barrier',
  ];
  const locks = [
    'spin_lock',
    'spin_unlock',
    'spin_trylock',
    'spin_is_locked',
    'smp_store_mb',
    'smp_mb__after_unlock_lock',
  ];
  const rcu = ['rcu_read_lock', 'rcu_read_unlock', 'synchronize_rcu', 'synchronize_rcu_expedited'];
  const srcu = [
    'srcu_read_lock',
    'srcu_read_unlock',
    'srcu_down_read',
    'srcu_up_read',
    'synchronize_srcu',
    'synchronize_srcu_expedited',
    'smp_mb__after_srcu_read_unlock',
  ];
  const atomic = [
    'read',
    'set',
    'add',
    'sub',
    'inc',
    'dec',
    'sub_and_test',
    'dec_and_test',
    'inc_and_test',
    'add_negative',
    'add_unless',
    'read_acquire',
    'set_release',
    'andnot',
    'fetch_andnot_relaxed',
    'fetch_xor_release',
    'add_negative_acquire',
  ];
  const names = [...plain, ...fences, ...locks, ...rcu, ...srcu, ...atomic.map((name) => `atomic_${name}`)];
  for (const base of ['xchg', 'cmpxchg', 'atomic_xchg', 'atomic_cmpxchg'])
    names.push(base, `${base}_relaxed`, `${base}_acquire`, `${base}_release`);
  for (const kind of ['add', 'sub', 'inc', 'dec']) {
    for (const form of [`atomic_${kind}_return`, `atomic_fetch_${kind}`])
      names.push(form, `${form}_relaxed`, `${form}_acquire`, `${form}_release`);
  }
  for (const name of names) assert.notEqual(findCall(name), undefined, name);
});

test('findCall, does not know what is not there, nor what every object has', () => {
  for (const name of ['call_rcu', 'rcu_barrier', 'constructor', 'toString', 'atomic_load_explicit']) {
    assert.equal(findCall(name), undefined, name);
  }
});
