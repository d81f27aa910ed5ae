import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tally, type TestResult } from './tally.js';

const FILE = '/somewhere/dist/src/a.test.js';

function result(name: string, more: Partial<TestResult> = {}): TestResult {
  return { name, file: FILE, line: 7, details: {}, ...more };
}

test('Tally counts tests and not suites', () => {
  const tally = new Tally();
  tally.pass(result('one'));
  tally.pass(result('suite', { details: { type: 'suite' } }));
  tally.fail(result('two'));
  tally.fail(result('suite', { details: { type: 'suite' } }));
  assert.equal(tally.summary(), '1 passed, 1 failed');
});

test('Tally counts skipped and to-do tests as neither, even where a to-do fails', () => {
  const tally = new Tally();
  tally.pass(result('one', { skip: 'why' }));
  tally.fail(result('two', { todo: true }));
  assert.equal(tally.summary(), '0 passed, 0 failed');
  assert.equal(tally.skipped, 2);
});

test('Tally counts a file that holds no test as failed', () => {
  const tally = new Tally();
  tally.pass(result(FILE));
  assert.equal(tally.summary(), '0 passed, 1 failed');
  assert.match(tally.report(), /failed: dist\/src\/a\.test\.js\n {2}the file holds no test/);
});

test('report() says where and why a test failed, and what its file printed', () => {
  const tally = new Tally();
  const error = new Error('test failed', { cause: new Error('expected 1, got 2') });
  tally.output(FILE, 'a line from the file\n');
  tally.output('/somewhere/dist/src/b.test.js', 'a line from another\n');
  tally.fail(result('two', { details: { error } }));
  const report = tally.report();
  assert.match(report, /failed: dist\/src\/a\.test\.js:7 two\n {2}Error: expected 1, got 2/);
  assert.match(report, /printed by dist\/src\/a\.test\.js\na line from the file$/);
  assert.doesNotMatch(report, /another/);
});

test('report() is empty when nothing failed', () => {
  const tally = new Tally();
  tally.output(FILE, 'a line\n');
  tally.pass(result('one'));
  assert.equal(tally.report(), '');
});

test('slowest() names files with their seconds, the slowest first, six at most', () => {
  const tally = new Tally();
  for (let n = 1; n <= 7; n++) tally.end(`/somewhere/dist/${n}.test.js`, n * 1000);
  assert.match(tally.slowest(), /^dist\/7\.test\.js 7 s, .*dist\/2\.test\.js 2 s$/);
});

test('tables() gives what stands from a line `table: ..` to an empty line, of files that are well, too', () => {
  const tally = new Tally();
  tally.output(FILE, 'noise\ntable: of two\none 1\n');
  tally.output(FILE, 'two 2\n\nnoise\n');
  assert.deepEqual(tally.tables(), ['table: of two\none 1\ntwo 2\n']);
});
