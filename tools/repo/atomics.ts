/**
 * Rule `atomics`: the ways out of the model. Shared memory is reached through Words and the engine through
 * Host, so that a checker can stand in for both; therefore inside `src/`, tests excepted,
 *
 *     Atomics, new SharedArrayBuffer, views over a shared buffer    only in src/words/native-words.ts
 *     clocks, timers, microtasks, random numbers                    only in src/words/host.ts
 *     TextEncoder, TextDecoder                                      nowhere: an audio worklet has neither
 *
 * Whether a buffer is shared cannot be told without types, so a view over any buffer is reported, unless
 * the buffer was made in the same file as private memory (`new ArrayBuffer`, or a typed array of a length).
 */
import ts from 'typescript';
import type { Finding } from './finding.js';
import { isShipped, lineOf, type SourceFile, walk } from './source-file.js';

const RULE = 'atomics';
const SHARED_MEMORY_FILE = 'src/words/native-words.ts';
const ENGINE_FILE = 'src/words/host.ts';

const USE_HOST = `use the Host the class was given; only ${ENGINE_FILE} asks the engine`;

/** Globals that ask the engine for something, and what stands in for each. */
const ENGINE_NAMES: ReadonlyMap<string, string> = new Map([
  ['performance', `${USE_HOST}: host.nowMillis()`],
  ['crypto', `${USE_HOST}: host.random32()`],
  ['setTimeout', `${USE_HOST}: host.startTimer() or host.sleep()`],
  ['setInterval', `${USE_HOST}: host.startTimer()`],
  ['setImmediate', `${USE_HOST}: host.startTimer()`],
  ['queueMicrotask', `${USE_HOST}: host.queueMicrotask()`],
  ['TextEncoder', 'an audio worklet has none: use encodeUtf8() of src/words/utf8.ts'],
  ['TextDecoder', 'an audio worklet has none: use decodeUtf8() of src/words/utf8.ts'],
]);

const GLOBAL_OBJECTS = new Set(['globalThis', 'self', 'window', 'global']);
const VIEWS =
  /^(Int8|Uint8|Uint8Clamped|Int16|Uint16|Int32|Uint32|Float16|Float32|Float64|BigInt64|BigUint64)Array$/;

export function checkAtomics(files: readonly SourceFile[]): Finding[] {
  return files.filter((file) => isShipped(file.path)).flatMap(checkFile);
}

function checkFile(file: SourceFile): Finding[] {
  const findings: Finding[] = [];
  const report = (node: ts.Node, problem: string, remedy: string): void => {
    findings.push({ path: file.path, line: lineOf(file, node), rule: RULE, problem, remedy });
  };
  const privateBuffers = privateBuffersOf(file);
  walk(file, (node) => {
    if (file.path !== SHARED_MEMORY_FILE) reportSharedMemory(node, privateBuffers, report);
    if (file.path !== ENGINE_FILE) reportEngine(node, report);
  });
  return findings;
}

type Report = (node: ts.Node, problem: string, remedy: string) => void;

function reportSharedMemory(node: ts.Node, privateBuffers: ReadonlySet<string>, report: Report): void {
  if (ts.isIdentifier(node) && node.text === 'Atomics' && namesGlobal(node)) {
    report(
      node,
      'says `Atomics`',
      `use the Words the class was given: words.load(), words.store(), words.add(); only ${SHARED_MEMORY_FILE} says Atomics`,
    );
  }
  if (!ts.isNewExpression(node)) return;
  const made = node.expression.getText();
  if (made === 'SharedArrayBuffer') {
    report(node, 'makes a SharedArrayBuffer', `call reserveBuffer() of ${SHARED_MEMORY_FILE}`);
  } else if ((VIEWS.test(made) || made === 'DataView') && viewsForeignBuffer(node, privateBuffers)) {
    report(
      node,
      `lays a ${made} over a buffer that may be shared`,
      'go through Words: loadPlain(), storePlain(), readBytesPlain(); for private bytes use subarray()',
    );
  }
}

/** True where the first argument is a buffer, and not one that this file made as private memory. */
function viewsForeignBuffer(node: ts.NewExpression, privateBuffers: ReadonlySet<string>): boolean {
  const [buffer, offset] = node.arguments ?? [];
  if (buffer === undefined || privateBuffers.has(buffer.getText())) return false;
  if (ts.isNewExpression(buffer)) return buffer.expression.getText() === 'SharedArrayBuffer';
  const lastName = /(\w+)!?$/.exec(buffer.getText())?.[1] ?? '';
  return offset !== undefined || /buffer$|^sab$|^memory$|shared/i.test(lastName);
}

/** The expressions that mean private memory made here: `scratch` itself and `floats.buffer`. */
function privateBuffersOf(file: SourceFile): Set<string> {
  const made = new Set<string>();
  walk(file, (node) => {
    if (!ts.isVariableDeclaration(node) && !ts.isPropertyDeclaration(node)) return;
    if (node.initializer === undefined || !ts.isNewExpression(node.initializer)) return;
    const type = node.initializer.expression.getText();
    const name = ts.isPropertyDeclaration(node) ? `this.${node.name.getText()}` : node.name.getText();
    const [size] = node.initializer.arguments ?? [];
    if (type === 'ArrayBuffer') made.add(name);
    if (VIEWS.test(type) && size !== undefined && !/buffer/i.test(size.getText())) made.add(`${name}.buffer`);
  });
  return made;
}

function reportEngine(node: ts.Node, report: Report): void {
  if (!ts.isIdentifier(node) || !namesGlobal(node)) return;
  const remedy = ENGINE_NAMES.get(node.text);
  if (remedy !== undefined) report(node, `says \`${node.text}\``, remedy);
  const { parent } = node;
  const member = ts.isPropertyAccessExpression(parent) ? `${node.text}.${parent.name.text}` : '';
  if (member === 'Math.random') report(node, 'says `Math.random`', `${USE_HOST}: host.random32()`);
  // A Date may be asked for its time; only making one, or `now`, asks the clock.
  const makesDate = (ts.isNewExpression(parent) || ts.isCallExpression(parent)) && parent.expression === node;
  if (member === 'Date.now' || (node.text === 'Date' && makesDate)) {
    report(node, 'asks `Date` for the time', `${USE_HOST}: host.nowMillis()`);
  }
}

/** False where the identifier is only a member's name: `host.queueMicrotask`, `{ crypto: 1 }`, a declaration. */
function namesGlobal(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) {
    return ts.isIdentifier(parent.expression) && GLOBAL_OBJECTS.has(parent.expression.text);
  }
  if (ts.isQualifiedName(parent) && parent.right === node) return false;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  const isMemberName =
    (ts.isPropertyAssignment(parent) || ts.isTypeElement(parent) || ts.isClassElement(parent)) &&
    parent.name === node;
  return !isMemberName;
}
