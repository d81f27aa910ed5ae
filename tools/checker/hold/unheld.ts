/** What can never be held: code that the language runs by itself, or that gives more than one result. */
import type { AnyNode } from 'acorn';
import { type FunctionNode, ITERATOR_NAME, keyName } from './syntax.js';

/** Why a body can never be held. */
export type Unheld =
  | 'a constructor'
  | 'an accessor'
  | 'a static block'
  | 'a field initialiser'
  | 'a default parameter value'
  | 'a generator'
  | 'an async function'
  | 'a method that the engine calls'
  | 'the top level of a module';

/** All that the engine calls by a symbol, but for what held code calls as well: it runs no `using` here. */
const ENGINE_CALLED = /^(@@(?!(iterator|asyncIterator|dispose)$).*|toString|valueOf|toJSON)$/;

/** Why the function cannot be held, by itself and by what stands above it; undefined where it can. */
export function unheldAs(node: FunctionNode, above: AnyNode | undefined): Unheld | undefined {
  if (node.async) return 'an async function';
  if (node.generator) return 'a generator';
  if (above?.type !== 'MethodDefinition' && above?.type !== 'Property') return undefined;
  if (above.kind === 'constructor') return 'a constructor';
  if (above.kind === 'get' || above.kind === 'set') return 'an accessor';
  const name = keyName(above.key, above.computed);
  if (name === undefined || name === ITERATOR_NAME) return undefined;
  return ENGINE_CALLED.test(name) ? 'a method that the engine calls' : undefined;
}
