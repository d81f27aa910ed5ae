import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatByteSize, parseByteSize } from './sizes.js';

test('parseByteSize() reads bytes, K, M and G as powers of 1024', () => {
  assert.equal(parseByteSize('65536'), 65_536);
  assert.equal(parseByteSize('64K'), 2 ** 16);
  assert.equal(parseByteSize('64M'), 2 ** 26);
  assert.equal(parseByteSize('1g'), 2 ** 30);
  assert.equal(parseByteSize('1.5G'), 1.5 * 2 ** 30);
  assert.equal(parseByteSize('64 MiB'), 2 ** 26);
  assert.equal(parseByteSize('64MB'), 2 ** 26);
});

for (const text of ['12xyz', '', 'M', '0', '0M', '-1', '1.5', '1e9', '0x10', '64MM', 'NaN', '9'.repeat(20)]) {
  test(`parseByteSize('${text}') throws a RangeError that shows the form`, () => {
    assert.throws(() => parseByteSize(text), { name: 'RangeError', message: /64M or 1G/ });
  });
}

test('formatByteSize() writes the largest fitting unit', () => {
  assert.equal(formatByteSize(1000), '1000 B');
  assert.equal(formatByteSize(2 ** 26), '64 MiB');
  assert.equal(formatByteSize(1.5 * 2 ** 30), '1.5 GiB');
  assert.equal(formatByteSize(2 ** 16), '64 KiB');
});
