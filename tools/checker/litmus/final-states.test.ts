import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FinalStates } from './final-states.js';
import { parseLitmus } from './parse-litmus.js';
import { ADDRESS_BASE } from './syntax.js';

/** States over 0:r1 and the globals x and y. */
function statesOf(tail: string): FinalStates {
  const text = `C t\n{}\nP0(int *x, int *y, spinlock_t *l) { r1 = *x; spin_lock(l); }\n${tail}`;
  return new FinalStates(parseLitmus(text, 'f'));
}

function note(states: FinalStates, r1: number, x: number, y: number, lock = 0): void {
  const memory = [x, y, lock];
  states.note([{ registers: [0, r1, 0] }], { loadPlain: (index) => memory[index - 100]! }, 100);
}

test('FinalStates, keeps each distinct state once, in order', () => {
  const states = statesOf('exists (0:r1=1)');
  note(states, 1, 0, 0);
  note(states, -1, 0, 0);
  note(states, 1, 0, 0);
  assert.deepEqual(states.lines(), ['0:r1=-1; x=0; y=0;', '0:r1=1; x=0; y=0;']);
  assert.equal(states.size, 2);
});

test('FinalStates, shows addresses as names, and locks only where a condition names them', () => {
  const states = statesOf('exists (l=1)');
  note(states, ADDRESS_BASE + 1, ADDRESS_BASE, 5, 257);
  assert.deepEqual(states.all(), [{ regs: { '0:r1': 'y' }, mem: { x: 'x', y: 5, l: 1 } }]);
  assert.equal(states.observation(), 'Always');
});

test('FinalStates, observes Never, Sometimes and Always, of what passes the filter', () => {
  const never = statesOf('exists (x=7)');
  note(never, 0, 1, 0);
  assert.equal(never.observation(), 'Never');
  const sometimes = statesOf('~exists (x=1)');
  note(sometimes, 0, 1, 0);
  note(sometimes, 0, 2, 0);
  assert.deepEqual([sometimes.observation(), sometimes.positive()], ['Sometimes', 1]);
  const filtered = statesOf('filter (y=0) forall (x=1)');
  note(filtered, 0, 1, 0);
  note(filtered, 0, 2, 3);
  assert.deepEqual([filtered.observation(), filtered.size], ['Always', 1]);
});
