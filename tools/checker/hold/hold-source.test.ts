import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drive, evaluate, heldText, step } from './fixtures/evaluate.js';

/** What held code calls in these tests: holds once, and gives back what it is given. */
const globals = { hold: step };

/** Runs the module's `run`, which must hold `steps` times. */
function run(source: string, steps: number): unknown {
  const { exports, text } = evaluate(source, globals);
  const driven = drive(exports.run!());
  assert.equal(driven.steps, steps, text);
  return driven.result;
}

test('holdSource, holds functions, methods and arrows through every call on the way', () => {
  const source = `
    function inner(a: number): number { return hold(a) + 1; }
    class Middle {
      #factor = 2;
      readonly arrow = (a: number): number => inner(a) * this.#factor;
      static of(a: number): number { return new Middle().#times(a); }
      #times(a: number): number { return this.arrow(a); }
    }
    const object = { method(a: number) { return Middle.of(a); }, of: function (a: number) { return this.method(a); } };
    export function run() { return object.of(hold(3)) + [1].length; }`;
  assert.equal(run(source, 2), 9);
});

test('holdSource, leaves functions alone that call nothing which may hold', () => {
  const source = 'export function twice(a: number[]) { return Math.max(...a.slice(0)) * 2; }';
  assert.match(heldText(source), /function twice\(a\) \{ return Math\.max\(\.\.\.a\.slice\(0\)\) \* 2; \}/);
});

test('holdSource, holds what calls a parameter, a field or an unknown name', () => {
  const source = `
    class Owner { private readonly _task: () => number; constructor(task: () => number) { this._task = task; }
      go() { return this._task(); } }
    function call(task: () => number) { return task(); }
    export function run() { return call(() => hold(1)) + new Owner(() => hold(2)).go() + unknown(); }`;
  const { exports } = evaluate(source, { hold: step, unknown: () => 4 });
  assert.deepEqual(drive(exports.run!()), { result: 7, steps: 2 });
});

test('holdSource, evaluates arguments in order and nested calls once', () => {
  const source = `
    const seen: number[] = [];
    function see(a: number) { seen.push(hold(a)); return a; }
    function sum(a: number, b: number, c: number) { return see(a) * 100 + see(b) * 10 + see(c); }
    export function run() { return [sum(see(1), sum(see(2), see(3), 0), see(4)), ...seen]; }`;
  assert.deepEqual(run(source, 10), [2404, 1, 2, 3, 2, 3, 0, 4, 1, 230, 4]);
});

test('holdSource, keeps every line where it is', () => {
  const source = `import type { A } from './a.js';
export function run(
  a: () => void,
  b = 1,
) {
  for (
    const x
    of
    y(a)
  ) {
    hold(
      x,
    );
  }
  const z = (
    q: number,
  ) =>
    hold(q);
  throw new Error('here');
}`;
  const text = heldText(source, ['hold']);
  assert.equal(text.split('\n').length, source.split('\n').length);
  assert.match(text.split('\n')[18]!, /throw new Error\('here'\)/);
});

test('holdSource, gives errors the file and line of the source', () => {
  const { exports } = evaluate(
    `export function run() {\n  hold(1);\n  hold(2); throw new Error('x'); }`,
    globals,
  );
  assert.throws(
    () => drive(exports.run!()),
    (error: Error) => /\/models\/example\.ts:3/.test(error.stack ?? ''),
  );
});

test('holdSource, gives held arrows the this of where they stand', () => {
  const source = `
    class Owner { a = 5; make() { return (b: number) => () => hold(this.a + b); } }
    export function run() { return new Owner().make()(2)(); }`;
  assert.equal(run(source, 1), 7);
});

test('holdSource, takes arrows of every form', () => {
  const source = `
    const bare = a => hold(a), object = (a) => ({ a: hold(a) }), none = () => hold(1), block = ([a], { b = 2 } = {}) => { return hold(a + b); };
    export function run() { return [bare(1), object(2).a, none(), block([1]), (a /* => */) /* => */ => hold(a)].length; }`;
  assert.equal(run(source, 4), 5);
});

test('holdSource, refuses a held arrow that says arguments', () => {
  const source = 'export function run() {\n return () => hold(arguments[0]); }';
  assert.throws(() => heldText(source, ['hold']), /example\.ts:2 .*may not say arguments/);
});

test('holdSource, runs what cannot be held plainly', () => {
  const source = `
    function plain(): number { return maybe(3); }
    class Owner { a = plain(); b: number; static c = plain(); static { plain(); }
      constructor() { this.b = plain(); } get d() { return plain(); } }
    function fallback(a = plain()) { return a; }
    function* walk() { yield plain(); }
    export async function wait() { return plain(); }
    export const top = plain();
    export function run() { const o = new Owner(); return [o.a, o.b, Owner.c, o.d, fallback(), ...walk()]; }`;
  const { exports } = evaluate(source, { maybe: (a: number) => a });
  assert.deepEqual(drive(exports.run!()).result, [3, 3, 3, 3, 3, 3]);
  assert.equal(exports.top as unknown, 3);
});

test('holdSource, refuses to be held where nobody can be, and says where', () => {
  for (const [code, where] of [
    ['class A { constructor() {\n hold(1); } } export function run() { return new A(); }', 'a constructor'],
    ['class A { get b() {\n return hold(1); } } export function run() { return new A().b; }', 'an accessor'],
    ['class A { b =\n hold(1); } export function run() { return new A(); }', 'a field initialiser'],
    [
      'function f(a =\n hold(1)) { return a; } export function run() { return f(); }',
      'a default parameter value',
    ],
    ['function* f() {\n yield hold(1); } export function run() { return [...f()]; }', 'a generator'],
    ['export function run() { return Array.from([1], () =>\n hold(1)); }', 'a callback of a built-in'],
    [
      'class A { toString() {\n return hold(1); } } export function run() { return new A() + 1; }',
      'a method that the engine calls',
    ],
  ] as const) {
    const { exports } = evaluate(code, globals);
    assert.throws(
      () => drive(exports.run!()),
      (error: Error) =>
        error.message.includes(`hold(), called in ${where} at`) && error.message.includes('example.ts:2'),
      code,
    );
  }
  assert.throws(() => evaluate('hold(1);', globals), /called in the top level of a module/);
});

test('holdSource, runs callbacks of the language plainly, also those that come in a variable', () => {
  const source = `
    class List { items: number[]; constructor(items: number[]) { this.items = items; }
      map(fn: (a: number) => number) { const out = []; for (const a of this.items) out.push(fn(a)); return out; } }
    const touch = (a: number) => maybe(a) + 1;
    export function run() { return [[1, 2].map(touch), [3].map((a) => touch(a)), new List([4]).map((a) => hold(a))]; }`;
  const { exports } = evaluate(source, { ...globals, maybe: (a: number) => a });
  assert.deepEqual(drive(exports.run!()), { result: [[2, 3], [4], [4]], steps: 1 });
  const holding = evaluate(
    'const touch = (a) => hold(a); export function run() {\n return [1].map(touch); }',
    globals,
  );
  assert.throws(() => drive(holding.exports.run!()), /map\(\), called in .*example\.ts:2/);
});

test('holdSource, holds calls in optional chains', () => {
  const source = `
    const o = { f: (a: number) => hold(a), g: () => hold({ h: () => hold({ i: 6 }) }), none: undefined };
    export function run() { return [o?.f(1), o.none?.f(2), o.f?.(3), o?.g().h().i, o.g()?.h()?.i, o.none?.f(hold(9)).i]; }`;
  assert.deepEqual(run(source, 6), [1, undefined, 3, 6, 6, undefined]);
});

test('holdSource, marks loads that nobody looks at', () => {
  const source =
    'export function run(w) { w.load(1); const a = w.load(2)\n w.loadPlain(3)\n w.load(4,); (w.load(5, 6)); (w.load(7)); }';
  const loads: unknown[][] = [];
  const words = {
    load: (...args: unknown[]) => loads.push(args),
    loadPlain: (...args: unknown[]) => loads.push(args),
  };
  drive((evaluate(source).exports.run as (w: unknown) => unknown)(words));
  assert.deepEqual(loads, [[1, true], [2], [3], [4, true], [5, 6], [7, true]]);
  assert.match(
    heldText('function f() { Atomics.load(a, 1); Atomics.load(b); }', ['Atomics']),
    /load\(a, 1, true\).*load\(b\)/,
  );
});

test('holdSource, does without semicolons', () => {
  const source = `
    let a = 0
    function f() { a += hold(1)
      return { g() { return hold(a) } } }
    class A {
      b = 1
      c() { hold(a) }
      static d = 2
      static e() { hold(a) }
    }
    export function run() {
      const b = a
      f().g()
      f()
      let c = b
      f().x = 3
      return a
    }`;
  assert.equal(run(source, 4), 3);
});

test('holdSource, goes through held iterators in for-of, with labels and patterns', () => {
  const source = `
    class Count { at = 0; constructor(to) { this.to = to; }
      next() { return hold(this.at) < this.to ? { done: false, value: [this.at++, 'x'] } : { done: true, value: undefined }; }
      [Symbol.iterator]() { return this; } }
    class Counts { [Symbol.iterator]() { hold(0); return new Count(3); } }
    export function run() {
      const out = [], fns = [];
      for (const [n] of new Counts()) fns.push(() => n);
      outer: for (const [n] of new Count(5)) {
        for (let [m] of new Count(5)) { if (m > n) continue outer; if (n === 3) break outer; out.push(n * 10 + m) }
      }
      let x; for ([x] of new Count(2)) out.push(x)
      const o = {}; for (o.y of [7, 8]) out.push(o.y);
      for (const c of 'ab') out.push(c);
      for (const f of fns) out.push(f());
      return out;
    }`;
  const expected = [0, 10, 11, 20, 21, 22, 0, 1, 7, 8, 'a', 'b', 0, 1, 2];
  const { exports } = evaluate(source, globals);
  const { result, steps } = drive(exports.run!());
  assert.deepEqual(result, expected);
  assert.ok(steps > 15, `${steps} steps`);
  const plain = evaluate(source, { hold: (a: unknown) => a });
  assert.deepEqual(drive(plain.exports.run!()), { result: expected, steps: 0 });
});

test('holdSource, lets the language go through a held iterator that does not hold, and refuses one that does', () => {
  const source = `
    class Count { at = 0;
      next() { return maybe(this.at) < 3 ? { done: false, value: this.at++ } : { done: true, value: undefined }; }
      [Symbol.iterator]() {
        return this; } }
    export function run() { const [a, b] = new Count(); return [a, b, ...new Count(), Array.from(new Count()).length]; }`;
  const plain = evaluate(source, { maybe: (a: number) => a });
  assert.deepEqual(drive(plain.exports.run!()).result, [0, 1, 0, 1, 2, 3]);
  const holding = evaluate(source, { maybe: step });
  assert.throws(() => drive(holding.exports.run!()), /goes through .*example\.ts:4 touches shared memory/);
});

test('holdSource, holds super calls, spread calls, call and apply', () => {
  const source = `
    class A { f(...n) { return hold(n.length); } }
    class B extends A { f(...n) { return super.f(...n) + 1; } }
    export function run() { const b = new B(); return b.f(...[1, 2]) + b.f.call(b, 1) + b.f.apply(b, [1, 2, 3]); }`;
  assert.equal(run(source, 3), 9);
});

/** Locks as Lull has them: a base class, options at the end, an observer of plain functions, guards. */
const LOCKS = `
  const UNOBSERVED = { lockAcquire() {}, lockRelease() {} };
  abstract class Base {
    protected readonly _observer: typeof UNOBSERVED;
    private readonly _limit: number;
    constructor(observer = UNOBSERVED, limit?: number) { this._observer = observer; this._limit = limit ?? 7; }
    acquire(how = 0, nest?: number): Guard {
      this._observer.lockAcquire(this, how, nest);
      for (let spin = 0; !this.tryTake(); spin++) if (spin > this._limit) throw new Error('too long');
      return new Guard(this);
    }
    release(): void { this._observer.lockRelease(this); hold('release'); }
    abstract tryTake(): boolean;
    toString() { return 'base'; }
  }
  class Lock extends Base {
    private readonly _name: string;
    constructor(name: string, observer?: typeof UNOBSERVED) { super(observer); this._name = name; }
    override acquire(how?: number, nest?: number): Guard { hold('before'); return super.acquire(how, nest); }
    override release(): void { try { hold('last'); } finally { super.release(); } }
    tryTake(): boolean { return hold(true); }
    override toString() { return super.toString() + this._name; }
  }
  class Nested extends Lock {
    override acquire(): Guard { return super.acquire(1); }
    static of(name: string, observer?: typeof UNOBSERVED) { return new this(name, observer); }
  }
  class Guard {
    private readonly _lock: Base;
    constructor(lock: Base) { this._lock = lock; }
    release(): void { this._lock.release(); }
    [Symbol.dispose](): void { this.release(); }
  }`;

test('holdSource, holds methods through two super calls, in classes with options at the end', () => {
  const source = `${LOCKS}
    export function run() { const lock = Nested.of('n'); lock.acquire(); lock.release(); return String(lock); }`;
  assert.equal(run(source, 4), 'basen');
});

test('holdSource, tells an observer whose functions are plain, without holding for it', () => {
  const seen: unknown[][] = [];
  const observer = {
    lockAcquire: (lock: unknown, ...how: unknown[]) => void seen.push(['acquire', String(lock), ...how]),
    lockRelease: (lock: unknown) => void seen.push(['release', String(lock)]),
  };
  const source = `${LOCKS}
    export function run() {
      const lock = new Lock('l', observer);
      lock.acquire(2, 5).release();
      new Nested('n', observer).acquire().release();
    }`;
  const { exports, text } = evaluate(source, { ...globals, observer });
  assert.equal(drive(exports.run!()).steps, 8);
  assert.deepEqual(seen, [
    ['acquire', 'basel', 2, 5],
    ['release', 'basel'],
    ['acquire', 'basen', 1, undefined],
    ['release', 'basen'],
  ]);
  assert.match(text, /\n +this\._observer\.lockAcquire\(this, how, nest\);/, 'it is called as it stands');
});

test('holdSource, holds in an observer that is held itself', () => {
  const source = `${LOCKS}
    const counter = { lockAcquire() { hold('acquired'); }, lockRelease() {} };
    export function run() { new Lock('l', counter).acquire(); return new Lock('m').acquire() instanceof Guard; }`;
  assert.equal(run(source, 5), true);
});

test('holdSource, holds what disposes, where held code calls it', () => {
  const source = `${LOCKS}
    export function run() {
      const guard = new Lock('l').acquire();
      try { return hold(5); } finally { guard[Symbol.dispose](); }
    }`;
  assert.equal(run(source, 5), 5);
});

test('holdSource, refuses a declaration that the engine disposes of', () => {
  const source = `${LOCKS}\nexport function run() {\n using guard = new Lock('l').acquire();\n return guard; }`;
  assert.throws(() => heldText(source, ['hold']), /disposes of what using declares.*in a finally/);
});

test('holdSource, keeps the parentheses of what is called', () => {
  const source = `
    const none = null, o = { f: hold }, top = (function (a) { return a; })(1);
    export function run() { return [top, (none ?? hold)(2), ((hold))(3), (o.f)(4), (o?.f)(5), (() => hold(6))()]; }`;
  assert.deepEqual(run(source, 5), [1, 2, 3, 4, 5, 6]);
});

test('holdSource, refuses names of its own', () => {
  assert.throws(() => heldText('let $t = 1; use($t);'), /the name \$t is the checker's own/);
});
