import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programName, READERS, rcuPrograms, rcuText, UPDATERS } from './rcu-programs.js';

test('rcuPrograms, has one of the programs that differ only in names and order', () => {
  const names = rcuPrograms(1, 1).map(programName);
  assert.equal(new Set(names).size, names.length);
  assert.equal(names.includes('XGY (xy)') && names.includes('YGX (yx)'), false);
  assert.equal(names.includes('XGY (xy)') || names.includes('YGX (yx)'), true);
  assert.ok(names.length > 1000, `${names.length}`);
});

test('rcuPrograms, makes grace periods alone, nested sections, two sections and accesses outside', () => {
  for (const updater of ['XGY', 'XGGY', 'xGY', 'XGYGX']) assert.ok(UPDATERS.includes(updater), updater);
  for (const reader of ['(xy)', '((x)y)', '(x(y))', '(x)(y)', 'x(y)', '(x)y', '(Xy)']) {
    assert.ok(READERS.includes(reader), reader);
  }
});

test('rcuText, writes a program out', () => {
  assert.equal(
    rcuText({ updaters: ['XGY'], readers: ['(x)y'] }),
    'C XGY (x)y\n{}\n' +
      'P0(int *x, int *y)\n{\n  WRITE_ONCE(*x, 10);\n  synchronize_rcu();\n  WRITE_ONCE(*y, 12);\n}\n' +
      'P1(int *x, int *y)\n{\n  rcu_read_lock();\n  r1 = READ_ONCE(*x);\n  rcu_read_unlock();\n  r3 = READ_ONCE(*y);\n}\n' +
      'exists (true)\n',
  );
});
