import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Enumerated, enumerateFinals } from './enumerate-finals.js';
import { parseLitmus } from './parse-litmus.js';

function enumerate(...bodies: string[]): Enumerated {
  const parameters = bodies.join('').includes('(l)') ? 'int *x, int *y, spinlock_t *l' : 'int *x, int *y';
  const processes = bodies.map((body, i) => `P${i}(${parameters}) { ${body} }\n`);
  return enumerateFinals(parseLitmus(`C t\n{ x=0; y=0; }\n${processes.join('')}`, 't'));
}

const lines = (...bodies: string[]): string[] => enumerate(...bodies).finals.lines();

test('enumerateFinals, finds the sequentially consistent outcomes of store buffering', () => {
  const found = lines('*x = 1; r1 = *y;', '*y = 1; r1 = *x;');
  assert.deepEqual(found, [
    '0:r1=0; 1:r1=1; x=1; y=1;',
    '0:r1=1; 1:r1=0; x=1; y=1;',
    '0:r1=1; 1:r1=1; x=1; y=1;',
  ]);
});

test('enumerateFinals, lets a grace period wait for the sections that are open, and for no other', () => {
  const updater = '*x = 1; synchronize_rcu(); *y = 1;';
  const inOne = lines(updater, 'rcu_read_lock(); r1 = *x; r2 = *y; rcu_read_unlock();');
  const inTwo = lines(
    updater,
    'rcu_read_lock(); r1 = *x; rcu_read_unlock(); rcu_read_lock(); r2 = *y; rcu_read_unlock();',
  );
  const torn = '1:r1=0; 1:r2=1; x=1; y=1;';
  assert.deepEqual([inOne.length, inOne.includes(torn)], [3, false]);
  assert.deepEqual([inTwo.length, inTwo.includes(torn)], [4, true]);
});

test('enumerateFinals, is stuck where a grace period waits for itself, and where locks are taken crosswise', () => {
  assert.equal(enumerate('rcu_read_lock(); synchronize_rcu(); rcu_read_unlock();').isStuck, true);
  assert.equal(enumerate('spin_lock(l); spin_lock(l);').isStuck, true);
  assert.equal(enumerate('spin_lock(l); spin_unlock(l);', 'spin_lock(l); spin_unlock(l);').isStuck, false);
});

test('enumerateFinals, exchanges, compares, adds and branches as C does', () => {
  const body =
    'r1 = xchg(x, 5); r2 = cmpxchg(x, 5, 6); r3 = cmpxchg(x, 5, 7); r4 = atomic_add_unless(x, 2, 6);';
  assert.deepEqual(lines(`${body} if (r4) *y = 1; else *y = 2;`), [
    '0:r1=0; 0:r2=5; 0:r3=6; 0:r4=0; x=6; y=2;',
  ]);
});
