/**
 * What one module declares and calls, by name. Read once a module and text; which calls may hold is decided
 * later, over all modules that are loaded together.
 *
 *     module = bodies (code that runs as one: a function's, a field initialiser's, the top level's)
 *     body   = what it is, its names, and the calls, loops and element accesses straight in it
 */
import type { AnyNode, CallExpression, ForOfStatement, MemberExpression, Program } from 'acorn';
import {
  boundNames,
  type Callee,
  calleeOf,
  childrenOf,
  type FunctionNode,
  isElement,
  isFunction,
  isNoFunction,
  keyName,
} from './syntax.js';
import { type Unheld, unheldAs } from './unheld.js';

export interface Call extends Callee {
  readonly node: AnyNode;
  /** True for a function of a package or of the engine's own modules. */
  readonly isOfPackage: boolean;
}

export interface Body {
  readonly unheld: Unheld | undefined;
  /** What the function is called by, as a binding or as a property. */
  readonly bindings: string[];
  readonly properties: string[];
  readonly calls: Call[];
  /** Its for-of loops, but for those that await. */
  readonly loops: ForOfStatement[];
  readonly elements: MemberExpression[];
  /** The call that it is passed to, straight or in an object. */
  readonly givenTo: Call | undefined;
  /** The body of its default parameter values. */
  readonly defaults: Body | undefined;
  readonly start: number;
}

export interface ModuleFacts {
  readonly bodies: Body[];
  /** The body that a function, initialiser or static block is. */
  readonly bodyOf: Map<AnyNode, Body>;
  readonly callOf: Map<AnyNode, Call>;
  /** Names that are given something which may be a function, unseen. */
  readonly openBindings: Set<string>;
  readonly openProperties: Set<string>;
  /** What is required, as it stands in the text, by the name that it is given. */
  readonly imports: Map<string, string>;
  readonly specifiers: Set<string>;
  /** Every name that the module binds somewhere. */
  readonly locals: Set<string>;
}

/** What sucrase puts at the head of a module; it touches nothing shared. */
const PRELUDE = /^_(interopRequire(Default|Wildcard)|create(NamedExportFrom|StarExport))$/;

/** Reads the facts of a module. */
export function readFacts(program: Program): ModuleFacts {
  return new FactReader().read(program);
}

/** What stands above a node, as far as it names the node or says who is given it. */
interface Above {
  readonly node: AnyNode | undefined;
  readonly givenTo?: Call | undefined;
}

interface Names {
  readonly bindings: string[];
  readonly properties: string[];
}

class FactReader implements ModuleFacts {
  readonly bodies: Body[] = [];
  readonly bodyOf = new Map<AnyNode, Body>();
  readonly callOf = new Map<AnyNode, Call>();
  readonly openBindings = new Set<string>();
  readonly openProperties = new Set<string>();
  readonly imports = new Map<string, string>();
  readonly specifiers = new Set<string>();
  readonly locals = new Set<string>();

  read(program: Program): ModuleFacts {
    const body = this._addBody(program, 'the top level of a module');
    for (const statement of program.body) this._visit(statement, body, { node: program });
    return this;
  }

  private _addBody(
    node: AnyNode,
    unheld: Unheld | undefined,
    names: Names = { bindings: [], properties: [] },
    givenTo?: Call,
    defaults?: Body,
  ): Body {
    const lists = { calls: [], loops: [], elements: [] };
    const body: Body = { unheld, ...names, ...lists, givenTo, defaults, start: node.start };
    this.bodies.push(body);
    if (unheld !== 'a default parameter value') this.bodyOf.set(node, body);
    return body;
  }

  private _visit(node: AnyNode, body: Body, above: Above): void {
    if (isFunction(node)) {
      this._visitFunction(node, above);
      return;
    }
    this._noteNames(node, above.node);
    switch (node.type) {
      case 'CallExpression':
      case 'NewExpression':
        this._visitCall(node, body);
        return;
      case 'TaggedTemplateExpression':
        this._noteCall(node, node.tag, body);
        break;
      case 'ForOfStatement':
        if (!node.await) body.loops.push(node);
        this._openPattern(
          node.left.type === 'VariableDeclaration' ? node.left.declarations[0]!.id : node.left,
        );
        break;
      case 'ClassDeclaration':
      case 'ClassExpression':
        if (node.id) this.locals.add(node.id.name);
        break;
      case 'MemberExpression':
        if (isElement(node)) body.elements.push(node);
        break;
      case 'PropertyDefinition':
        if (node.computed) this._visit(node.key, body, { node });
        if (node.value) this._visit(node.value, this._addBody(node, 'a field initialiser'), { node });
        return;
      case 'StaticBlock':
        body = this._addBody(node, 'a static block');
        break;
    }
    const givenTo = node.type === 'ObjectExpression' || node.type === 'Property' ? above.givenTo : undefined;
    for (const child of childrenOf(node)) this._visit(child, body, { node, givenTo });
  }

  private _visitFunction(node: FunctionNode, above: Above): void {
    if (node.type === 'FunctionDeclaration' && PRELUDE.test(node.id?.name ?? '')) return;
    for (const parameter of node.params) this._openPattern(parameter);
    const defaults = this._addBody(node, 'a default parameter value');
    const names = this._namesOf(node, above.node);
    const body = this._addBody(node, unheldAs(node, above.node), names, above.givenTo, defaults);
    for (const parameter of node.params) this._visit(parameter, defaults, { node });
    this._visit(node.body, body, { node });
  }

  private _visitCall(node: AnyNode & { type: 'CallExpression' | 'NewExpression' }, body: Body): void {
    const call = this._noteCall(node, node.callee, body);
    this._visit(node.callee, body, { node });
    for (const argument of node.arguments) {
      const isGiven = !call.isOfPackage || isFunction(argument);
      this._visit(argument, body, { node, givenTo: isGiven ? call : undefined });
    }
  }

  private _noteCall(node: AnyNode, target: AnyNode, body: Body): Call {
    const callee = calleeOf(node, target, this.imports);
    const specifier = this.imports.get(callee.root ?? '');
    const call: Call = { node, ...callee, isOfPackage: specifier !== undefined && !isRelative(specifier) };
    this.callOf.set(node, call);
    if (target.type !== 'Super' && node.type !== 'NewExpression') body.calls.push(call);
    if (node.type === 'CallExpression') this._noteRequire(node);
    return call;
  }

  private _noteRequire(node: CallExpression): void {
    const [first, second, third] = node.arguments;
    if (node.callee.type !== 'Identifier') return;
    if (node.callee.name === 'require' && first?.type === 'Literal') this.specifiers.add(String(first.value));
    if (node.callee.name !== '_createNamedExportFrom') return;
    if (second?.type !== 'Literal' || third?.type !== 'Literal' || second.value === third.value) return;
    this.openBindings.add(String(second.value));
  }

  /** The names that the function is declared under. */
  private _namesOf(node: FunctionNode, above: AnyNode | undefined): Names {
    const bindings = node.type !== 'ArrowFunctionExpression' && node.id ? [node.id.name] : [];
    const properties: string[] = [];
    if (above?.type === 'VariableDeclarator') bindings.push(...boundNames(above.id));
    if (above?.type === 'AssignmentExpression' && above.right === node) {
      const { left } = above;
      if (left.type === 'Identifier') bindings.push(left.name);
      if (left.type === 'MemberExpression') {
        const names = isExports(left) ? bindings : properties;
        names.push(...named(keyName(left.property, left.computed)));
      }
    }
    if (isNamedBy(above, node)) properties.push(...named(keyName(above.key, above.computed)));
    for (const name of bindings) this.locals.add(name);
    return { bindings, properties };
  }

  /** Notes names that are given a value which may be a function. */
  private _noteNames(node: AnyNode, above: AnyNode | undefined): void {
    switch (node.type) {
      case 'VariableDeclarator':
        if (this._noteImport(node.id, node.init)) return;
        for (const name of boundNames(node.id)) this.locals.add(name);
        if (node.id.type !== 'Identifier' || !isNoFunction(node.init)) this._openPattern(node.id);
        return;
      case 'AssignmentExpression':
        this._noteAssignment(node);
        return;
      case 'Property':
        // A pattern takes from its keys and gives nothing to them.
        if (above?.type === 'ObjectPattern' || node.kind !== 'init') return;
        if (!isNoFunction(node.value)) this._openKey(node.key, node.computed);
        return;
      case 'PropertyDefinition':
        if (!isNoFunction(node.value)) this._openKey(node.key, node.computed);
    }
  }

  private _noteAssignment(node: AnyNode & { type: 'AssignmentExpression' }): void {
    const { left, right } = node;
    if (left.type === 'Identifier' || left.type === 'MemberExpression') {
      if (isNoFunction(right)) return;
      if (left.type === 'Identifier') this.openBindings.add(left.name);
      else if (isExports(left)) {
        const name = keyName(left.property, left.computed);
        if (right.type !== 'Identifier' || right.name !== name) this.openBindings.add(name ?? '');
      } else this._openKey(left.property, left.computed);
    } else this._openPattern(left);
  }

  /** Notes `_m = require('m')` and what is made of it. */
  private _noteImport(id: AnyNode, init: AnyNode | null | undefined): boolean {
    if (id.type !== 'Identifier' || init?.type !== 'CallExpression') return false;
    const [argument] = init.arguments;
    if (init.callee.type !== 'Identifier' || argument === undefined) return false;
    if (init.callee.name === 'require' && argument.type === 'Literal') {
      this.imports.set(id.name, String(argument.value));
      return true;
    }
    const from = argument.type === 'Identifier' ? this.imports.get(argument.name) : undefined;
    if (from === undefined || !PRELUDE.test(init.callee.name)) return false;
    this.imports.set(id.name, from);
    return true;
  }

  private _openPattern(pattern: AnyNode): void {
    for (const name of boundNames(pattern)) {
      this.openBindings.add(name);
      this.locals.add(name);
    }
  }

  private _openKey(key: Parameters<typeof keyName>[0], computed: boolean): void {
    const name = keyName(key, computed);
    if (name !== undefined) this.openProperties.add(name);
  }
}

/** True where `above` keeps the function under its key. */
function isNamedBy(
  above: AnyNode | undefined,
  node: FunctionNode,
): above is AnyNode & { type: 'Property' | 'MethodDefinition' | 'PropertyDefinition' } {
  if (above?.type === 'Property') return above.value === node && above.kind === 'init';
  return (
    above?.type === 'PropertyDefinition' || (above?.type === 'MethodDefinition' && above.kind === 'method')
  );
}

function named(name: string | undefined): string[] {
  return name === undefined ? [] : [name];
}

function isExports(node: MemberExpression): boolean {
  return node.object.type === 'Identifier' && node.object.name === 'exports';
}

function isRelative(specifier: string): boolean {
  return /^\.{0,2}\//.test(specifier);
}
