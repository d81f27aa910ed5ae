/**
 * Calls in held code, before what runs them is put round: functions that are passed to something of the language
 * are made such that it can call them, and optional chains are taken apart where a call in them may be held.
 *
 *     a?.b().c          H(a?.b())?.c                  where H holds
 *     a.map(f)          $call(a, 'map', what, f)      finds out whether this is the map of arrays
 *     setTimeout(f)     setTimeout($callback(f, what))
 */
import type { AnyNode, CallExpression, MemberExpression, NewExpression } from 'acorn';
import { takesCallbacks, takesTasks } from './built-ins.js';
import type { HeldFunctions } from './held-functions.js';
import type { Call } from './module-facts.js';
import type { ParsedModule } from './module-text.js';
import { lineBreaks, type Renderer } from './renderer.js';
import { ITERATOR_NAME, isFunction, isNoFunction, keyName } from './syntax.js';

export class HeldCalls {
  private readonly _renderer: Renderer;
  private readonly _module: ParsedModule;
  private readonly _held: HeldFunctions;

  constructor(renderer: Renderer, module: ParsedModule, held: HeldFunctions) {
    this._renderer = renderer;
    this._module = module;
    this._held = held;
  }

  /** A call, as a call. */
  call(node: CallExpression): string {
    const { callee } = node;
    const call = this._callOf(node);
    const isMethod = callee.type === 'MemberExpression' && call.isProperty && !isOptional(node);
    if (isMethod && call.name === ITERATOR_NAME) return this._iteratorCall(callee);
    if (isMethod && callee.object.type !== 'Super' && this._mayTakeHeldFunction(node, call)) {
      return this._callWithCallbacks(node, callee, call);
    }
    // A method is called on what it is taken from, so that is left as it is.
    const target = callee.type === 'MemberExpression' ? this.member(callee) : this._renderer.render(callee);
    const link = !node.optional && this._endsChain(callee) ? '?.' : '';
    return this._module.text.slice(node.start, callee.start) + target + link + this._arguments(node, call);
  }

  /** A `new`, which is never held. */
  construct(node: NewExpression): string {
    const { callee } = node;
    const { text } = this._module;
    const rendered = this._renderer.render(callee);
    const target = rendered === text.slice(callee.start, callee.end) ? rendered : `(${rendered})`;
    return text.slice(node.start, callee.start) + target + this._arguments(node, this._callOf(node));
  }

  /**
   * A member. After a call in the middle of an optional chain that may be held, the chain goes on as a new one:
   * it gives undefined where the old one would have failed because the call returned nothing.
   */
  member(node: MemberExpression): string {
    if (node.optional || !this._endsChain(node.object)) return this._renderer.verbatim(node);
    const rest = this._renderer.verbatim(node, node.object.end).replace(/^(\s*)\.?/, '$1');
    return `${this._renderer.render(node.object)}?.${rest}`;
  }

  /** A load whose result nobody looks at: it is told so by one more argument. */
  discardedLoad(node: CallExpression): string {
    const end = node.arguments.at(-1)!.end;
    const load = `${this._renderer.verbatim(node, node.start, end)}, true${this._module.text.slice(end, node.end)}`;
    return this._renderer.hold(load, this._callOf(node));
  }

  private _iteratorCall(callee: MemberExpression): string {
    if (callee.object.type === 'Super') return 'super[$iteratorKey]()';
    return `$iterator(${this._renderer.render(callee.object)})`;
  }

  /** True for a call that may be held, in the middle of an optional chain. */
  private _endsChain(node: AnyNode): boolean {
    return (
      node.type === 'CallExpression' &&
      isOptional(node) &&
      this._held.mayHold(this._callOf(node), this._module.facts)
    );
  }

  private _mayTakeHeldFunction(node: CallExpression, { name }: Call): boolean {
    return takesCallbacks(name ?? '') && node.arguments.some((argument) => this._mayBeHeldFunction(argument));
  }

  private _callWithCallbacks(node: CallExpression, callee: MemberExpression, call: Call): string {
    const from = node.arguments[0]!.start;
    const breaks = lineBreaks(this._module.text.slice(callee.object.end, from));
    const receiver = this._renderer.render(callee.object);
    const rest = this._renderer.between(node.arguments, from, node.end);
    const what = this._renderer.what(node, call.name);
    return `$call(${receiver}, ${JSON.stringify(call.name)}, ${what}, ${breaks}${rest}`;
  }

  /** The arguments, with functions among them that are not called by held code. */
  private _arguments(node: CallExpression | NewExpression, call: Call): string {
    const { text, facts } = this._module;
    const from = node.callee.end;
    const isTask = this._held.isOfLanguage(call, facts) && takesTasks(call.name ?? '');
    if (!call.isOfPackage && !isTask) return this._renderer.between(node.arguments, from, node.end);
    let rendered = '';
    let at = from;
    for (const argument of node.arguments) {
      const value = this._renderer.render(argument);
      const isWrapped = argument.type !== 'SpreadElement' && this._mayBeHeldFunction(argument);
      const passed = isWrapped ? `$callback(${value}, ${this._renderer.what(node, call.name)})` : value;
      rendered += text.slice(at, argument.start) + passed;
      at = argument.end;
    }
    return rendered + text.slice(at, node.end);
  }

  private _mayBeHeldFunction(node: AnyNode): boolean {
    if (isFunction(node)) return this._held.isHeld(this._module.facts.bodyOf.get(node)!);
    return !isNoFunction(node);
  }

  private _callOf(node: AnyNode): Call {
    return this._module.facts.callOf.get(node)!;
  }
}

/** True for `words.load(i)` and `Atomics.load(array, i)`. */
export function isLoad(node: AnyNode): node is CallExpression {
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return false;
  const { object, property, computed } = node.callee;
  const isOfAtomics = object.type === 'Identifier' && object.name === 'Atomics';
  return keyName(property, computed) === 'load' && node.arguments.length === (isOfAtomics ? 2 : 1);
}

function isOptional(node: AnyNode): boolean {
  if (node.type === 'CallExpression') return node.optional || isOptional(node.callee);
  return node.type === 'MemberExpression' && (node.optional || isOptional(node.object));
}
