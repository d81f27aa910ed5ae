import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds, parseCondition, placesOf } from './conditions.js';
import { Globals } from './globals.js';
import { tokenize } from './lexer.js';
import { ADDRESS_BASE, type Condition, type Place } from './syntax.js';
import { TokenReader } from './token-reader.js';

/** Reads a condition over globals x, y and z, which are cells 0, 1 and 2. */
function conditionOf(text: string): Condition {
  const reader = new TokenReader(tokenize(text));
  const globals = new Globals();
  for (const name of ['x', 'y', 'z']) globals.cellOf(name, reader);
  return parseCondition(reader, globals);
}

/** Whether it holds where x = 1, y points to x, z = -3, 0:r1 = 1 and 1:r2 = 2. */
function isTrue(text: string): boolean {
  const cells = [1, ADDRESS_BASE, -3];
  const at = (place: Place): number => (place.kind === 'cell' ? cells[place.cell]! : place.process + 1);
  return holds(conditionOf(text), at);
}

test('holds, compares registers, globals, numbers and addresses', () => {
  const true_ = [
    '0:r1=1',
    '1:r2=2',
    'P0:r1==1',
    'x=1',
    '[x]=1',
    '*x=1',
    'y=x',
    'y=&x',
    'z=-3',
    'x<>2',
    'x!=0',
    '0:r1=0:r1',
    '~0:r1=1:r2',
  ];
  for (const text of true_) assert.equal(isTrue(text), true, text);
  for (const text of ['x=2', 'y=1', 'y=z', '0:r1=1:r2', 'x<>1']) assert.equal(isTrue(text), false, text);
});

test('parseCondition, binds not, and, or, implies in this order', () => {
  assert.equal(isTrue('x=1 \\/ x=2 /\\ x=3'), true);
  assert.equal(isTrue('(x=1 \\/ x=2) /\\ x=3'), false);
  assert.equal(isTrue('~x=1 /\\ x=2 \\/ x=1'), true);
  assert.equal(isTrue('not (x=1 /\\ x=2)'), true);
  assert.equal(isTrue('x=1 && z=-3 || false'), true);
  assert.equal(isTrue('x=2 => false'), true);
  assert.equal(isTrue('x=1 => false'), false);
});

test('placesOf, names every place', () => {
  const places = placesOf(conditionOf('x=1 /\\ ~(0:r1=1:r2 \\/ true)'));
  assert.deepEqual(places, [
    { kind: 'cell', cell: 0 },
    { kind: 'register', process: 0, name: 'r1' },
    { kind: 'register', process: 1, name: 'r2' },
  ]);
});
