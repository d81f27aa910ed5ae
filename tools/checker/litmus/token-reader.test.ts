import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tokenize } from './lexer.js';
import { TokenReader } from './token-reader.js';

const readerOf = (text: string): TokenReader => new TokenReader(tokenize(text));

test('TokenReader, accepts what is there and leaves the rest', () => {
  const reader = readerOf('a b');
  assert.equal(reader.accept('b'), false);
  assert.equal(reader.accept('a'), true);
  assert.equal(reader.expectName('a word'), 'b');
  assert.equal(reader.isKind('end'), true);
});

test('TokenReader, never goes past the end', () => {
  const reader = readerOf('');
  assert.equal(reader.peek(5).kind, 'end');
  assert.equal(reader.is('the end of the file'), false);
});

test('TokenReader, reads integers as 32 bits', () => {
  assert.equal(readerOf('-5').expectInteger('a value'), -5);
  assert.equal(readerOf('0xffffffff').expectInteger('a value'), -1);
});

test('TokenReader, says what it expected, what it found and where', () => {
  assert.throws(() => readerOf('\n\n x').expect(';'), /line 3: expected ; and found x/);
  assert.throws(() => readerOf(';').expectInteger('a value'), /line 1: expected a value and found ;/);
});
