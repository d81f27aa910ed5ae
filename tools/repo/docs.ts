/**
 * Rule `docs`: what a page names exists. In README.md, CONTRIBUTING.md, bench/README.md and docs/
 *
 *     `src/pages/buddy.ts`, `pages/`, `*.test.ts`    a file or folder, from the root, the page, or by its end
 *     [text](../README.md#heading)                   a file and a heading of it
 *     `freePages()`, `heap.map()`                    a function or method that the code declares or calls
 *     `turn:P1`                                      an ordering pair that comments of src/ name
 *     npm run check, npm test                        a script of package.json
 *
 * A name with an underscore is the kernel's (`call_rcu()`), a path with `<angle brackets>` stands for many:
 * of it only the folder must exist. Paths in dist/ are traced back to their source.
 */
import { posix } from 'node:path';
import type { Finding } from './finding.js';
import {
  anchorsOf,
  codeSpansOf,
  type MarkdownPage,
  npmScriptsOf,
  relativeLinksOf,
  type Span,
} from './markdown.js';

const RULE = 'docs';
const ROOT_FOLDERS = /^(?:\.\.?|src|tools|tests|bench|docs|dist|\.ci)\//;
const FILE_NAME = /^[\w.@*<>/-]+\.(?:ts|js|mjs|json|md|sh|c|h|html|yml|svg|txt)$/;
const FOLDER_NAME = /^[\w.@*<>-]+(?:\/[\w.@*<>-]+)*\/$/;
const PAIR = /^[a-z][\w-]*:P\d+$/;
const CALL = /^([\w$.#]+)\(.*\)$/;

/** What the repository holds, for the pages to name. */
export type Known = {
  /** Paths of all files, from the root. */
  readonly files: readonly string[];
  /** Names that functions and methods go by. */
  readonly callables: ReadonlySet<string>;
  /** Full names of ordering pairs. */
  readonly pairs: ReadonlySet<string>;
  /** Names of the scripts in package.json. */
  readonly scripts: ReadonlySet<string>;
  /** Names of packages, some of which look like files. */
  readonly packages: ReadonlySet<string>;
};

export function checkDocs(pages: readonly MarkdownPage[], known: Known): Finding[] {
  const paths = new Set(known.files.flatMap(withFolders));
  return pages.flatMap((page) => {
    const report = (span: Span, problem: string, remedy: string): Finding => ({
      path: page.path,
      line: span.line,
      rule: RULE,
      problem,
      remedy,
    });
    const spans = codeSpansOf(page);
    return [
      ...spans
        .flatMap((span) => pathsIn(span).filter(({ text }) => !known.packages.has(text)))
        .filter(({ text }) => !pathExists(page.path, text, paths))
        .map((span) =>
          report(
            span,
            `\`${span.text}\` is no file or folder here`,
            'correct the path, or write it without backticks if it is not meant as one',
          ),
        ),
      ...spans
        .filter(({ text }) => !callExists(text, known.callables))
        .map((span) =>
          report(span, `\`${span.text}\` is no function or method of the code`, 'correct the name'),
        ),
      ...spans
        .filter(({ text }) => PAIR.test(text) && !known.pairs.has(text))
        .map((span) => report(span, `\`${span.text}\` is no ordering pair of the code`, 'correct the name')),
      ...relativeLinksOf(page)
        .filter(({ text }) => !linkExists(page, text, paths, pages))
        .map((span) =>
          report(span, `the link to ${span.text} leads nowhere`, 'correct the path or the heading'),
        ),
      ...npmScriptsOf(page)
        .filter(({ text }) => !known.scripts.has(text))
        .map((span) =>
          report(
            span,
            `package.json has no script '${span.text}'`,
            `name one of ${[...known.scripts].join(', ')}`,
          ),
        ),
    ];
  });
}

/** A path and every folder above it. */
function withFolders(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** What of a code span is meant as a path: the whole of it, or, of a command, the words that name a root folder. */
function pathsIn(span: Span): Span[] {
  const strip = (text: string): string => text.replace(/(?::\d+)+$/, '').replace(/#.*$/, '');
  const words = span.text.split(/\s+/);
  const isPath = (text: string): boolean =>
    ROOT_FOLDERS.test(text) || (words.length === 1 && (FILE_NAME.test(text) || FOLDER_NAME.test(text)));
  return words.map((word) => ({ line: span.line, text: strip(word) })).filter(({ text }) => isPath(text));
}

function pathExists(page: string, written: string, paths: ReadonlySet<string>): boolean {
  const path = sourceOf(written.replace(/\/$/, ''));
  if (path.includes('<')) {
    const folder = path.split('/').slice(
      0,
      path.split('/').findIndex((part) => part.includes('<')),
    );
    return folder.length === 0 || pathExists(page, folder.join('/'), paths);
  }
  if (path.includes('*')) {
    const pattern = new RegExp(
      `(^|/)${path
        .split(/(\*\*\/?|\*)/)
        .map(patternPart)
        .join('')}$`,
    );
    return [...paths].some((known) => pattern.test(known));
  }
  const fromPage = posix.join(posix.dirname(page), path);
  if (paths.has(posix.normalize(path)) || paths.has(fromPage) || path === 'dist') return true;
  return !path.startsWith('.') && [...paths].some((known) => known.endsWith(`/${path}`));
}

function patternPart(part: string): string {
  if (part.startsWith('**')) return '.*';
  return part === '*' ? '[^/]*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
}

/** The source that the build makes a file of dist/ from. */
function sourceOf(path: string): string {
  if (!path.startsWith('dist/')) return path;
  const source = path.startsWith('dist/bin/')
    ? path.replace('dist/bin/', 'tools/cli/')
    : path.slice('dist/'.length);
  return source === 'bin' ? 'tools/cli' : source.replace(/(\.d\.ts|\.js)$/, '.ts');
}

function callExists(text: string, callables: ReadonlySet<string>): boolean {
  const written = CALL.exec(text)?.[1];
  if (written === undefined || written.includes('_')) return true;
  const names = written.split('.');
  return callables.has(names.at(-1) ?? '') || isBuiltIn(names);
}

/** True for `structuredClone` and `Atomics.wait`: functions of the engine that runs this. */
function isBuiltIn(names: readonly string[]): boolean {
  let value: unknown = globalThis;
  for (const name of names) value = (value as Record<string, unknown> | null | undefined)?.[name];
  return typeof value === 'function';
}

function linkExists(
  page: MarkdownPage,
  target: string,
  paths: ReadonlySet<string>,
  pages: readonly MarkdownPage[],
): boolean {
  const [written = '', anchor] = target.split('#');
  const path =
    written === ''
      ? page.path
      : posix.join(posix.dirname(page.path), decodeURIComponent(written)).replace(/\/$/, '');
  if (!paths.has(path) && path !== '.') return false;
  const linked = pages.find((other) => other.path === path);
  return anchor === undefined || linked === undefined || anchorsOf(linked).has(anchor);
}
