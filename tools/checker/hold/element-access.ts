/**
 * Reads and writes of array elements as calls that may be held, for user code that shares typed arrays:
 *
 *     a[i]         H($get(a, i))
 *     a[i] = v;    H($set(a, i, v));
 *     a[i] += v    (a' = a, i' = i, v' = H($get(a', i')) + v, H($set(a', i', v')), v')
 *
 * The caller of the loader gives $get and $set; what $set gives is not looked at. Keys that are names in quotes
 * are left alone, and so is what is called: `a[i]()`.
 */
import type { AnyNode, AssignmentExpression, UpdateExpression } from 'acorn';
import type { Renderer } from './renderer.js';
import { childrenOf, type Element, isElement, isFunction } from './syntax.js';

export class ElementAccess {
  private readonly _renderer: Renderer;

  constructor(renderer: Renderer) {
    this._renderer = renderer;
  }

  /** The node transformed; undefined where it is no access of an element. */
  render(node: AnyNode): string | undefined {
    switch (node.type) {
      case 'MemberExpression':
        return isElement(node) && !node.optional ? this._read(node) : undefined;
      case 'AssignmentExpression':
        return this._assignment(node);
      case 'UpdateExpression':
        return isElement(node.argument) ? this._update(node, node.argument) : undefined;
      case 'UnaryExpression':
        if (node.operator !== 'delete' || !isElement(node.argument)) return undefined;
        return `delete ${this._renderer.verbatim(node.argument)}`;
      case 'ForInStatement':
        this.requireNoElements(node.left);
        return undefined;
      default:
        return undefined;
    }
  }

  /** `a?.[i]`, and `a[i]` at the end of an optional chain. */
  chain(node: AnyNode & { type: 'ChainExpression' }): string | undefined {
    const { expression } = node;
    if (!isElement(expression)) return undefined;
    const { object, property } = expression;
    const array = this._renderer.render(object);
    const key = this._renderer.render(property);
    const get = (kept: string) => this._renderer.run(`$get(${kept}, ${key})`, node, '$get');
    if (!this._renderer.isInHeld())
      return `(($array) => $array == null ? undefined : ${get('$array')})(${array})`;
    const kept = this._renderer.temporary();
    return `((${kept} = ${array}) == null ? undefined : ${get(kept)})`;
  }

  /** Refuses a pattern that assigns to an element: nothing could be held there. */
  requireNoElements(pattern: AnyNode): void {
    if (isElement(pattern)) {
      throw this._renderer.refusal(pattern, 'an element of an array is assigned by a pattern; use =');
    }
    if (isFunction(pattern)) return;
    if (!/Pattern$|^Property$|^RestElement$/.test(pattern.type)) return;
    for (const child of childrenOf(pattern)) this.requireNoElements(child);
  }

  private _read(node: Element): string {
    const { object, property } = node;
    const { render, run } = this._bound();
    return run(`$get(${render(object)}, ${render(property)})`, node, '$get');
  }

  /** An assignment whose value nobody looks at; undefined where it is none to an element. */
  discardedAssignment(node: AnyNode): string | undefined {
    if (node.type !== 'AssignmentExpression' || node.operator !== '=' || !isElement(node.left))
      return undefined;
    const { render, run } = this._bound();
    const { object, property } = node.left;
    return run(`$set(${render(object)}, ${render(property)}, ${render(node.right)})`, node, '$set');
  }

  private _assignment(node: AssignmentExpression): string | undefined {
    const { left, operator, right } = node;
    if (!isElement(left)) {
      this.requireNoElements(left);
      return undefined;
    }
    const { render, run } = this._bound();
    return this._once(node, left, (array, key, _old, fresh) => {
      const set = (value: string) =>
        `(${fresh} = ${value}, ${run(`$set(${array}, ${key}, ${fresh})`, node, '$set')}, ${fresh})`;
      const operand = `(${render(right)})`;
      if (operator === '=') return set(operand);
      const value = run(`$get(${array}, ${key})`, left, '$get');
      const plain = operator.slice(0, -1);
      const isLogical = ['&&', '||', '??'].includes(plain);
      return isLogical ? `(${value} ${plain} ${set(operand)})` : set(`${value} ${plain} ${operand}`);
    });
  }

  private _update(node: UpdateExpression, target: Element): string {
    const { run } = this._bound();
    return this._once(node, target, (array, key, old, fresh) => {
      const value = run(`$get(${array}, ${key})`, target, '$get');
      const set = run(`$set(${array}, ${key}, ${fresh})`, node, '$set');
      const step = node.prefix ? `${node.operator}${fresh}` : `${old} = ${fresh}${node.operator}`;
      return `(${fresh} = ${value}, ${step}, ${set}, ${node.prefix ? fresh : old})`;
    });
  }

  /** Evaluates the array and the key once, for an access that needs them twice. */
  private _once(
    node: AnyNode,
    { object, property }: Element,
    access: (array: string, key: string, old: string, fresh: string) => string,
  ): string {
    const { render, temporary } = this._bound();
    if (this._renderer.isInHeld()) {
      const [array, key, old, fresh] = [temporary(), temporary(), temporary(), temporary()] as const;
      return `(${array} = ${render(object)}, ${key} = ${render(property)}, ${access(array, key, old, fresh)})`;
    }
    if (mentionsAwait(node)) {
      throw this._renderer.refusal(node, 'an element of an array is changed over an await; read it before');
    }
    const inner = access('$array', '$key', '$old', '$fresh');
    return `(($array, $key, $old, $fresh) => ${inner})(${render(object)}, ${render(property)})`;
  }

  private _bound(): {
    render: (node: AnyNode) => string;
    run: Renderer['run'];
    temporary: () => string;
  } {
    const renderer = this._renderer;
    return {
      render: (node) => renderer.render(node),
      run: (rendered, node, name) => renderer.run(rendered, node, name),
      temporary: () => renderer.temporary(),
    };
  }
}

function mentionsAwait(node: AnyNode): boolean {
  if (node.type === 'AwaitExpression' || node.type === 'YieldExpression') return true;
  return childrenOf(node).some((child) => !isFunction(child) && mentionsAwait(child));
}
