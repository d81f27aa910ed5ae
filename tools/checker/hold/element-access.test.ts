import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drive, evaluate, heldText, step } from './fixtures/evaluate.js';

type Elements = Record<string | number, unknown>;

const holding = {
  $get: (array: Elements, key: string) => step(array[key]),
  $set: (array: Elements, key: string, value: unknown) => {
    array[key] = value;
    return step('not looked at');
  },
};

const plain = {
  $get: (array: Elements, key: string) => array[key],
  $set: (array: Elements, key: string, value: unknown) => {
    array[key] = value;
    return 'not looked at';
  },
};

function run(source: string): { result: unknown; steps: number } {
  return drive(evaluate(source, holding, true).exports.run!());
}

test('ElementAccess, holds reads and writes once each', () => {
  const source =
    'export function run() { const a = [1, 2]; a[0] = a[1] + 1; return [a[0], a.length, a["1"]]; }';
  assert.deepEqual(run(source), { result: [3, 2, 2], steps: 3 });
});

test('ElementAccess, evaluates array and key of a compound assignment once', () => {
  const source = `
    export function run() {
      const a = [1, 2, 0]; let n = 0; const at = () => n++, of = () => { n += 10; return a; };
      const values = [(of()[at() - 10] += 5), of()[at() - 20]++, n];
      return [...values, a.join(), --a[1], (a[2] ||= 7), (a[2] &&= 8), (a[2] ??= 9), (a[1] **= 2)];
    }`;
  const { result } = run(source);
  const expected = new Function(`${source.replace('export ', '')}; return run();`)() as unknown[];
  assert.deepEqual(result, expected);
});

test('ElementAccess, gives the value of an assignment', () => {
  const source =
    'export function run() { const a = []; let b; b = a[0] = a[1] = 5\n a[2] = 6\n return [b, ...a]; }';
  assert.deepEqual(run(source), { result: [5, 5, 5, 6], steps: 3 });
});

test('ElementAccess, counts as the language does', () => {
  const source =
    'export function run() { const a = [5n, "5"]; return [a[0]++, ++a[0], a[1]++, a[1]--, ...a]; }';
  assert.deepEqual(run(source).result, [5n, 7n, 5, 6, 7n, 5]);
});

test('ElementAccess, leaves alone what is called, deleted or at the head of an optional chain', () => {
  const source = `
    export function run() {
      const o = { a: { f() { return this.n; }, n: 4 } }, k = 'a', f = 'f'; let none;
      const values = [o[k][f](), o?.[k]?.n, none?.[k], none?.b[k], o[k]?.n];
      delete o[k];
      return [...values, Object.keys(o).length];
    }`;
  assert.deepEqual(run(source).result, [4, 4, undefined, undefined, 4, 0]);
});

test('ElementAccess, works plainly where nobody can be held', () => {
  const source = `
    class A { constructor(a) { a[0] += 2; this.b = a[0]++ + a[1]; this.c = a?.[2]; a[3] = 1; } }
    export function run() { const a = [1, 2, 3]; const { b, c } = new A(a); return [b, c, ...a]; }`;
  const { exports } = evaluate(source, plain, true);
  assert.deepEqual(drive(exports.run!()).result, [5, 3, 4, 2, 3, 1]);
  assert.throws(() => run(source), /\$get\(\), called in a constructor/);
});

test('ElementAccess, refuses patterns that assign to elements', () => {
  for (const code of ['[a[0], a[1]] = [1, 2]', '({ x: a[0] } = b)', 'for (a[0] of b);', '[...a[0]] = b']) {
    assert.throws(
      () => heldText(`function f(a, b) {\n ${code} }`, ['$get', '$set'], true),
      /example\.ts:2 .*pattern/,
      code,
    );
  }
  assert.doesNotThrow(() => heldText('function f(a) { [a.b, a["c"]] = [1, a[0]]; }', ['$get', '$set'], true));
});
