/**
 * Which functions are held: those with a call in them that may be held, by name, over all modules that are
 * loaded together. Repeated until nothing more becomes held.
 *
 * A call may be held when its name
 *   - is an operation on shared memory,
 *   - is declared as a function that is held, or is given a value which may be any function,
 *   - is neither declared nor something of the language.
 */
import type { AnyNode } from 'acorn';
import { alwaysMayHold, isBuiltInMethod, isGlobal } from './built-ins.js';
import type { Body, Call, ModuleFacts } from './module-facts.js';
import { calleeOf, ITERATOR_NAME } from './syntax.js';

/** A generator that cannot be told from a held function. */
export interface Conflict {
  readonly name: string;
  readonly start: number;
}

class DeclaredNames {
  readonly declared = new Set<string>();
  readonly held = new Set<string>();
  readonly open = new Set<string>();

  mayHold(name: string): boolean {
    return this.held.has(name) || this.open.has(name);
  }
}

export class HeldFunctions {
  private readonly _bindings = new DeclaredNames();
  private readonly _properties = new DeclaredNames();
  private readonly _held = new Set<Body>();
  private readonly _modules: readonly ModuleFacts[];
  /** Names that are given by the caller: nothing of the language is behind them. */
  private readonly _given: ReadonlySet<string>;
  private readonly _areElementsHeld: boolean;

  /** @param areElementsHeld true where reading and writing an element of an array may be held */
  constructor(modules: readonly ModuleFacts[], given: ReadonlySet<string>, areElementsHeld: boolean) {
    this._modules = modules;
    this._given = given;
    this._areElementsHeld = areElementsHeld;
    for (const module of modules) this._declare(module);
    while (this._spread());
  }

  /** True for a body that is made a generator. */
  isHeld(body: Body): boolean {
    return this._held.has(body);
  }

  mayHold(call: Call, module: ModuleFacts): boolean {
    const { name, isProperty } = call;
    if (name === undefined) return true;
    if (alwaysMayHold(name)) return true;
    if (call.isOfPackage) return false;
    const names = isProperty ? this._properties : this._bindings;
    if (isProperty && this.isOfLanguage(call, module)) return false;
    if (names.mayHold(name)) return true;
    if (names.declared.has(name)) return false;
    return isProperty ? !isBuiltInMethod(name) : !(isGlobal(name) && !this._given.has(name));
  }

  /** True for a call of a global function, or of one that a global object has. */
  isOfLanguage(callee: { readonly root: string | undefined }, module: ModuleFacts): boolean {
    const { root } = callee;
    return root !== undefined && isGlobal(root) && !module.locals.has(root) && !this._given.has(root);
  }

  /** True where the iterator of a for-of loop over `iterated` may be one of held code. */
  mayIterate(iterated: AnyNode, module: ModuleFacts): boolean {
    if (!this._properties.held.has('next') && !this._properties.held.has(ITERATOR_NAME)) return false;
    switch (iterated.type) {
      case 'ArrayExpression':
      case 'Literal':
      case 'TemplateLiteral':
        return false;
      case 'CallExpression':
      case 'NewExpression':
        return !this.isOfLanguage(calleeOf(iterated, iterated.callee, module.imports), module);
      default:
        return true;
    }
  }

  /** True where the function is passed to something of the language or of a package, which calls it plainly. */
  isGivenAway(body: Body, module: ModuleFacts): boolean {
    const { givenTo } = body;
    return givenTo !== undefined && (givenTo.isOfPackage || this.isOfLanguage(givenTo, module));
  }

  /** A generator whose name is also one of held functions: a call of the one looks like one of the other. */
  conflictIn(module: ModuleFacts): Conflict | undefined {
    for (const { unheld, bindings, properties, start } of module.bodies) {
      if (unheld !== 'a generator') continue;
      const name =
        bindings.find((binding) => this._bindings.mayHold(binding)) ??
        properties.find((property) => this._properties.mayHold(property) && property !== ITERATOR_NAME);
      if (name !== undefined) return { name, start };
    }
    return undefined;
  }

  /** What is decided about a module, as a string: by it the transformed text can be found again. */
  decisionsFor(module: ModuleFacts): string {
    let decisions = '';
    for (const body of module.bodies) {
      decisions += this._held.has(body) ? 'H' : '-';
      for (const call of body.calls) decisions += this.mayHold(call, module) ? '1' : '0';
      for (const loop of body.loops) decisions += this.mayIterate(loop.right, module) ? '1' : '0';
    }
    return decisions;
  }

  private _declare(module: ModuleFacts): void {
    for (const body of module.bodies) {
      for (const name of body.bindings) this._bindings.declared.add(name);
      for (const name of body.properties) this._properties.declared.add(name);
    }
    for (const name of module.openBindings) this._bindings.open.add(name);
    for (const name of module.openProperties) this._properties.open.add(name);
  }

  /** One round; true when something became held. */
  private _spread(): boolean {
    const before = this._held.size;
    for (const module of this._modules) {
      for (const body of module.bodies) {
        if (body.unheld !== undefined || this._held.has(body) || !this._mustHold(body, module)) continue;
        this._held.add(body);
        for (const name of body.bindings) this._bindings.held.add(name);
        for (const name of body.properties) this._properties.held.add(name);
      }
    }
    return this._held.size > before;
  }

  private _mustHold(body: Body, module: ModuleFacts): boolean {
    if (this.isGivenAway(body, module)) return false;
    return (
      body.calls.some((call) => this.mayHold(call, module)) ||
      (this._areElementsHeld && body.elements.length > 0) ||
      body.loops.some((loop) => this.mayIterate(loop.right, module))
    );
  }
}
