import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FakeHost } from '../../../tests/support/fake-host.js';
import { drive, step } from './fixtures/evaluate.js';
import * as plainWork from './fixtures/heap-work.js';
import { HeldModules, type HeldModulesOptions } from './held-modules.js';

const folder = mkdtempSync(join(tmpdir(), 'lull-held-modules-'));
after(() => rmSync(folder, { recursive: true }));

type Functions = Record<string, (...args: unknown[]) => unknown>;
let count = 0;

/** Writes a program of several files and loads the first. */
async function load(files: Record<string, string>, options?: HeldModulesOptions): Promise<Functions> {
  const root = join(folder, `program-${++count}`);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  const entry = join(root, Object.keys(files)[0]!);
  return (await HeldModules.load([entry], options)).exportsOf(entry) as Functions;
}

test('HeldModules, loads .ts and .js, and holds calls from one module to the other', async () => {
  const { run } = await load(
    {
      'entry.ts':
        "import { add2 } from './lib/add.js'; import type { N } from './none.js'; export function run(a: N) { return add2(a); }",
      'lib/add.ts':
        "import * as more from '../more.js'; export const add2 = (a: number): number => more.add(a, 2);",
      'more.js': 'export function add(a, b) { return hold(a + b); }',
    },
    { globals: { hold: step } },
  );
  assert.deepEqual(drive(run!(3)), { result: 5, steps: 1 });
});

test('HeldModules, evaluates an import cycle as CommonJS does', async () => {
  const { run } = await load({
    'a.ts':
      "import { b } from './b.js'; export function a() { return 1; } export function run() { return b(); }",
    'b.ts': "import { a } from './a.js'; export function b() { return a() + 1; }",
  });
  assert.equal(drive(run!()).result, 2);
});

test('HeldModules, gives each module its own import.meta.url', async () => {
  const { run } = await load(
    {
      'entry.ts':
        "import { folder } from './lib/place.js'; export const run = () => [import.meta.url, folder(), hold(1)];",
      'lib/place.ts':
        "const HERE = new URL('.', import.meta.url).href; export function folder() { return HERE; }",
    },
    { globals: { hold: step } },
  );
  const { result, steps } = drive(run!()) as { result: string[]; steps: number };
  assert.equal(steps, 1);
  assert.match(result[0]!, /^file:\/\/.*\/entry\.ts$/);
  assert.equal(result[1], new URL('lib/', result[0]).href);
});

test('HeldModules, gives each set its own modules, and patches only its own', async () => {
  const files = {
    'entry.ts': "import { next } from './counter.js'; export function run(): number { return next(); }",
    'counter.ts':
      'let count = 0;\nexport function next(): number {\n  count = count + 1;\n  return count;\n}',
  };
  const patches = [{ file: 'counter.js', find: 'count + 1;\n return', replace: 'count + 10; return' }];
  const [one, other, patched] = [await load(files), await load(files), await load(files, { patches })];
  assert.deepEqual([one.run!(), one.run!(), other.run!(), patched.run!()], [1, 2, 1, 10]);
});

test('HeldModules, holds what a patch makes hold, in modules that it does not touch', async () => {
  const files = {
    'entry.ts': "import { f } from './f.js'; export function run() { return f(); }",
    'f.ts': 'export function f() { return 1; }',
  };
  const patches = [{ file: 'f.ts', find: 'return 1', replace: 'return hold(1)' }];
  const patched = await load(files, { patches, globals: { hold: step } });
  assert.deepEqual(drive(patched.run!()), { result: 1, steps: 1 });
  assert.equal((await load(files, { globals: { hold: step } })).run!(), 1);
});

test('HeldModules, refuses a patch of a module that nobody imports', async () => {
  const patches = [{ file: 'src/none.ts', find: 'a', replace: 'b' }];
  await assert.rejects(
    load({ 'entry.ts': '' }, { patches }),
    /src\/none\.ts, which is not among the 1 modules/,
  );
});

test('HeldModules, shows held modules the globals it is given', async () => {
  const source = 'export function run(words) { return Atomics.load(words, 0); }';
  const { run } = await load({ 'entry.js': source }, { globals: { Atomics: { load: () => step(8) } } });
  assert.deepEqual(drive(run!(new Int32Array(1))), { result: 8, steps: 1 });
});

test('HeldModules, imports packages and native files as they are', async () => {
  const { same, names } = await load(
    {
      'entry.ts': `
        import assert from 'node:assert/strict'; import { native } from './native.mjs'; import { basename } from 'node:path';
        export const same = () => { assert(true); assert.equal(1, 1); assert.throws(() => { throw new Error(String(native())); }); };
        export const names = () => [native.constructor.name, basename('/a/b')];`,
      'native.mjs': 'export function native() { return unknown(); }\nfunction unknown() {}',
    },
    { isNative: (path) => path.endsWith('.mjs') },
  );
  drive(same!());
  assert.deepEqual(drive(names!()).result, ['Function', 'b']);
});

test('HeldModules, asks for what is not held where it is told whom', async () => {
  const asked: string[] = [];
  const importNative = async (specifier: string) => {
    asked.push(specifier);
    return { default: 1, named: 2 };
  };
  const source =
    "import one, { named } from 'lull/none'; import { named as other } from './native.mjs'; export const run = () => [one, named, other];";
  const isNative = (path: string) => path.endsWith('.mjs');
  const { run } = await load({ 'entry.ts': source, 'native.mjs': '' }, { importNative, isNative });
  assert.deepEqual(drive(run!()).result, [1, 2, 2]);
  assert.equal(asked[0], 'lull/none');
  assert.match(asked[1]!, /^\/.*native\.mjs$/);
});

test('HeldModules, runs callbacks of packages plainly', async () => {
  const { run } = await load({
    'entry.ts': `
      import assert from 'node:assert/strict';
      function fails(call: () => never): never { return call(); }
      export function run() { assert.throws(() => fails(() => { throw new Error('seen'); }), /seen/); return 'thrown'; }`,
  });
  assert.equal(drive(run!()).result, 'thrown');
});

test('HeldModules, names the true file and line in a stack', async () => {
  const { run } = await load({
    'entry.ts': 'type A = 1;\n\nexport function run(): A {\n  throw new Error("here");\n}',
  });
  assert.throws(
    () => drive(run!()),
    (error: Error) => /entry\.ts:4/.test(error.stack ?? ''),
  );
});

test('HeldModules, refuses a generator that cannot be told from held code', async () => {
  const source = 'export class A { *walk() {} }\nexport class B { walk(w) { return w.load(1); } }';
  await assert.rejects(load({ 'entry.js': source }), /entry\.js:1 .*walk is a generator, and also/);
});

test('HeldModules, asks for what arrays need', async () => {
  await assert.rejects(load({ 'entry.js': '' }, { arrays: true }), /\$get and \$set/);
});

test('exportsOf, refuses what was not loaded', async () => {
  const modules = await HeldModules.load([]);
  assert.throws(() => modules.exportsOf('/none.js'), /none\.js, which is not among the 0/);
});

const WORK = fileURLToPath(new URL('./fixtures/heap-work.js', import.meta.url));

/** Does the same work on a held heap and on a plain one; returns how often the held one was held. */
async function compareHeaps(options: HeldModulesOptions): Promise<number> {
  const held = (await HeldModules.load([WORK], options)).exportsOf(WORK) as typeof plainWork;
  const opened = drive(held.openHeap(new FakeHost()));
  const worked = drive(held.workOn(opened.result as Parameters<typeof held.workOn>[0], 2));
  assert.deepEqual(worked.result, plainWork.workOn(plainWork.openHeap(new FakeHost()), 2));
  return opened.steps + worked.steps;
}

test('HeldModules, runs the shipped heap, which never holds over native words', async () => {
  assert.equal(await compareHeaps({}), 0);
});

function isShared(array: ArrayBufferView): boolean {
  return ArrayBuffer.isView(array) && array.buffer instanceof SharedArrayBuffer;
}

type View = ArrayBufferView & Record<number, number>;

test('HeldModules, holds the shipped heap at each access of shared memory', async () => {
  const operations = Object.getOwnPropertyNames(Atomics) as (keyof Atomics)[];
  const heldAtomics = Object.fromEntries(
    operations.map((name) => [
      name,
      function* (...args: unknown[]): Generator<unknown, unknown, unknown> {
        yield name;
        return Reflect.apply(Atomics[name] as () => unknown, Atomics, args);
      },
    ]),
  );
  const atomics = await compareHeaps({ globals: { Atomics: heldAtomics } });
  assert.ok(atomics > 1000, `${atomics} atomic accesses`);
  const globals = {
    Atomics: heldAtomics,
    $get: (view: View, i: number) => (isShared(view) ? step(view[i]) : view[i]),
    $set(view: View, i: number, value: number): unknown {
      view[i] = value;
      return isShared(view) ? step(value) : value;
    },
  };
  const all = await compareHeaps({ globals, arrays: true });
  assert.ok(all > 10 * atomics, `${all} accesses`);
});
