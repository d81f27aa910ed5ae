/**
 * Patches: the shipped code with one line wrong. A patch is written against the .ts source and applied to that
 * or to what it was compiled to, so it is found whatever its white space and its trailing commas.
 */
export interface Patch {
  /** End of the module's path, such as 'src/threads/turn.ts'; .ts and .js are alike. */
  readonly file: string;
  /** Occurs in the module exactly once. */
  readonly find: string;
  readonly replace: string;
}

const OPENERS = '([{,';
const CLOSERS = ')]}';

function withoutExtension(path: string): string {
  return path.replaceAll('\\', '/').replace(/\.[cm]?[jt]s$/, '');
}

/** True when the patch is for the module at `path`. */
export function isPatchFor(patch: Patch, path: string): boolean {
  return `/${withoutExtension(path)}`.endsWith(`/${withoutExtension(patch.file)}`);
}

/** Finds `text` blind to differences of white space, and to a comma before a closing bracket. */
export function looseExpression(text: string): RegExp {
  const tokens = text.match(/[\w$]+|[^\s\w$]/g) ?? [];
  let pattern = '';
  tokens.forEach((token, i) => {
    const before = tokens[i - 1];
    const after = tokens[i + 1];
    if (before !== undefined) pattern += isWord(before) && isWord(token) ? '\\s+' : '\\s*';
    if (token === ',' && after !== undefined && CLOSERS.includes(after)) return;
    const mayFollowComma = before !== undefined && !OPENERS.includes(before) && CLOSERS.includes(token);
    if (mayFollowComma || (before === ',' && CLOSERS.includes(token))) pattern += '(?:,\\s*)?';
    pattern += token.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  });
  return new RegExp(pattern, 'g');
}

function isWord(token: string): boolean {
  return /^[\w$]/.test(token);
}

/**
 * The module's text with its patches in it. Lines keep their numbers unless the replacement has more of them.
 *
 * Errors   Error where a patch is not found exactly once.
 */
export function applyPatches(path: string, text: string, patches: readonly Patch[]): string {
  return patches.reduce((patched, patch) => {
    if (!isPatchFor(patch, path)) return patched;
    const found = patch.find.trim() === '' ? [] : [...patched.matchAll(looseExpression(patch.find))];
    const [match] = found;
    if (match === undefined || found.length > 1) {
      throw new Error(
        `patched ${patch.file}: found ${JSON.stringify(patch.find)} ${found.length} times in ${path}; it must ` +
          'be there exactly once, so take more or less of the text round it',
      );
    }
    const end = match.index + match[0].length;
    const missing = lineBreaks(match[0]) - lineBreaks(patch.replace);
    // At the end of the line: elsewhere a line break may end a statement.
    const next = patched.indexOf('\n', end);
    const lineEnd = next < 0 ? patched.length : next;
    return (
      patched.slice(0, match.index) +
      patch.replace +
      patched.slice(end, lineEnd) +
      '\n'.repeat(Math.max(0, missing)) +
      patched.slice(lineEnd)
    );
  }, text);
}

function lineBreaks(text: string): number {
  return text.split('\n').length - 1;
}

/** Errors   Error for a patch that is for none of the modules. */
export function requireAllApplied(patches: readonly Patch[], paths: Iterable<string>): void {
  const all = [...paths];
  for (const patch of patches) {
    if (all.some((path) => isPatchFor(patch, path))) continue;
    throw new Error(
      `patched ${patch.file}, which is not among the ${all.length} modules that were loaded: give the end of ` +
        'the path of one that the entries import',
    );
  }
}
