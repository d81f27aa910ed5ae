/**
 * The transformation: a module's text with its held functions made generators, and each call that may be held
 * run with `yield*`. No line is added or taken away, so that stack traces name the lines of the source.
 *
 *     held(a) { return f(g(a)); }
 *     *held(a) {let $t; return (($t = f((($t = g(a)) instanceof $G ? yield* $t : $t))) instanceof $G ? yield* $t : $t); }
 *
 * The names that begin with $ are those of runtime.ts, and temporary variables.
 */
import type { AnyNode, ArrowFunctionExpression, ForOfStatement, VariableDeclaration } from 'acorn';
import { ElementAccess } from './element-access.js';
import type { HeldFunctions } from './held-functions.js';
import { HeldCalls, isLoad } from './hold-calls.js';
import type { Body, Call } from './module-facts.js';
import type { ParsedModule } from './module-text.js';
import { lineBreaks, type Renderer } from './renderer.js';
import {
  childrenOf,
  type FunctionNode,
  ITERATOR_NAME,
  isFunction,
  keyName,
  lineAt,
  mentions,
  ownOfFunction,
} from './syntax.js';

export interface HoldOptions {
  readonly held: HeldFunctions;
  /** True: reads and writes of elements become calls of $get and $set. */
  readonly arrays: boolean;
}

/**
 * The text of the module, held.
 *
 * Errors   Error for what cannot be held as it is written.
 */
export function holdSource(module: ParsedModule, options: HoldOptions): string {
  return new Transformation(module, options).text();
}

const RESERVED =
  /^\$(G|t|meta|plain|call|callback|iterator|plainIterator|iteratorKey|[inv]\d+|array|key|old|fresh)$/;

class Transformation implements Renderer {
  private readonly _module: ParsedModule;
  private readonly _held: HeldFunctions;
  private readonly _calls: HeldCalls;
  private readonly _elements: ElementAccess | undefined;
  private _body: Body;
  private _temporaries: string[] = [];
  private _count = 0;

  constructor(module: ParsedModule, options: HoldOptions) {
    this._module = module;
    this._held = options.held;
    this._calls = new HeldCalls(this, module, options.held);
    this._elements = options.arrays ? new ElementAccess(this) : undefined;
    this._body = module.facts.bodyOf.get(module.program)!;
  }

  text(): string {
    return this.verbatim(this._module.program, 0, this._module.text.length);
  }

  render(node: AnyNode): string {
    switch (node.type) {
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        return this._function(node);
      case 'MethodDefinition':
      case 'Property':
        return this._property(node);
      case 'PropertyDefinition':
        return this._initialiser(node);
      case 'VariableDeclaration':
        return this._declaration(node);
      case 'StaticBlock':
        return this._within(this._module.facts.bodyOf.get(node)!, () => this.verbatim(node));
      case 'ExpressionStatement':
        return this._statement(node);
      case 'ForOfStatement':
        this._elements?.requireNoElements(node.left);
        return this._held.isHeld(this._body) ? this._loop(node) : this.verbatim(node);
      case 'ChainExpression':
        return this._elements?.chain(node) ?? this.verbatim(node);
      case 'CallExpression':
        return this.hold(this._calls.call(node), this._callOf(node));
      case 'MemberExpression':
        return this._elements?.render(node) ?? this._calls.member(node);
      case 'NewExpression':
        return this._calls.construct(node);
      case 'MetaProperty':
        return node.meta.name === 'import' ? '$meta' : this.verbatim(node);
      case 'TaggedTemplateExpression':
        return this.hold(this.verbatim(node), this._callOf(node));
      case 'Identifier':
        if (RESERVED.test(node.name)) throw this.refusal(node, `the name ${node.name} is the checker's own`);
        return node.name;
      default:
        return this._elements?.render(node) ?? this.verbatim(node);
    }
  }

  verbatim(node: AnyNode, from = node.start, to = node.end): string {
    return this.between(childrenOf(node), from, to);
  }

  between(nodes: readonly AnyNode[], from: number, to: number): string {
    const { text } = this._module;
    let rendered = '';
    let at = from;
    for (const node of nodes) {
      if (node.start < from || node.end > to) continue;
      rendered += text.slice(at, node.start) + this.render(node);
      at = node.end;
    }
    return rendered + text.slice(at, to);
  }

  hold(rendered: string, call: Call): string {
    if (!this._held.mayHold(call, this._module.facts)) return rendered;
    return this.run(rendered, call.node, call.name);
  }

  run(rendered: string, node: AnyNode, name: string | undefined): string {
    if (this._held.isHeld(this._body)) return `(($t = ${rendered}) instanceof $G ? yield* $t : $t)`;
    return `$plain(${rendered}, ${this.what(node, name)})`;
  }

  temporary(): string {
    const name = `$v${++this._count}`;
    this._temporaries.push(name);
    return name;
  }

  isInHeld(): boolean {
    return this._held.isHeld(this._body);
  }

  refusal(node: AnyNode, why: string): Error {
    return new Error(`loaded ${this._place(node)} for the checker: ${why}`);
  }

  private _place(node: AnyNode): string {
    return `${this._module.name}:${lineAt(this._module.text, node.start)}`;
  }

  what(node: AnyNode, name: string | undefined): string {
    const { unheld } = this._body;
    const called = name === undefined ? 'a function' : `${name}()`;
    const where = unheld ?? (this._body.givenTo ? 'a callback of a built-in' : 'a function that is held');
    return JSON.stringify(`${called}, called in ${where} at ${this._place(node)},`);
  }

  /** Transforms code that belongs to another body. */
  private _within(body: Body, render: () => string): string {
    const outer = { body: this._body, temporaries: this._temporaries };
    this._body = body;
    this._temporaries = [];
    const rendered = render();
    const declared = ['$t', ...this._temporaries];
    this._body = outer.body;
    this._temporaries = outer.temporaries;
    if (!this._held.isHeld(body)) return rendered;
    const at = rendered.indexOf('{') + 1;
    return `${rendered.slice(0, at)}let ${declared.join(', ')};${rendered.slice(at)}`;
  }

  private _function(node: FunctionNode): string {
    const body = this._module.facts.bodyOf.get(node);
    if (body === undefined) return this._module.text.slice(node.start, node.end);
    if (node.type === 'ArrowFunctionExpression') return this._arrow(node, body);
    const head = this._head(node, body, node.start, node.body.start);
    const block = this._within(body, () => this.verbatim(node.body));
    // A method's function begins with its parameters; its key gets the star.
    if (!this._held.isHeld(body) || !head.startsWith('function')) return head + block;
    return `function*${head.slice('function'.length)}${block}`;
  }

  /** The parameters: default values are run when the function is called, before it can be held. */
  private _head(node: FunctionNode, body: Body, from: number, to: number): string {
    return this._within(body.defaults!, () => this.between(node.params, from, to));
  }

  private _arrow(node: ArrowFunctionExpression, body: Body): string {
    const { arrows } = this._module;
    const from = node.params.at(-1)?.end ?? node.start;
    const arrow = arrows.find((at) => at >= from)!;
    const head = this._head(node, body, node.start, arrow);
    if (!this._held.isHeld(body)) {
      return head + this._within(body, () => this.verbatim(node, arrow));
    }
    const own = ownOfFunction(node);
    if (own !== undefined) {
      const said = this._module.text.slice(own.start, own.end);
      throw this.refusal(own, `an arrow function that is held may not say ${said}; name it outside of it`);
    }
    const parameters = head.trimStart().startsWith('(') ? head : `(${head})`;
    const block = this._within(body, () =>
      node.expression ? `{ return (${this.verbatim(node, arrow + 2)}); }` : this.verbatim(node, arrow + 2),
    );
    const bound = mentions(node.body, 'ThisExpression') ? '.bind(this)' : '';
    return `(function*${parameters}${block})${bound}`;
  }

  private _property(node: AnyNode & { type: 'MethodDefinition' | 'Property' }): string {
    const isMethod = node.type === 'MethodDefinition' ? node.kind === 'method' : node.method;
    if (!isMethod || !isFunction(node.value)) return this.verbatim(node);
    const body = this._module.facts.bodyOf.get(node.value)!;
    const star = this._held.isHeld(body) ? '*' : '';
    const { text } = this._module;
    const keyStart = node.computed ? text.lastIndexOf('[', node.key.start) : node.key.start;
    const before = text.slice(node.start, keyStart);
    if (keyName(node.key, node.computed) === ITERATOR_NAME && body.unheld === undefined) {
      return this._iteratorMethod(node, before, star);
    }
    // The field before may have no semicolon, and would be multiplied.
    const end = star !== '' && node.type === 'MethodDefinition' ? ';' : '';
    return end + before + star + this.verbatim(node, keyStart);
  }

  /** Two methods: one for held code, and one for the engine, which cannot be held. */
  private _iteratorMethod(
    node: AnyNode & { type: 'MethodDefinition' | 'Property' },
    before: string,
    star: string,
  ): string {
    const what = JSON.stringify(`a spread, a pattern or a built-in that goes through ${this._place(node)}`);
    const separator = node.type === 'Property' ? ',' : '';
    return (
      `${before}[Symbol.iterator]() { return $plainIterator(this, ${what}); }${separator} ` +
      `${before}${star}[$iteratorKey]${this.verbatim(node, node.value!.start)}`
    );
  }

  private _initialiser(node: AnyNode & { type: 'PropertyDefinition' }): string {
    const { text } = this._module;
    const { key, value } = node;
    const rendered = node.computed
      ? text.slice(node.start, key.start) + this.render(key) + text.slice(key.end, value?.start ?? node.end)
      : text.slice(node.start, value?.start ?? node.end);
    if (!value) return rendered;
    const body = this._module.facts.bodyOf.get(node)!;
    return rendered + this._within(body, () => this.render(value)) + text.slice(value.end, node.end);
  }

  private _declaration(node: VariableDeclaration): string {
    if (node.kind === 'using' || node.kind === 'await using') {
      throw this.refusal(
        node,
        `the engine disposes of what ${node.kind} declares, and cannot be held in that; ` +
          'dispose of it in a finally, where held code does it',
      );
    }
    return this.verbatim(node);
  }

  private _statement(node: AnyNode & { type: 'ExpressionStatement' }): string {
    const { expression } = node;
    const { text } = this._module;
    // Nobody looks at the value: a model may do with less.
    const discarded = isLoad(expression)
      ? this._calls.discardedLoad(expression)
      : this._elements?.discardedAssignment(expression);
    const rendered =
      discarded === undefined
        ? this.verbatim(node)
        : text.slice(node.start, expression.start) + discarded + text.slice(expression.end, node.end);
    // Else it would become the arguments of a line before that has no semicolon.
    return rendered.startsWith('(') && text[node.start] !== '(' ? `void 0, ${rendered}` : rendered;
  }

  private _loop(node: ForOfStatement): string {
    const { facts, text } = this._module;
    if (node.await || !this._held.mayIterate(node.right, facts)) return this.verbatim(node);
    const n = ++this._count;
    const iterator = this.run(`$iterator(${this.render(node.right)})`, node.right, '[Symbol.iterator]');
    const next = this.run(`$i${n}.next()`, node.right, 'next');
    const isDeclared = node.left.type === 'VariableDeclaration';
    const left = this.render(node.left);
    const assigned = isDeclared ? `${left} = $n${n}.value;` : `(${left} = $n${n}.value);`;
    // The breaks of the lines that are left out between the parts.
    const breaks =
      lineBreaks(text.slice(node.start, node.left.start)) +
      lineBreaks(text.slice(node.left.end, node.right.start)) +
      lineBreaks(text.slice(node.right.end, node.body.start));
    const head = `for (let $i${n} = ${iterator}, $n${n}; !($n${n} = ${next}).done;)`;
    return `${head} { ${breaks}${assigned} ${this.render(node.body)} }`;
  }

  private _callOf(node: AnyNode): Call {
    return this._module.facts.callOf.get(node)!;
  }
}
