import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyPatches, isPatchFor, type Patch, requireAllApplied } from './patches.js';

const file = 'src/threads/turn.ts';

function patched(text: string, find: string, replace: string): string {
  return applyPatches('/dist/src/threads/turn.js', text, [{ file, find, replace }]);
}

test('isPatchFor, takes .ts and .js for the same and whole names only', () => {
  const patch: Patch = { file, find: '', replace: '' };
  assert.ok(isPatchFor(patch, '/work/dist/src/threads/turn.js'));
  assert.ok(isPatchFor({ ...patch, file: 'turn.js' }, '/work/src/threads/turn.ts'));
  assert.ok(!isPatchFor({ ...patch, file: 'turn.ts' }, '/work/src/threads/return.ts'));
  assert.ok(!isPatchFor(patch, '/work/src/threads/turn.test.ts'));
});

test('applyPatches, replaces what it finds', () => {
  assert.equal(patched('a = 1; b = 2;', 'b = 2', '$& = 3'), 'a = 1; $& = 3;');
});

test('applyPatches, is blind to white space and to a last comma', () => {
  assert.equal(patched('if (a)\n    return;', 'if (a) return;', ''), '\n');
  assert.equal(patched('f(a, [b, c])', 'f(\n  a,\n  [\n    b,\n    c,\n  ],\n)', 'g()'), 'g()');
  assert.equal(patched('f(\n  a,\n)', 'f(a)', 'g()'), 'g()\n\n');
  assert.equal(patched('const a = x*y', 'x * y', 'z'), 'const a = z');
});

test('applyPatches, does not run words together', () => {
  assert.throws(() => patched('returnvalue', 'return value', ''), /0 times/);
  assert.throws(() => patched('f(a)', 'f(a, b)', ''), /0 times/);
});

test('applyPatches, keeps the lines that follow where they are', () => {
  const text = patched('one(\n  two,\n);\nthree();', 'one(two)', 'zero()');
  assert.equal(text.split('\n').indexOf('three();'), 3);
});

test('applyPatches, says the file, the text and how often it was found', () => {
  assert.throws(() => patched('a(); a();', 'a()', ''), /src\/threads\/turn\.ts.*"a\(\)" 2 times/);
  assert.throws(() => patched('a();', 'b()', ''), /"b\(\)" 0 times/);
  assert.throws(() => patched('a();', ' ', ''), /0 times/);
});

test('requireAllApplied, refuses a patch of a module that is not loaded', () => {
  const patch = { file, find: 'a', replace: 'b' };
  requireAllApplied([patch], ['/x/src/threads/turn.ts']);
  assert.throws(() => requireAllApplied([patch], ['/x/src/turn.ts']), /not among the 1 modules/);
});
