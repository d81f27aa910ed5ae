import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { partsOf } from '../../tests/support/stage.js';
import { thrownReport, ValidatedHeap } from '../../tests/support/validated-heap.js';
import { LockOrderError, type LockReport } from '../lockdep/report.js';
import { GFP_NOWAIT } from '../pages/gfp.js';
import { Heap } from '../shared-heap.js';
import { TINY } from './heap-options.js';
import { resolveValidate, type ValidateOptions } from './validation.js';

/** Two mutexes taken in both orders, one after the other. */
function takeBothOrders(heap: Heap, one = 'a', other = 'b'): void {
  for (const [outer, inner] of [
    [one, other],
    [other, one],
  ] as const) {
    const held = heap.mutex(outer).lockSync();
    try {
      heap.mutex(inner).lockSync().release();
    } finally {
      held.release();
    }
  }
}

/** Runs `fn` and returns what was printed as errors meanwhile. */
function printed(t: TestContext, fn: () => void): string[] {
  const lines: string[] = [];
  const mock = t.mock.method(console, 'error', (line: string) => void lines.push(line));
  fn();
  mock.mock.restore();
  return lines;
}

test('resolveValidate, takes the option before the variable, and of the variable 1 and throw', () => {
  const host = new FakeHost();
  const resolved = (variable: string | undefined, option?: boolean | ValidateOptions) => {
    if (variable === undefined) host.variables.delete('LULL_VALIDATE');
    else host.variables.set('LULL_VALIDATE', variable);
    return resolveValidate(option, host);
  };
  assert.equal(resolved(undefined), undefined);
  assert.equal(resolved(''), undefined);
  assert.equal(resolved('0'), undefined);
  assert.deepEqual(resolved('1'), {});
  assert.deepEqual(resolved('throw'), { onReport: 'throw' });
  assert.equal(resolved('throw', false), undefined);
  assert.deepEqual(resolved('throw', true), {});
  assert.deepEqual(resolved('0', { longestTurnMillis: 3 }), { longestTurnMillis: 3 });
});

test('resolveValidate, refuses what cannot be an option', () => {
  const wrong: [unknown, RegExp][] = [
    [{ onReport: 'thrown' }, /onReport: thrown; it is 'throw' or a function of a report/],
    [{ onReport: 1 }, /onReport/],
    [{ longestTurnMillis: -1 }, /longestTurnMillis: -1; it is a number of milliseconds, 0 or more/],
    [{ longestTurnMillis: Number.NaN }, /longestTurnMillis/],
    [{ longestTurnMillis: '3' }, /longestTurnMillis/],
    [
      'throw',
      /validate: 'throw'; it is true, false, or an object with onReport \('throw' or a function of a report\)/,
    ],
    [null, /validate: null; it is true, false, or an object/],
    [1, /validate: 1; it is/],
  ];
  for (const [option, message] of wrong) {
    assert.throws(() => Heap.create({ ...TINY, validate: option as ValidateOptions }), message);
  }
  assert.throws(() => resolveValidate('throw' as ValidateOptions, new FakeHost()), TypeError);
});

test('LULL_VALIDATE, with a value that says nothing is refused, unless the option goes before it', (t) => {
  const host = new FakeHost();
  for (const value of ['true', 'yes', ' 1', 'THROW']) {
    host.variables.set('LULL_VALIDATE', value);
    const said = new RegExp(
      `LULL_VALIDATE=${value} in the environment; it is 1 to print reports, throw to throw`,
    );
    assert.throws(() => Heap.create({ ...TINY, pages: 32 }, { host }), said);
  }
  const plain = Heap.create({ ...TINY, pages: 32, validate: false }, { host });
  t.after(() => plain.detach());
  assert.equal(plain.handle.validation, undefined);
});

test('LULL_VALIDATE, makes heaps validate in the thread that has it', (t) => {
  const host = new FakeHost();
  host.variables.set('LULL_VALIDATE', 'throw');
  const heap = Heap.create({ ...TINY, pages: 32 }, { host });
  t.after(() => heap.detach());
  assert.throws(() => takeBothOrders(heap), LockOrderError);
  const plain = Heap.create({ ...TINY, pages: 32, validate: false }, { host });
  t.after(() => plain.detach());
  takeBothOrders(plain);
  assert.equal(partsOf(plain).fittings.validator, undefined);
  assert.equal(plain.handle.validation, undefined);
});

test('validate, prints reports unless told otherwise, each once', (t) => {
  const heap = Heap.create({ ...TINY, pages: 32, validate: true }, { host: new FakeHost() });
  t.after(() => heap.detach());
  const lines = printed(t, () => {
    takeBothOrders(heap);
    takeBothOrders(heap);
  });
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^possible deadlock: thread main \(slot 0\) takes mutex a while it holds mutex b/);
});

test("onReport: 'throw', throws LockOrderError with the report, once, and the lock is free", (t) => {
  const { heap } = new ValidatedHeap(t, { validate: { onReport: 'throw' } });
  const { kind, key, message } = thrownReport(() => takeBothOrders(heap));
  assert.equal(kind, 'inversion');
  assert.equal(key, 'inversion: mutex b > mutex a');
  assert.match(message, /the order seen before/);
  const error = new LockOrderError({ kind, key, message });
  assert.ok(error instanceof Error);
  assert.equal(error.name, 'LockOrderError');
  assert.equal(error.message, message);
  heap.mutex('a').tryLock()!.release();
  heap.mutex('b').tryLock()!.release();
  takeBothOrders(heap);
  assert.throws(() => takeBothOrders(heap, 'c', 'd'), LockOrderError);
});

test("onReport: 'throw', leaves everything as it was: lockSync, tryLock, lock, kmalloc", async (t) => {
  const { heap } = new ValidatedHeap(t, { validate: { onReport: 'throw' } });
  const raw = heap.lockClass('raw', { wait: 'spin' });
  const [a, b, c] = ['a', 'b', 'c'].map((name) => heap.mutex(name)) as [
    ReturnType<Heap['mutex']>,
    ReturnType<Heap['mutex']>,
    ReturnType<Heap['mutex']>,
  ];
  raw.acquired();
  assert.equal(thrownReport(() => a.lockSync()).kind, 'wait-context');
  await assert.rejects(async () => b.lock(), LockOrderError);
  const unreachable = heap.balance().unreachable.length;
  for (const bytes of [24, 2000, 20_000]) {
    for (const gfp of [undefined, GFP_NOWAIT]) {
      for (let tries = 0; ; tries++) {
        assert.ok(tries < 10);
        try {
          heap.kfree(heap.kmalloc(bytes, gfp));
          break;
        } catch (error) {
          assert.ok(error instanceof LockOrderError);
        }
      }
    }
  }
  // A trylock waits for nobody.
  c.tryLock()!.release();
  raw.released();
  assert.equal(heap.balance().unreachable.length, unreachable);
  assert.deepEqual(heap.balance().problems, []);
  for (const mutex of [a, b, c]) mutex.tryLock()!.release();
  for (const mutex of [a, b, c]) mutex.lockSync().release();
});

test('onReport, that throws by itself acts as a report that is thrown', (t) => {
  const mistake = new Error('mine');
  const onReport = () => {
    throw mistake;
  };
  const { heap } = new ValidatedHeap(t, { validate: { onReport } });
  assert.throws(() => takeBothOrders(heap), mistake);
  heap.mutex('a').tryLock()!.release();
});

test('onReport, is called once for a problem that several threads have', (t) => {
  const stage = new ValidatedHeap(t);
  const other = stage.attach('other');
  takeBothOrders(stage.heap);
  takeBothOrders(other);
  takeBothOrders(stage.attach('third'));
  assert.deepEqual(stage.take(), ['inversion: mutex b > mutex a']);
});

test('onReport, may use the heap', (t) => {
  const seen: string[] = [];
  const stage = new ValidatedHeap(t, {
    validate: {
      onReport: ({ key }: LockReport) => {
        seen.push(key);
        stage.heap.kfree(stage.heap.kmalloc(24));
        stage.heap.map<string, string>('log').set(key, 'seen');
      },
    },
  });
  takeBothOrders(stage.heap);
  assert.deepEqual(seen, ['inversion: mutex b > mutex a']);
  assert.equal(stage.heap.map('log').get(seen[0]!), 'seen');
});

test('validate, reports orders that two threads have between them, and names both with their stacks', (t) => {
  const stage = new ValidatedHeap(t);
  const other = stage.attach('other');
  const first = (heap: Heap) => {
    const held = heap.mutex('a').lockSync();
    heap.mutex('b').lockSync().release();
    held.release();
  };
  const second = (heap: Heap) => {
    const held = heap.mutex('b').lockSync();
    heap.mutex('a').lockSync().release();
    held.release();
  };
  first(stage.heap);
  assert.deepEqual(stage.take(), []);
  second(other);
  const { message } = stage.takeOne();
  assert.match(message, /thread other \(slot 1\) takes mutex a while it holds mutex b/);
  assert.match(message, /by thread main \(slot 0\)/);
  assert.match(message, /at first /);
  assert.match(message, /at second /);
  assert.match(message, /unlucky timing/);
  assert.doesNotMatch(message, /src\/(locks|lockdep|heap)\/(?!validation\.test)/);
});

test('a validator whose journal is full, says so once in each thread, and the program goes on', (t) => {
  const stage = new ValidatedHeap(t, { heap: { bytes: 32 * 2 ** 20 } });
  const other = stage.attach('other');
  for (let i = 0; i < 10_000; i++) {
    const lock = stage.heap.lockClass(`class ${i}`);
    lock.acquired();
    lock.released();
  }
  const off = stage.reports.splice(0);
  assert.deepEqual(
    off.map(({ kind }) => kind),
    ['off'],
  );
  assert.match(
    off[0]!.message,
    /the validator of thread main \(slot 0\) is off from now on: (its journal is full|there are more than \d+ classes of locks); make fewer classes/,
  );
  takeBothOrders(stage.heap);
  const p = stage.heap.kmalloc(24);
  stage.heap.words.store(p, p);
  const q = stage.heap.words.dereference(p);
  stage.heap.quiesce();
  assert.equal(stage.heap.words.load(q), p);
  assert.deepEqual(stage.take(), []);
  takeBothOrders(other);
  takeBothOrders(other);
  assert.deepEqual(stage.take(), ['off']);
  stage.heap.kfree(p);
  assert.deepEqual(stage.heap.balance().problems, []);
});

test("a validator that turns off, prints it where reports are thrown: it is nobody's mistake", (t) => {
  const { heap } = new ValidatedHeap(t, { validate: { onReport: 'throw' } });
  const lines = printed(t, () => {
    for (let i = 0; i < 10_000; i++) {
      const lock = heap.lockClass(`class ${i}`);
      lock.acquired();
      lock.released();
    }
  });
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /is off from now on/);
});

test('attach(), takes a handle of a validating heap that went through postMessage, and says where reports go', (t) => {
  const stage = new ValidatedHeap(t);
  const { buffer, validation } = stage.heap.handle;
  const handle = structuredClone({ ...stage.heap.handle, buffer: undefined, validation: undefined });
  const sent = { ...handle, buffer, validation: { ...validation! } };
  const heap = Heap.attach(
    sent,
    { name: 'quiet', validate: { onReport: 'throw' } },
    { host: new FakeHost() },
  );
  t.after(() => heap.detach());
  assert.throws(() => takeBothOrders(heap), LockOrderError);
  takeBothOrders(stage.heap);
  assert.deepEqual(stage.take(), []);
});

test('attach(), refuses a handle with another journal before it takes a slot', (t) => {
  const stage = new ValidatedHeap(t);
  const { handle } = stage.heap;
  const threads = () => stage.heap.stats().threads.length;
  const before = threads();
  for (const journal of [
    new SharedArrayBuffer(4096),
    new SharedArrayBuffer(8),
    new ArrayBuffer(4096),
    undefined,
  ]) {
    const wrong = { ...handle, validation: { ...handle.validation!, journal: journal as SharedArrayBuffer } };
    assert.throws(() => Heap.attach(wrong, {}, { host: new FakeHost() }), {
      name: 'AttachError',
      code: 'handle',
      message: /validation\.journal is no lock journal of a heap; pass heap\.handle as it is/,
    });
    assert.equal(threads(), before);
  }
});

test('lock(), inside turn(fn) whose end does not wait for it is not reported, and lockSync() is', (t) => {
  const stage = new ValidatedHeap(t);
  const { heap } = stage;
  const mutex = heap.mutex('m');
  let locked: Promise<{ release(): void }> | undefined;
  heap.turn(() => {
    locked = mutex.lock();
  });
  assert.deepEqual(stage.take(), []);
  heap.turn(() => {
    heap.mutex('other').lockSync().release();
  });
  assert.deepEqual(stage.take(), ['wait-context: rcu read section > mutex other']);
  return locked!.then((guard) => guard.release());
});

test('lock(), that had to wait is shown where it was called, not where it was granted', async (t) => {
  const reports: LockReport[] = [];
  const heap = Heap.create({ ...TINY, pages: 32, validate: { onReport: (report) => reports.push(report) } });
  t.after(() => heap.detach());
  const mutex = heap.mutex('m');
  async function holds(): Promise<void> {
    const guard = await mutex.lock();
    await new Promise((resolve) => setTimeout(resolve, 5));
    guard.release();
  }
  async function waitsForIt(): Promise<void> {
    const outer = await heap.mutex('outer').lock();
    const guard = await mutex.lock();
    await mutex.lock({ timeoutMillis: 1 }).catch(() => {});
    guard.release();
    outer.release();
  }
  await Promise.all([holds(), waitsForIt()]);
  assert.match(
    reports[0]?.message ?? 'no report',
    /but it holds [^\n]+\n {2}mutex m, lock \d+\n {6}at waitsForIt /,
  );
});

test('detach(), ends the following of async tasks', (t) => {
  const { heap } = new ValidatedHeap(t);
  heap.detach();
  heap.detach();
  assert.throws(() => heap.kmalloc(8), /detach/);
});
