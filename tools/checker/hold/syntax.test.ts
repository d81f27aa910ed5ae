import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnyNode, parse } from 'acorn';
import {
  boundNames,
  calleeOf,
  childrenOf,
  isNoFunction,
  keyName,
  lineAt,
  mentions,
  ownOfFunction,
} from './syntax.js';

function expression(text: string): AnyNode {
  const [statement] = parse(text, { ecmaVersion: 'latest' }).body;
  assert.ok(statement?.type === 'ExpressionStatement');
  return statement.expression;
}

function callee(text: string): unknown[] {
  const call = expression(text);
  assert.ok(call.type === 'CallExpression');
  const { name, isProperty, root } = calleeOf(call, call.callee, new Set(['_m']));
  return [name, isProperty, root];
}

test('childrenOf, gives each node once and in the order of the text', () => {
  const [choice] = parse('switch (a) { case b: c; d; }', { ecmaVersion: 'latest' }).body;
  assert.ok(choice?.type === 'SwitchStatement');
  const starts = childrenOf(choice.cases[0]!).map(({ start }) => start);
  assert.deepEqual(starts, [18, 21, 24]);
  const [property] = childrenOf(expression('({ a })'));
  assert.equal(childrenOf(property!).length, 1);
});

test('calleeOf, tells bindings, properties and what is imported apart', () => {
  assert.deepEqual(callee('f()'), ['f', false, 'f']);
  assert.deepEqual(callee('a.b.f()'), ['f', true, 'a']);
  assert.deepEqual(callee('this.f()'), ['f', true, undefined]);
  assert.deepEqual(callee('_m.f()'), ['f', false, '_m']);
  assert.deepEqual(callee('_m.f.call(void 0, 1)'), ['f', false, '_m']);
  assert.deepEqual(callee('(0, _m.f)(1)'), ['f', false, '_m']);
  assert.deepEqual(callee('a.f.call(b)'), ['call', true, 'a']);
  assert.deepEqual(callee('a[i]()'), [undefined, true, 'a']);
  assert.deepEqual(callee('a["f"]()'), ['f', true, 'a']);
  assert.deepEqual(callee('a[Symbol.iterator]()'), ['@@iterator', true, 'a']);
  assert.deepEqual(callee('f()()'), [undefined, false, undefined]);
});

test('keyName, names what is not computed', () => {
  const member = expression('a[b]');
  assert.ok(member.type === 'MemberExpression');
  assert.equal(keyName(member.property, true), undefined);
  assert.equal(keyName(member.property, false), 'b');
});

test('boundNames, finds every name of a pattern', () => {
  const assignment = expression('({ a, b: [c, , d = 1], ...e } = f)');
  assert.ok(assignment.type === 'AssignmentExpression');
  assert.deepEqual(boundNames(assignment.left), ['a', 'c', 'd', 'e']);
});

test('isNoFunction, is false for what may be one unseen', () => {
  for (const text of ['1', '`a`', '[f]', 'a + b', '!a', '(() => 1)', 'new A()']) {
    assert.ok(isNoFunction(expression(text)), text);
  }
  for (const text of ['f', 'a.f', 'f()', 'a ? f : g', 'a ?? f'])
    assert.ok(!isNoFunction(expression(text)), text);
});

test('lineAt, counts from one', () => {
  assert.deepEqual(
    [0, 1, 2, 3].map((offset) => lineAt('a\nb\n', offset)),
    [1, 1, 2, 2],
  );
});

test('ownOfFunction, finds what an arrow takes from the function round it, also through further arrows', () => {
  const found = (text: string): string | undefined => ownOfFunction(expression(text))?.type;
  assert.equal(found('() => () => arguments[0]'), 'Identifier');
  assert.equal(found('({ a() { return () => super.a(); } })'), undefined);
  assert.equal(found('() => function () { return [arguments, new.target]; }'), undefined);
});

test('mentions, looks into arrows but into no function with a this of its own', () => {
  assert.ok(mentions(expression('() => () => this.a'), 'ThisExpression'));
  assert.ok(!mentions(expression('() => function () { return this; }'), 'ThisExpression'));
});
