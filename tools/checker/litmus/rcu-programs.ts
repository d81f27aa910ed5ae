/**
 * All small programs over RCU, of updaters with grace periods and readers with sections, over two variables.
 *
 *     an updater   XG  xGY  XGGY  XGYGX ..          X, Y: writes     x, y: reads     G: a grace period
 *     a reader     (xy)  ((x)y)  (x)(y)  x(Y) ..    ( ): a section
 *
 * Of programs that differ only in the names of the variables, or in the order of their processes, there is one.
 * Every write writes a value of its own.
 */
import { parseLitmus } from './parse-litmus.js';
import type { LitmusTest } from './syntax.js';

/** A program as letters. */
export interface RcuProgram {
  readonly updaters: readonly string[];
  readonly readers: readonly string[];
}

const STEPS = ['', 'X', 'Y', 'x', 'y'];
const WRITES = ['', 'X', 'Y'];

/** Updaters with one grace period and with two. */
export const UPDATERS: readonly string[] = [
  ...STEPS.flatMap((before) => STEPS.map((after) => `${before}G${after}`)),
  ...WRITES.flatMap((before) =>
    WRITES.flatMap((between) => WRITES.map((after) => `${before}G${between}G${after}`)),
  ),
].filter((updater) => /[XYxy]/.test(updater));

/** Readers with two accesses, to the one variable and to the other. */
export const READERS: readonly string[] = ['xy', 'xY', 'Xy', 'XY', 'yx', 'Yx', 'yX', 'YX'].flatMap(
  ([a, b]) => [
    ...[`(${a}${b})`, `((${a})${b})`, `(${a}(${b}))`, `((${a}${b}))`],
    ...[`(${a})(${b})`, `${a}(${b})`, `(${a})${b}`],
  ],
);

/** Every program of so many updaters and readers, one of each that are the same but for names and order. */
export function rcuPrograms(updaters: number, readers: number): RcuProgram[] {
  const programs: RcuProgram[] = [];
  for (const some of combinations(UPDATERS, updaters)) {
    for (const others of combinations(READERS, readers)) {
      const program = { updaters: some, readers: others };
      if (isCanonical(program) && isShared(program)) programs.push(program);
    }
  }
  return programs;
}

/** What a program is called. */
export function programName({ updaters, readers }: RcuProgram): string {
  return [...updaters, ...readers].join(' ');
}

/** The program as a litmus test. */
export function rcuTest(program: RcuProgram): LitmusTest {
  const name = programName(program);
  return parseLitmus(rcuText(program), name);
}

/** The program in the language of litmus tests. */
export function rcuText(program: RcuProgram): string {
  const processes = [...program.updaters, ...program.readers];
  const bodies = processes.map((letters, i) => {
    const lines = [...letters].map((letter, at) => `  ${lineOf(letter, at, 10 * (i + 1) + at)}\n`);
    return `P${i}(int *x, int *y)\n{\n${lines.join('')}}\n`;
  });
  return `C ${programName(program)}\n{}\n${bodies.join('')}exists (true)\n`;
}

function lineOf(letter: string, at: number, value: number): string {
  switch (letter) {
    case 'G':
      return 'synchronize_rcu();';
    case '(':
      return 'rcu_read_lock();';
    case ')':
      return 'rcu_read_unlock();';
    case 'X':
    case 'Y':
      return `WRITE_ONCE(*${letter.toLowerCase()}, ${value});`;
    default:
      return `r${at} = READ_ONCE(*${letter});`;
  }
}

/** Every choice of `count`, with repetition, in order. */
function combinations(from: readonly string[], count: number): string[][] {
  if (count === 0) return [[]];
  return from.flatMap((first, i) => combinations(from.slice(i), count - 1).map((rest) => [first, ...rest]));
}

function isCanonical(program: RcuProgram): boolean {
  return (
    keyOf(program) <= keyOf({ updaters: program.updaters.map(swap), readers: program.readers.map(swap) })
  );
}

function keyOf({ updaters, readers }: RcuProgram): string {
  return [...updaters].sort().join(' ') + [...readers].sort().join(' ');
}

/** The letters with x for y and y for x. */
function swap(letters: string): string {
  const other: Record<string, string> = { x: 'y', y: 'x', X: 'Y', Y: 'X' };
  return [...letters].map((letter) => other[letter] ?? letter).join('');
}

/** True where every process writes what another touches, or reads what another writes. */
function isShared({ updaters, readers }: RcuProgram): boolean {
  const processes = [...updaters, ...readers];
  return processes.every((one, i) => processes.some((other, j) => i !== j && conflicts(one, other)));
}

function conflicts(one: string, other: string): boolean {
  return ['x', 'y'].some((variable) => {
    const writes = (letters: string): boolean => letters.includes(variable.toUpperCase());
    const touches = (letters: string): boolean => writes(letters) || letters.includes(variable);
    return (writes(one) && touches(other)) || (touches(one) && writes(other));
  });
}
