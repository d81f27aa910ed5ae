import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processOf, runInOrder } from '../../../tests/litmus/in-order.js';

/** What the process ends with: its registers, then x, y and z. */
function run(body: string, initial = ''): string {
  return runInOrder(processOf(body, `x=0; y=0; z=0; ${initial}`));
}

test('Process, reads and writes in every way that the kernel has', () => {
  const reads =
    'r1 = READ_ONCE(*x); r2 = smp_load_acquire(x); r3 = rcu_dereference(*x); r4 = *x; r5 = atomic_read(x);';
  assert.equal(run(reads, 'x=7;'), '0:r1=7; 0:r2=7; 0:r3=7; 0:r4=7; 0:r5=7; x=7; y=0; z=0;');
  assert.equal(
    run('WRITE_ONCE(*x, 1); smp_store_release(y, 2); rcu_assign_pointer(*z, x);'),
    'x=1; y=2; z=x;',
  );
});

test('Process, exchanges and compares as the kernel does', () => {
  assert.equal(run('r1 = xchg(x, 5); r2 = xchg_release(x, 6);'), '0:r1=0; 0:r2=5; x=6; y=0; z=0;');
  assert.equal(
    run('r1 = cmpxchg(x, 0, 5); r2 = cmpxchg_acquire(x, 4, 6);'),
    '0:r1=0; 0:r2=5; x=5; y=0; z=0;',
  );
});

test('Process, adds and takes off, with the old value, the new one, or whether it is 0', () => {
  assert.equal(run('atomic_add(3, x); atomic_dec(y); atomic_sub(2, z);'), 'x=3; y=-1; z=-2;');
  assert.equal(
    run('r1 = atomic_add_return(3, x); r2 = atomic_fetch_sub_relaxed(1, x); r3 = atomic_inc_return(x);'),
    '0:r1=3; 0:r2=3; 0:r3=3; x=3; y=0; z=0;',
  );
  assert.equal(
    run('r1 = atomic_dec_and_test(x); r2 = atomic_dec_and_test(x); r3 = atomic_add_negative(0, x);', 'x=1;'),
    '0:r1=1; 0:r2=0; 0:r3=1; x=-1; y=0; z=0;',
  );
  assert.equal(
    run('atomic_or(6, x); r1 = atomic_fetch_andnot(2, x); r2 = atomic_fetch_xor(5, x); atomic64_inc(y);'),
    '0:r1=6; 0:r2=4; x=1; y=1; z=0;',
  );
});

test('Process, adds unless the word holds the value', () => {
  assert.equal(
    run('r1 = atomic_add_unless(x, 2, 1); r2 = atomic_inc_not_zero(y);'),
    '0:r1=1; 0:r2=0; x=2; y=0; z=0;',
  );
});

test('Process, locks, tries and looks at locks', () => {
  const body =
    'r1 = spin_is_locked(x); spin_lock(x); r2 = spin_is_locked(x); r3 = spin_trylock(x); spin_unlock(x);';
  assert.equal(run(`${body} r4 = spin_trylock(x); *y = 1;`), '0:r1=0; 0:r2=1; 0:r3=0; 0:r4=1; y=1; z=0;');
});

test('Process, enters and leaves sections, and waits for grace periods outside of them', () => {
  const body =
    'rcu_read_lock(); rcu_read_lock(); r1 = *x; rcu_read_unlock(); rcu_read_unlock(); synchronize_rcu(); *y = 1;';
  assert.equal(run(body), '0:r1=0; x=0; y=1; z=0;');
  assert.throws(() => run('rcu_read_lock(); synchronize_rcu();'), /waits for a grace period inside/);
  assert.throws(
    () => run('rcu_read_lock(); rcu_read_unlock(); rcu_read_unlock();'),
    /without having begun one/,
  );
});

test('Process, keeps each srcu_struct apart', () => {
  const body =
    'r1 = srcu_read_lock(x); synchronize_srcu(y); synchronize_rcu(); srcu_read_unlock(x, r1); *z = 1;';
  assert.equal(run(body), '0:r1=0; z=1;');
  assert.throws(() => run('r1 = srcu_read_lock(x); synchronize_srcu(x);'), /waits for a grace period inside/);
});

test('Process, refuses to access what is no address, with the line', () => {
  assert.throws(
    () => run('r1 = 5;\nr2 = *r1;'),
    /line 6: accesses memory at 5, which is no address of a global/,
  );
});

test('Process, indexes arrays and points into them', () => {
  assert.equal(
    run('r1 = a[1]; a[r1] = 9; r2 = a; r2 = r2 + 2;', 'int a[3] = {0, 2, 4};'),
    '0:r1=2; 0:r2=a[2]; x=0; y=0; z=0; a[0]=0; a[1]=2; a[2]=9;',
  );
});
