import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { elementOffset, findJsonFault } from './json-scan.js';

const FAULTS: readonly (readonly [text: string, offset: number, what: RegExp])[] = [
  ['', 0, /expected a value, found the end of the text/],
  ['[1,2', 4, /expected ',' or ']', found the end of the text/],
  ['[1,]', 3, /expected a value, found '\]'/],
  ['{"a": }', 6, /expected a value, found '}'/],
  ['{a:1}', 1, /expected a name in double quotes or '}', found 'a'/],
  ['{"a":1,}', 7, /expected a name in double quotes, found '}'/],
  ['{"a" 1}', 5, /expected ':', found '1'/],
  ['[{"a":1}\n{"b":2}]', 9, /expected ',' or ']', found '\{'/],
  ['{"a":1}}', 7, /expected nothing more, found '}'/],
  ['[01]', 2, /expected ',' or ']', found '1'/],
  ['[tru]', 1, /expected a value or '\]', found 't'/],
  ['["a\nb"]', 3, /the end of the line inside a string/],
  ['["a\\xb"]', 3, /an escape that JSON does not have/],
  ['["a\\u12"]', 3, /an escape that JSON does not have/],
  ['["abc', 1, /a string that begins here is never closed/],
  ['[\u00a01]', 1, /expected a value or '\]', found '\u00a0'/],
];

for (const [text, offset, what] of FAULTS) {
  test(`findJsonFault(${JSON.stringify(text)}) points at offset ${offset}`, () => {
    const fault = findJsonFault(text);
    assert.equal(fault?.offset, offset);
    assert.match(fault.what, what);
  });
}

test('findJsonFault() finds no fault in any text that JSON.stringify writes', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
      assert.equal(findJsonFault(JSON.stringify(value, null, indent)), undefined);
    }),
  );
});

test('findJsonFault() finds a fault exactly when JSON.parse refuses the text', () => {
  const broken = fc
    .tuple(
      fc.json(),
      fc.nat(),
      fc.nat(3),
      fc.constantFrom('', ',', '"', '}', '[', '0', '\\', '\n', '-', 'e', ' ', '.'),
    )
    .map(([text, at, gone, put]) => {
      const from = at % (text.length + 1);
      return text.slice(0, from) + put + text.slice(from + gone);
    });
  fc.assert(
    fc.property(broken, (text) => {
      assert.equal(findJsonFault(text) === undefined, parses(text), text);
    }),
    { numRuns: 3000 },
  );
});

test('findJsonFault() needs no call stack for deep nesting', () => {
  const depth = 200_000;
  assert.equal(findJsonFault('['.repeat(depth) + ']'.repeat(depth)), undefined);
});

test('elementOffset() finds elements of the outermost array and counts no inner ones', () => {
  const text = '[ {"a":[1,2]},\n  {"b":{}} , [3,4],\n"five"]';
  assert.deepEqual(
    [0, 1, 2, 3].map((index) => elementOffset(text, index)),
    [text.indexOf('{"a"'), text.indexOf('{"b"'), text.indexOf('[3'), text.indexOf('"five')],
  );
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
