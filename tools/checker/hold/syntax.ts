/** Reading a parsed module: what the facts and the transformation both ask of a node. */
import type {
  AnonymousFunctionDeclaration,
  AnyNode,
  ArrowFunctionExpression,
  CallExpression,
  Expression,
  FunctionDeclaration,
  FunctionExpression,
  MemberExpression,
  PrivateIdentifier,
} from 'acorn';

export type FunctionNode =
  | FunctionDeclaration
  | AnonymousFunctionDeclaration
  | FunctionExpression
  | ArrowFunctionExpression;

/** What a method under the key [Symbol.iterator] is called here. */
export const ITERATOR_NAME = '@@iterator';

/** A syntax tree node of any kind, or something else. */
export function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && typeof (value as AnyNode).type === 'string';
}

/** The nodes right below a node, in the order of the text. */
export function childrenOf(node: AnyNode): AnyNode[] {
  const children: AnyNode[] = [];
  for (const [key, value] of Object.entries(node)) {
    // Of `{ name }` key and value are the same text.
    if (key === 'key' && node.type === 'Property' && node.shorthand) continue;
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) children.push(item);
    } else if (isNode(value)) children.push(value);
  }
  return children.sort((a, b) => a.start - b.start);
}

export function isFunction(node: AnyNode | null | undefined): node is FunctionNode {
  return (
    node?.type === 'FunctionDeclaration' ||
    node?.type === 'FunctionExpression' ||
    node?.type === 'ArrowFunctionExpression'
  );
}

/** True for the `Symbol.name` of a well-known symbol. */
function isWellKnownSymbol(node: AnyNode): node is MemberExpression {
  return (
    node.type === 'MemberExpression' && node.object.type === 'Identifier' && node.object.name === 'Symbol'
  );
}

/** The name under which a property or method is kept; undefined when that is computed. */
export function keyName(key: Expression | PrivateIdentifier, computed: boolean): string | undefined {
  if (key.type === 'PrivateIdentifier') return `#${key.name}`;
  if (key.type === 'Literal') return String(key.value);
  if (computed) {
    if (!isWellKnownSymbol(key) || key.property.type !== 'Identifier') return undefined;
    return `@@${key.property.name}`;
  }
  return key.type === 'Identifier' ? key.name : undefined;
}

/** `a[i]`, whose key is not a name in quotes. */
export type Element = MemberExpression & { object: Expression; property: Expression };

export function isElement(node: AnyNode): node is Element {
  if (node.type !== 'MemberExpression' || !node.computed || node.object.type === 'Super') return false;
  const isIndex = node.property.type === 'Literal' && typeof node.property.value === 'number';
  return isIndex || keyName(node.property, true) === undefined;
}

/** What a call calls: a binding or a property of this name, and the identifier at the left of it all. */
export interface Callee {
  readonly name: string | undefined;
  readonly isProperty: boolean;
  readonly root: string | undefined;
}

function rootOf(node: AnyNode): string | undefined {
  if (node.type === 'Identifier') return node.name;
  if (node.type === 'MemberExpression') return rootOf(node.object);
  return node.type === 'ChainExpression' ? rootOf(node.expression) : undefined;
}

/** True for `_m.f.call(void 0, ...)`, which is how a call of an imported function is compiled. */
function isCallOfImport(call: AnyNode): call is CallExpression & { callee: MemberExpression } {
  if (call.type !== 'CallExpression' || call.callee.type !== 'MemberExpression') return false;
  const [first] = call.arguments;
  const isVoid = first?.type === 'UnaryExpression' && first.operator === 'void';
  return isVoid && keyName(call.callee.property, call.callee.computed) === 'call';
}

/** What the call node calls. `imports` are the names that stand for imported modules. */
export function calleeOf(call: AnyNode, target: AnyNode, imports: { has(name: string): boolean }): Callee {
  const callee = target.type === 'SequenceExpression' ? target.expressions.at(-1)! : target;
  if (callee.type === 'Identifier') return { name: callee.name, isProperty: false, root: callee.name };
  if (callee.type === 'ChainExpression') return calleeOf(call, callee.expression, imports);
  if (callee.type !== 'MemberExpression') return { name: undefined, isProperty: false, root: undefined };
  const root = rootOf(callee);
  if (isCallOfImport(call) && root !== undefined && imports.has(root)) {
    const inner = callee.object as MemberExpression;
    return { name: keyName(inner.property, inner.computed), isProperty: false, root };
  }
  const { object } = callee;
  const isOfImport = object.type === 'Identifier' && imports.has(object.name);
  return { name: keyName(callee.property, callee.computed), isProperty: !isOfImport, root };
}

/** The identifiers that a pattern binds. */
export function boundNames(pattern: AnyNode | null): string[] {
  switch (pattern?.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((p) => boundNames(p.type === 'Property' ? p.value : p));
    case 'ArrayPattern':
      return pattern.elements.flatMap(boundNames);
    case 'RestElement':
      return boundNames(pattern.argument);
    case 'AssignmentPattern':
      return boundNames(pattern.left);
    default:
      return [];
  }
}

/** True for an expression that cannot be a function: nothing is called by the name that it is given. */
export function isNoFunction(node: AnyNode | null | undefined): boolean {
  switch (node?.type) {
    case undefined:
    case 'Literal':
    case 'TemplateLiteral':
    case 'ArrayExpression':
    case 'ObjectExpression':
    case 'BinaryExpression':
    case 'UnaryExpression':
    case 'UpdateExpression':
    case 'NewExpression':
    case 'ClassExpression':
      return true;
    default:
      return isFunction(node);
  }
}

/** Number of the line, from 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** The first thing in an arrow that only a function with a `this` of its own has: `super`, `new.target`, `arguments`. */
export function ownOfFunction(node: AnyNode): AnyNode | undefined {
  for (const child of childrenOf(node)) {
    if (child.type === 'Super' || isNewTarget(child) || isArguments(child)) return child;
    const own = hasOwnThis(child) ? undefined : ownOfFunction(child);
    if (own !== undefined) return own;
  }
  return undefined;
}

/** True where a node of this type is in it, outside of functions that have a `this` of their own. */
export function mentions(node: AnyNode, type: AnyNode['type']): boolean {
  if (node.type === type) return true;
  return childrenOf(node).some((child) => !hasOwnThis(child) && mentions(child, type));
}

function hasOwnThis(node: AnyNode): boolean {
  return isFunction(node) && node.type !== 'ArrowFunctionExpression';
}

function isNewTarget(node: AnyNode): boolean {
  return node.type === 'MetaProperty' && node.meta.name === 'new';
}

function isArguments(node: AnyNode): boolean {
  return node.type === 'Identifier' && node.name === 'arguments';
}
