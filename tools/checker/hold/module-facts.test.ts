import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsed } from './fixtures/evaluate.js';
import type { Body } from './module-facts.js';

function bodyNamed(source: string, name: string): Body {
  const { bodies } = parsed(source).facts;
  const body = bodies.find(({ bindings, properties }) => [...bindings, ...properties].includes(name));
  assert.ok(body, `no body is called ${name}`);
  return body;
}

test('readFacts, names functions by whatever they are declared as', () => {
  const { bodies } = parsed(`
    function a() {} const b = () => 1; let c; c = function d() {};
    class E { f() {} static g() {} #h() {} i = () => 2; get j() { return 1; } [Symbol.iterator]() {} }
    const k = { l() {}, m: () => 3, get n() { return 1; } }; k.o = () => 4; export default () => 5;
  `).facts;
  const names = (key: 'bindings' | 'properties') => bodies.flatMap((body) => body[key]).sort();
  assert.deepEqual(names('bindings'), ['a', 'b', 'c', 'd', 'default']);
  assert.deepEqual(names('properties'), ['#h', '@@iterator', 'f', 'g', 'i', 'l', 'm', 'o']);
});

test('readFacts, notes names that are given what may be a function', () => {
  const { openBindings, openProperties } = parsed(`
    function f(a, { b }, ...c) { let d = a; const e = 1; const g = () => 1; for (const h of c) h(); return { i: d, j: 1, e, k() {} }; }
    class L { m = f; n = 1; constructor(o) { this.p = o; this.q = 2; } }
    export { f as r };
  `).facts;
  assert.deepEqual([...openBindings].sort(), ['a', 'b', 'c', 'd', 'h', 'o', 'r']);
  assert.deepEqual([...openProperties].sort(), ['e', 'i', 'm', 'p']);
});

test('readFacts, puts each call into the body that runs it', () => {
  const source = 'function f(a = g()) { h(); return () => i(); } class A { b = j(); static { k(); } } l();';
  const { bodies } = parsed(source).facts;
  const calls = bodies
    .filter((body) => body.calls.length > 0)
    .map(({ calls, unheld }) => `${calls.map(({ name }) => name)} ${unheld ?? 'held'}`);
  assert.deepEqual(calls.sort(), [
    'g a default parameter value',
    'h held',
    'i held',
    'j a field initialiser',
    'k a static block',
    'l the top level of a module',
  ]);
});

test('readFacts, knows why a function cannot be held', () => {
  const source =
    'class A { constructor() {} async a() {} *b() {} toString() {} [Symbol.toPrimitive]() {} c() {} }';
  const unheld = ['a', 'b', 'toString', '@@toPrimitive', 'c'].map((name) => bodyNamed(source, name).unheld);
  const engine = 'a method that the engine calls';
  assert.deepEqual(unheld, ['an async function', 'a generator', engine, engine, undefined]);
});

test('readFacts, follows imports to the names they are used by', () => {
  const { imports, specifiers, callOf } = parsed(`
    import assert from 'node:assert/strict'; import { a } from './a.js'; import * as all from './b.js'; import type { T } from './t.js';
    assert.equal(a(), all.b()); export { c } from './c.js';
  `).facts;
  assert.deepEqual([...specifiers], ['node:assert/strict', './a.js', './b.js', './c.js']);
  assert.equal(imports.get('all'), './b.js');
  const called = [...callOf.values()].filter(({ name }) => ['equal', 'a', 'b'].includes(name ?? ''));
  assert.deepEqual(
    called.map(({ name, isProperty, isOfPackage }) => [name, isProperty, isOfPackage]),
    [
      ['equal', true, true],
      ['a', false, false],
      ['b', false, false],
    ],
  );
});
