/** What the language brings along: its names, by which a call is known that no held code can be behind. */

const CONSTRUCTORS: readonly { readonly prototype: object }[] = [
  ...[Array, Map, Set, WeakMap, WeakSet, WeakRef, String, Number, Boolean, BigInt, Symbol, RegExp, Date],
  ...[Promise, Error, Function, Object, ArrayBuffer, SharedArrayBuffer, DataView, TextEncoder, TextDecoder],
  Object.getPrototypeOf(Int32Array) as { prototype: object },
];

/** Operations on shared memory, and what else may hold whoever calls it. */
const HOLDING = new Set(
  (
    'load store exchange compareExchange add and or sub xor wait notify loadPlain storePlain dereference ' +
    'fillPlain readBytesPlain writeBytesPlain pause awaitEnd runMicrotasks fireTimers shouldFail'
  ).split(' '),
);

/** Call what they are given, and give back what it gives. */
const CALLING = new Set(['call', 'apply']);

const CALLBACK_TAKERS = new Set(
  (
    'map forEach filter find findIndex findLast findLastIndex some every reduce reduceRight flatMap sort ' +
    'toSorted replace replaceAll then catch finally from fromAsync groupBy getOrInsertComputed'
  ).split(' '),
);

const TASK_TAKERS = new Set(
  'setTimeout setInterval setImmediate queueMicrotask Promise FinalizationRegistry from'.split(' '),
);

function functionsOf(owner: object): [string, object][] {
  return Object.entries(Object.getOwnPropertyDescriptors(owner)).flatMap(([name, { value }]) =>
    typeof value === 'function' ? [[name, value as object]] : [],
  );
}

const METHODS = CONSTRUCTORS.flatMap(({ prototype }) => functionsOf(prototype));
const STATICS = CONSTRUCTORS.flatMap(functionsOf);
const METHOD_NAMES = new Set(METHODS.map(([name]) => name));
const GLOBALS = new Set(Object.getOwnPropertyNames(globalThis));
GLOBALS.delete('globalThis');
GLOBALS.delete('global');

/** The methods of the language as values. */
export const BUILT_IN_FUNCTIONS: ReadonlySet<unknown> = new Set(
  [...METHODS, ...STATICS].map(([, method]) => method),
);

/** True for a name that may hold whoever calls it, whatever it belongs to. */
export function alwaysMayHold(name: string): boolean {
  return HOLDING.has(name) || CALLING.has(name);
}

/** True for the name of a method that something of the language has. */
export function isBuiltInMethod(name: string): boolean {
  return METHOD_NAMES.has(name);
}

/** True for a name that is there without being declared. */
export function isGlobal(name: string): boolean {
  return GLOBALS.has(name) || name === 'require';
}

/** True for the name of a method of the language that calls functions it is given. */
export function takesCallbacks(name: string): boolean {
  return CALLBACK_TAKERS.has(name);
}

/** True for a global function or constructor that calls functions it is given, however they are passed. */
export function takesTasks(name: string): boolean {
  return TASK_TAKERS.has(name);
}
