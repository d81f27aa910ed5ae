import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tokenize } from './lexer.js';

function texts(source: string): string[] {
  return tokenize(source)
    .slice(0, -1)
    .map(({ text }) => text);
}

test('tokenize, cuts names, numbers and the operators of C and of conditions', () => {
  assert.deepEqual(texts('{} a1 0x1F 7UL /\\ \\/ <> <= >> ~x'), [
    ...['{', '}', 'a1', '0x1F', '7', '/\\', '\\/', '<>', '<=', '>>', '~', 'x'],
  ]);
});

test('tokenize, leaves out comments of every kind between processes', () => {
  assert.deepEqual(texts('{} // one\n/* two\n2 */ a (*three*) b (* four *)'), ['{', '}', 'a', 'b']);
});

test('tokenize, takes (*x in a body for a dereference, and (* with a blank for a comment', () => {
  assert.deepEqual(texts('{} P0() { (*x) (* no *) }'), [
    '{',
    '}',
    'P0',
    '(',
    ')',
    '{',
    '(',
    '*',
    'x',
    ')',
    '}',
  ]);
});

test('tokenize, takes (*x in a condition for a place, though a comment follows', () => {
  assert.deepEqual(texts('{} exists (*x=1) (* end *)'), ['{', '}', 'exists', '(', '*', 'x', '=', '1', ')']);
});

test('tokenize, takes (*x in the initial state for a comment', () => {
  assert.deepEqual(texts('{ (*x*) y=1; }'), ['{', 'y', '=', '1', ';', '}']);
});

test('tokenize, counts comments in comments where they close', () => {
  assert.deepEqual(texts('{ (* a (* b *) c *) y; }'), ['{', 'y', ';', '}']);
  assert.deepEqual(texts('{ (* a (*b c *) y; }'), ['{', 'y', ';', '}']);
});

test('tokenize, counts lines from the one it is given', () => {
  const lines = tokenize('skipped\n{\n/* \n */ x\n}', 8, 2).map(({ line }) => line);
  assert.deepEqual(lines, [2, 4, 5, 5]);
});

test('tokenize, refuses what no token starts with, naming the line', () => {
  assert.throws(() => tokenize('{}\n @'), /line 2: "@" is no part of the language/);
});
