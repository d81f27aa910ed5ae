import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsed } from './fixtures/evaluate.js';
import { HeldFunctions } from './held-functions.js';

/** The names of the functions that are held, of modules that are loaded together. */
function heldNames(sources: readonly string[], given: readonly string[] = [], arrays = false): string[] {
  const modules = sources.map((source) => parsed(source).facts);
  const held = new HeldFunctions(modules, new Set(given), arrays);
  const bodies = modules.flatMap((module) => module.bodies.filter((body) => held.isHeld(body)));
  return bodies.flatMap(({ bindings, properties }) => [...bindings, ...properties]).sort();
}

test('HeldFunctions, spreads from operations on memory to all who call', () => {
  const names = heldNames([
    'export function a(words) { return words.load(1); }',
    "import { a } from './a.js'; export function b() { return a(); } export class C { d() { return b(); } e() { return 1; } }",
    'export function f(c) { return c.d(); } export function g(c) { return c.e(); }',
  ]);
  assert.deepEqual(names, ['a', 'b', 'd', 'f']);
});

test('HeldFunctions, ends at functions that call each other and nothing else', () => {
  assert.deepEqual(heldNames(['function a() { return b(); } function b() { return a(); }']), []);
});

test('HeldFunctions, takes names of the language for what they are unless somebody declares them', () => {
  const source = 'function a(m) { return m.get(1) + Math.max(1) + parseInt("1") + m.slice(1); }';
  assert.deepEqual(heldNames([source]), []);
  assert.deepEqual(heldNames([source, 'class B { get(w) { return w.load(1); } }']), ['a', 'get']);
});

test('HeldFunctions, keeps bindings and properties of one name apart', () => {
  assert.deepEqual(
    heldNames([
      'function a(x) { return x; } function b() { return a(1); } const c = { a(w) { w.load(1); } };',
    ]),
    ['a'],
  );
  const properties =
    'class A { queueMicrotask(t) { t(); } } function b() { queueMicrotask(c); } const c = () => 1;';
  assert.deepEqual(heldNames([properties]), ['queueMicrotask']);
});

test('HeldFunctions, takes names that the caller gives for unknown', () => {
  const source = 'function a() { return Atomics.isLockFree(4); }';
  assert.deepEqual(heldNames([source]), []);
  assert.deepEqual(heldNames([source], ['Atomics']), ['a']);
});

test('HeldFunctions, holds loops where an iterator of held code may be', () => {
  const loops =
    'function a(xs) { for (const x of xs) x; } function b() { for (const x of [1]) x; for (const x of Object.keys({})) x; }';
  assert.deepEqual(heldNames([loops]), []);
  assert.deepEqual(heldNames([loops, 'class I { next() { return this.words.load(1); } }']), ['a', 'next']);
});

test('HeldFunctions, holds accesses of elements where that is asked for', () => {
  const source = 'function a(b, i) { return b[i]; } function c(d) { return d["e"] + d.f; }';
  assert.deepEqual(heldNames([source]), []);
  assert.deepEqual(heldNames([source], [], true), ['a']);
});

test('HeldFunctions, never holds what the language or a package is given straight', () => {
  const source =
    "import { test } from 'node:test'; test('a', function b() { c(); }); new Promise(function d(e) { e(); });";
  assert.deepEqual(heldNames([source]), []);
});

test('conflictIn, finds a generator under the name of a held function', () => {
  const generator = parsed('class A { *walk() {} }').facts;
  const other = parsed('class B { walk(w) { return w.load(1); } }').facts;
  assert.equal(new HeldFunctions([generator], new Set(), false).conflictIn(generator), undefined);
  assert.equal(new HeldFunctions([generator, other], new Set(), false).conflictIn(generator)?.name, 'walk');
});

test('decisionsFor, differs where another module makes a call one that holds', () => {
  const caller = parsed('export function a(b) { return b.go(); }').facts;
  const decisions = ['{ go() { return 1; } }', '{ go(w) { return w.load(1); } }'].map((body) => {
    const other = parsed(`class B ${body}`).facts;
    return new HeldFunctions([caller, other], new Set(), false).decisionsFor(caller);
  });
  assert.notEqual(decisions[0], decisions[1]);
});
