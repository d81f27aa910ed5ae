import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnyNode, parse } from 'acorn';
import { childrenOf, isFunction } from './syntax.js';
import { unheldAs } from './unheld.js';

/** The reason for the first function of a text. */
function reason(text: string): string | undefined {
  const find = (node: AnyNode, above?: AnyNode): { reason: string | undefined } | undefined => {
    if (isFunction(node)) return { reason: unheldAs(node, above) };
    for (const child of childrenOf(node)) {
      const found = find(child, node);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const found = find(parse(text, { ecmaVersion: 'latest' }));
  assert.ok(found, text);
  return found.reason;
}

test('unheldAs, lets ordinary functions and methods be held', () => {
  for (const text of [
    'function a() {}',
    '() => 1',
    'class A { a() {} }',
    '({ a() {} })',
    '({ a: () => 1 })',
  ]) {
    assert.equal(reason(text), undefined, text);
  }
  assert.equal(reason('class A { [Symbol.iterator]() {} }'), undefined);
  assert.equal(reason('class A { [Symbol.dispose]() {} }'), undefined);
});

test('unheldAs, says what everything else is', () => {
  assert.equal(reason('class A { constructor() {} }'), 'a constructor');
  assert.equal(reason('({ get a() { return 1; } })'), 'an accessor');
  assert.equal(reason('class A { set a(b) {} }'), 'an accessor');
  assert.equal(reason('async () => 1'), 'an async function');
  assert.equal(reason('class A { async *a() {} }'), 'an async function');
  assert.equal(reason('class A { *a() {} }'), 'a generator');
  for (const name of ['toString', 'toJSON', '[Symbol.toPrimitive]', '[Symbol.hasInstance]']) {
    assert.equal(reason(`class A { ${name}() {} }`), 'a method that the engine calls', name);
  }
});
