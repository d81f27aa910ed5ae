import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alignColumns, line, paint } from './styled-line.js';

test('alignColumns() pads each column to its widest text and leaves no space at the end', () => {
  const rows = [
    ['a', '1', 'x'],
    ['bbb', '1000', ''],
  ];
  assert.deepEqual(alignColumns(rows, ['left', 'right', 'left']), ['a       1  x', 'bbb  1000']);
});

test('paint() adds escape codes only where colours are shown and the line has a tone', () => {
  assert.equal(paint(line('x', 'good'), false), 'x');
  assert.equal(paint(line('x'), true), 'x');
  assert.equal(paint(line('x', 'good'), true), '\x1b[32mx\x1b[39m');
});
