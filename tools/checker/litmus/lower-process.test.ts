import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processOf, runInOrder } from '../../../tests/litmus/in-order.js';
import { parseLitmus } from './parse-litmus.js';

/** The operations of the process with this body. */
function operations(body: string): string[] {
  return parseLitmus(processOf(body), 'test').processes[0]!.code.map(({ operation }) => operation);
}

test('lowerProcess, makes one instruction of each access and none of what is between', () => {
  assert.deepEqual(operations('int r1 = READ_ONCE(*x); WRITE_ONCE(*y, r1 + 2 * 3);'), ['read', 'write']);
  assert.deepEqual(operations('r1 = READ_ONCE(*x) + READ_ONCE(*y);'), ['read', 'read', 'set']);
});

test('lowerProcess, leaves nothing of what orders loads, and a fence of what orders stores', () => {
  assert.deepEqual(operations('smp_rmb(); barrier(); smp_read_barrier_depends();'), []);
  assert.deepEqual(operations('smp_mb(); smp_wmb(); smp_mb__after_spinlock();'), ['fence', 'fence', 'fence']);
  assert.deepEqual(operations('smp_store_mb(*x, 1);'), ['write', 'fence']);
});

test('lowerProcess, skips the right side of && and || and the other side of ?: with its accesses', () => {
  assert.equal(runInOrder(processOf('r1 = *x && xchg(y, 5);')), '0:r1=0; x=0; y=0; z=0;');
  assert.equal(runInOrder(processOf('r1 = 1 && xchg(y, 5);', 'y=3;')), '0:r1=1; y=5; x=0; z=0;');
  assert.equal(runInOrder(processOf('r1 = 1 || xchg(y, 5);')), '0:r1=1; x=0; y=0; z=0;');
  assert.equal(runInOrder(processOf('r1 = *x ? xchg(y, 5) : xchg(z, 6);')), '0:r1=0; x=0; y=0; z=6;');
});

test('lowerProcess, runs the one branch or the other', () => {
  const body = 'r1 = *x; if (r1) *y = 1; else { *y = 2; if (!r1) *z = 3; }';
  assert.equal(runInOrder(processOf(body)), '0:r1=0; x=0; y=2; z=3;');
  assert.equal(runInOrder(processOf(body, 'x=1;')), '0:r1=1; x=1; y=1; z=0;');
});

test('lowerProcess, takes a name for a register once it is one, and else for the address of a global', () => {
  assert.equal(
    runInOrder(processOf('r1 = x; r2 = &y; *r2 = 7; r3 = *r1;', 'x=4;')),
    '0:r1=x; 0:r2=y; 0:r3=4; x=4; y=7; z=0;',
  );
  assert.equal(runInOrder(processOf('int x = 5; r1 = x;')), '0:x=5; 0:r1=5; x=0; y=0; z=0;');
  assert.equal(runInOrder(processOf('r1 = g; WRITE_ONCE(*g, 2);', 'g=1;')), '0:r1=g; g=2; x=0; y=0; z=0;');
});

test('lowerProcess, refuses what it does not know, with the line', () => {
  const refused = (body: string, reason: RegExp): void => assert.throws(() => operations(body), reason);
  refused('call_rcu(x, y);', /line 5: call_rcu\(\) is not supported/);
  refused('\nsmp_mb(1);', /line 6: smp_mb\(\) takes 0 arguments and is given 1/);
  refused('WRITE_ONCE(x, 1);', /line 5: WRITE_ONCE\(\) takes a place in memory such as \*x/);
  refused('READ_ONCE(*x) = 1;', /line 5: only a register or \*address can be assigned to/);
  refused('r1 = x; spin_lock(r1);', /line 5: the lock must be a parameter, not computed/);
});
