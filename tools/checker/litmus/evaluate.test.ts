import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processOf, runInOrder } from '../../../tests/litmus/in-order.js';

function computed(expression: string): string {
  return runInOrder(processOf(`r1 = ${expression};`)).replace(/^0:r1=([^;]*);.*$/, '$1');
}

test('evaluatePure, computes as C does on 32 bits', () => {
  const expected: Record<string, string> = {
    '1 + 2 * 3 - 4': '3',
    '(1 + 2) * 3': '9',
    '7 / 2 + 7 % 4': '6',
    '-7 / 2': '-3',
    '1 << 3 | 5 & 4 ^ 1': '13',
    '0x7fffffff + 1': '-2147483648',
    '~0 >> 1': '-1',
    '65536 * 65536': '0',
    '!5 + !0': '1',
    '1 < 2 == 3 >= 3 && 2 != 2 || 1 > 0': '1',
    '0 ? 4 : 1 ? 5 : 6': '5',
    '1 / 0': '0',
    '(int)(unsigned long)-1': '-1',
    'NULL == 0': '1',
  };
  for (const [expression, value] of Object.entries(expected))
    assert.equal(computed(expression), value, expression);
});
