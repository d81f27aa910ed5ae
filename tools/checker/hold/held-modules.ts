/**
 * HeldModules: modules loaded so that their synchronous code can be held at a step, with all that they import.
 *
 *     entries --read, patch, parse--> modules --which functions are held--> transformed --> evaluated, once a set
 *
 * Each set has its own instance of every held module, so a patched set and an unpatched one live side by side.
 * Modules are evaluated plainly, as CommonJS: an import cycle sees what is exported so far. What is imported as
 * it is (packages, and modules that are native) is imported once, by the engine, before anything is evaluated.
 *
 * What cannot be held is said in hold-source.ts and runtime.ts by the errors; what is silently not seen:
 * functions that the language calls by itself (a Proxy's traps, a thenable's then), and an iterator of held code
 * that is left by a break: its `return` is not called.
 */
import { createRequire } from 'node:module';
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileFunction } from 'node:vm';
import { HeldFunctions } from './held-functions.js';
import { holdSource } from './hold-source.js';
import { type ParsedModule, readModule, resolveModule } from './module-text.js';
import { type Patch, requireAllApplied } from './patches.js';
import { RUNTIME } from './runtime.js';
import { lineAt } from './syntax.js';

export type Exports = Record<string, unknown>;

export interface HeldModulesOptions {
  /** Changes to the text of modules; each is found exactly once. */
  readonly patches?: readonly Patch[];
  /** What held modules see under a name, instead of the global of that name. */
  readonly globals?: Readonly<Record<string, unknown>>;
  /** True for a file that is imported as it is; those of the checker unless given. Packages always are. */
  readonly isNative?: (path: string) => boolean;
  /** Imports what is imported as it is, by path or package; as the engine does unless given. */
  readonly importNative?: (found: string) => Promise<Exports>;
  /** True: `a[i]` and assignments to it are calls of $get and $set, which `globals` must have. */
  readonly arrays?: boolean;
}

type Compiled = (...args: unknown[]) => void;

interface Linked {
  readonly path: string;
  readonly parsed: ParsedModule;
  /** The path of each held module that it imports, by specifier. */
  readonly held: Map<string, string>;
  /** What it imports as it is. */
  readonly native: Map<string, Exports>;
}

/** Text and decisions of a module determine what it is compiled to. */
const compiledModules = new WeakMap<ParsedModule, Map<string, Compiled>>();
const nativeModules = new Map<string, Promise<Exports>>();

export class HeldModules {
  private readonly _linked: ReadonlyMap<string, Linked>;
  private readonly _options: HeldModulesOptions;
  private readonly _held: HeldFunctions;
  private readonly _exports = new Map<string, Exports>();

  private constructor(linked: ReadonlyMap<string, Linked>, options: HeldModulesOptions) {
    const globals = new Set(Object.keys(options.globals ?? {}));
    this._linked = linked;
    this._options = options;
    const facts = [...linked.values()].map(({ parsed }) => parsed.facts);
    this._held = new HeldFunctions(facts, globals, options.arrays === true);
  }

  /**
   * Loads the entries (.js, .mjs or .ts files) with all that they import, and evaluates them in this order.
   *
   * Errors   Error for a module that is not there, a patch that does not fit, or code that cannot be held.
   */
  static async load(entries: readonly string[], options: HeldModulesOptions = {}): Promise<HeldModules> {
    requireElementAccess(options);
    const linked = await link(
      entries.map((entry) => resolve(entry)),
      options,
    );
    requireAllApplied(options.patches ?? [], linked.keys());
    const modules = new HeldModules(linked, options);
    for (const entry of entries) modules.exportsOf(entry);
    return modules;
  }

  /** What a loaded module exports. Its functions, called from outside, may give held calls. */
  exportsOf(entry: string): Exports {
    const path = resolve(entry);
    if (this._linked.has(path)) return this._evaluate(path);
    throw new Error(
      `asked for the exports of ${path}, which is not among the ${this._linked.size} modules loaded`,
    );
  }

  private _evaluate(path: string): Exports {
    const known = this._exports.get(path);
    if (known !== undefined) return known;
    const module = this._linked.get(path)!;
    const exports: Exports = {};
    this._exports.set(path, exports);
    const require = (specifier: string): Exports => {
      const native = module.native.get(specifier);
      return native ?? this._evaluate(module.held.get(specifier)!);
    };
    const globals = Object.values(this._options.globals ?? {});
    const meta = { url: pathToFileURL(path).href };
    this._compiled(module)(exports, require, meta, ...Object.values(RUNTIME), ...globals);
    return exports;
  }

  private _compiled({ parsed, path }: Linked): Compiled {
    const { facts } = parsed;
    const conflict = this._held.conflictIn(facts);
    if (conflict !== undefined) {
      throw new Error(
        `loaded ${parsed.name}:${lineAt(parsed.text, conflict.start)} for the checker: ${conflict.name} is a ` +
          'generator, and also the name of a function that may be held; give the generator a name of its own',
      );
    }
    const arrays = this._options.arrays === true;
    const names = Object.keys(this._options.globals ?? {});
    const key = `${names} ${arrays} ${this._held.decisionsFor(facts)}`;
    const versions = compiledModules.get(parsed) ?? new Map<string, Compiled>();
    compiledModules.set(parsed, versions);
    const known = versions.get(key);
    if (known !== undefined) return known;
    const text = holdSource(parsed, { held: this._held, arrays });
    const parameters = ['exports', 'require', '$meta', ...Object.keys(RUNTIME), ...names];
    const compiled = compileFunction(text, parameters, { filename: path }) as Compiled;
    versions.set(key, compiled);
    return compiled;
  }
}

function requireElementAccess({ arrays, globals = {} }: HeldModulesOptions): void {
  if (arrays !== true || (typeof globals.$get === 'function' && typeof globals.$set === 'function')) return;
  throw new Error(
    'loaded modules with arrays: true and without $get and $set: give both as functions in globals',
  );
}

function isOfChecker(path: string): boolean {
  return path.replaceAll('\\', '/').includes('/tools/checker/');
}

/** Reads the entries and all that they import. */
async function link(entries: readonly string[], options: HeldModulesOptions): Promise<Map<string, Linked>> {
  const isNative = options.isNative ?? isOfChecker;
  const linked = new Map<string, Linked>();
  const queue = [...entries];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (linked.has(path)) continue;
    const module: Linked = {
      path,
      parsed: readModule(path, options.patches ?? []),
      held: new Map(),
      native: new Map(),
    };
    linked.set(path, module);
    for (const specifier of module.parsed.facts.specifiers) {
      const imported = isFile(specifier) ? resolveModule(specifier, path) : undefined;
      if (imported === undefined || isNative(imported)) {
        module.native.set(
          specifier,
          await importNative(imported ?? resolvePackage(specifier, path), options),
        );
      } else {
        module.held.set(specifier, imported);
        queue.push(imported);
      }
    }
  }
  return linked;
}

function isFile(specifier: string): boolean {
  return /^\.{0,2}\//.test(specifier);
}

/** Imports a module as it is, in the form that compiled imports expect. */
function importNative(found: string, options: HeldModulesOptions): Promise<Exports> {
  if (options.importNative !== undefined) return options.importNative(found).then(asRequired);
  const url = isAbsolute(found) ? pathToFileURL(found).href : found;
  let imported = nativeModules.get(url);
  if (imported === undefined) {
    imported = (import(url) as Promise<Exports>).then(asRequired);
    nativeModules.set(url, imported);
  }
  return imported;
}

function asRequired(namespace: Exports): Exports {
  return Object.create(namespace, { __esModule: { value: true } });
}

/** As the importer sees it; a package that can only be imported is looked for from here. */
function resolvePackage(specifier: string, importer: string): string {
  // The checker itself: which is running, so it need not be found.
  if (specifier === 'lull/checker') return specifier;
  try {
    return createRequire(importer).resolve(specifier);
  } catch {
    return specifier;
  }
}
