import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outputOf, staleOutputs } from './outputs.js';

test('outputOf() is where the compiler writes', () => {
  assert.equal(outputOf('src/pages/buddy.test.ts'), 'dist/src/pages/buddy.test.js');
});

test('staleOutputs() lists compiled files and declarations whose source is gone, and nothing else', () => {
  const outputs = [
    'dist/src/a.js',
    'dist/src/a.d.ts',
    'dist/src/gone.test.js',
    'dist/src/gone.test.d.ts',
    'dist/tools/dashboard/page.html',
  ];
  assert.deepEqual(staleOutputs(['src/a.ts'], outputs), ['dist/src/gone.test.js', 'dist/src/gone.test.d.ts']);
});
