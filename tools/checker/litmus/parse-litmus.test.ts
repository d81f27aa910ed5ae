import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInOrder } from '../../../tests/litmus/in-order.js';
import { parseLitmus } from './parse-litmus.js';
import type { LitmusTest } from './syntax.js';

const parse = (text: string): LitmusTest => parseLitmus(text, 'some.litmus');

/** A test whose processes do nothing. */
function withTail(tail: string): LitmusTest {
  return parse(`C t\n{}\nP0(int *x) { r1 = *x; }\nP1(int *y) { }\n${tail}\n`);
}

test('parseLitmus, reads name, file and what the author expects', () => {
  const { name, file, expected } = parse('C dir/A+b\n(*\n * Result: Never\n *)\n{}\nP0(void) {}\n');
  assert.deepEqual([name, file, expected], ['dir/A+b', 'some.litmus', 'Never']);
  assert.equal(parse('C "quoted"\n{}\nP0() {}').name, 'quoted');
  assert.equal(parse('C n\n{}\nP0() {}').expected, undefined);
});

test('parseLitmus, takes all before the first brace for comment, braces in comments too', () => {
  const text = 'C n\n"A cycle"\nPrefetch=0:x=F\n(* { *) /* { */ // {\n{ x=3; }\nP0(int *x) { r1 = *x; }\n';
  assert.equal(runInOrder(text), '0:r1=3; x=3;');
});

test('parseLitmus, gives globals and registers what the initial state says', () => {
  const initial =
    'int x = 1; y = -2; int *p = &x; q = y; 0:r1 = z; 0:r2 = 0x10; int a[2] = {5, q}; u; spinlock_t s; atomic_t c = ATOMIC_INIT(4);';
  const text = `C n\n{ ${initial} }\nP0(int *x, int **p) { r3 = *p; r4 = *r3; }\nexists (s=0)\n`;
  assert.equal(
    runInOrder(text),
    '0:r1=z; 0:r2=16; 0:r3=x; 0:r4=1; x=1; y=-2; p=x; q=y; z=0; a[0]=5; a[1]=q; u=0; s=0; c=4;',
  );
});

test('parseLitmus, reads parameters of every kind of pointer', () => {
  const text =
    'C n\n{}\nstatic void P0(volatile int *a, struct foo *b, intptr_t **c, spinlock_t *d, foo *e, const unsigned long* f) {}\n';
  assert.deepEqual(
    parse(text).globals.map(({ name }) => name),
    ['a', 'b', 'c', 'd', 'e', 'f'],
  );
});

test('parseLitmus, reads declarations of several registers, casts, empty statements and nested blocks', () => {
  const body =
    '; int r1 = 1, *r2 = x; struct foo *r3; unsigned long r4; {{ r4 = (int)*(volatile int *)r2; }} (void)READ_ONCE(*x); r1 += 2;';
  assert.equal(runInOrder(`C n\n{ x=6; }\nP0(int *x) { ${body} }`), '0:r1=3; 0:r2=x; 0:r3=0; 0:r4=6; x=6;');
});

test('parseLitmus, tells locks and srcu_structs from data', () => {
  const text =
    'C n\n{}\nP0(int *x, spinlock_t *l, struct srcu_struct *s) { spin_lock(l); i = srcu_read_lock(s); }\n';
  const { globals, domains } = parse(text);
  assert.deepEqual(
    globals.map(({ use }) => use),
    ['data', 'lock', 'srcu'],
  );
  assert.equal(domains, 2);
});

test('parseLitmus, reads locations, filter and every quantifier', () => {
  const read = withTail('locations [x; 0:r1, int y;] filter (x=1) ~exists (0:r1=1)');
  assert.equal(read.quantifier, '~exists');
  assert.equal(read.filter?.kind, 'equal');
  assert.equal(withTail('exists (true)').quantifier, 'exists');
  assert.equal(withTail('not exists (true)').quantifier, '~exists');
  assert.equal(withTail('forall x=0').quantifier, 'forall');
  assert.deepEqual(withTail('').proposition, { kind: 'truth', value: true });
});

test('parseLitmus, refuses what is no C litmus test, with line and reason', () => {
  const refused = (text: string, reason: RegExp): void => assert.throws(() => parse(text), reason);
  refused('', /line 1: the file is empty/);
  refused('LISA n\n{}\n', /line 1: LISA, not C/);
  refused('\nX86 n\n{}\n', /line 2: X86, not C/);
  refused('C n\nP0() \n', /line 3: there is no initial state/);
  refused('C n\n{}\n\nexists (x=1)', /line 4: expected P0 and found exists/);
  refused('C n\n{}\nP0() {}\nP2() {}', /line 4: expected P1 and found P2/);
  refused('C n\n{}\nP0(int x) {}', /line 3: parameter x is not a pointer/);
  refused('C n\n{}\nP0() {\n while (1) {} }', /line 4: while is not supported/);
  refused('C n\n{}\nP0() {\n r1 = 1', /line 4: expected ; and found the end of the file/);
  refused('C n\n{}\nP0() {\n', /line 4: a } is missing/);
  refused('C n\n{}\nP0(int *x) { r1 = x->a; }', /line 3: members of structures/);
  refused('C n\n{ 1:r1=0; }\nP0() {}', /the initial state names P1, and there is none/);
  refused('C n\n{}\nP0() {}\nexists (3:r1=0)', /line 4: the condition names P3, and there is none/);
  refused('C n\n{}\nP0() {}\nexists (x=0) junk', /line 4: expected the end of the file and found junk/);
  refused('C n\n{}\nP0() {}\nexists (x<0)', /line 4: expected = or <> in a condition and found </);
});
