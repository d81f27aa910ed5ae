/** Words that have something done before each access: for tests of what comes between two of them. */
import type { Words } from '../../src/words/words.js';
import { ACCESSES } from '../../tools/torture/accesses.js';

/**
 * Has `before` called before each access through `words` that is one of `names`; where it throws, there is no access.
 * @returns a function that ends it
 */
export function beforeEachAccess(
  words: Words,
  before: (name: string, given: readonly unknown[]) => void,
  names: readonly string[] = ACCESSES,
): () => void {
  const methods = words as unknown as Record<string, (...given: unknown[]) => unknown>;
  const accesses = names.map((name) => [name, methods[name]!.bind(words)] as const);
  for (const [name, access] of accesses) {
    methods[name] = (...given) => {
      before(name, given);
      return access(...given);
    };
  }
  return () => void Object.assign(words, Object.fromEntries(accesses));
}
