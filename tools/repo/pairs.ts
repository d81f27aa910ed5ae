/**
 * Rule `pairs`: whoever reads an atomic operation learns what it is for. Each call of load, store, exchange,
 * compareExchange, add, and, or on Words in `src/` (outside `src/words/` and tests) has a comment on its line,
 * or within the three code lines above it, that
 *
 *     names the ordering pair it is one end of     `P1` of its own file, or `turn:P1` of another
 *     or says that there is none                   "counter only", "publishes nothing"
 *
 * Every pair named anywhere is mentioned in at least two places outside file heads: where it is published and
 * where it is observed. JavaScript offers one atomic order only, so the partner is all there is to explain.
 */
import ts from 'typescript';
import { type Comment, codeLinesOf, commentsOf } from './comments.js';
import type { Finding } from './finding.js';
import { areaOf, headOf, pairsIn, shortNamesOf } from './pair-names.js';
import { isShipped, lineAt, type SourceFile, walk } from './source-file.js';

const RULE = 'pairs';
const CODE_LINES_ABOVE = 3;
const ATOMIC_METHODS = new Set(['load', 'store', 'exchange', 'compareExchange', 'add', 'and', 'or']);
const NO_PAIR = /counter only|publishes nothing/i;

/** Where a pair is mentioned: `inHead` is its definition, which is neither end. */
type Mention = { readonly path: string; readonly line: number; readonly inHead: boolean };

export function checkPairs(files: readonly SourceFile[]): Finding[] {
  const shipped = files.filter((file) => isShipped(file.path));
  const withPairs = shipped.filter((file) => !file.path.startsWith('src/words/'));
  return [...withPairs.flatMap(checkSites), ...checkMentions(mentionsIn(shipped), areasOf(shipped))];
}

/** The full names of all pairs that comments of `src/` mention, for pages to name. */
export function pairNamesOf(files: readonly SourceFile[]): Set<string> {
  return new Set(mentionsIn(files.filter((file) => isShipped(file.path))).keys());
}

function mentionsIn(files: readonly SourceFile[]): Map<string, Mention[]> {
  const mentions = new Map<string, Mention[]>();
  for (const file of files) collectMentions(file, mentions);
  return mentions;
}

function collectMentions(file: SourceFile, mentions: Map<string, Mention[]>): void {
  const head = headOf(file);
  const shortNames = shortNamesOf(file, head);
  for (const comment of commentsOf(file)) {
    const inHead = comment.firstLine === head?.firstLine;
    for (const pair of pairsIn(comment.text, file.path, shortNames)) {
      const known = mentions.get(pair) ?? [];
      mentions.set(pair, [...known, { path: file.path, line: comment.firstLine, inHead }]);
    }
  }
}

function checkSites(file: SourceFile): Finding[] {
  const comments = commentsOf(file);
  const codeLines = codeLinesOf(file);
  const shortNames = shortNamesOf(file, headOf(file));
  const explains = ({ text }: Comment): boolean =>
    NO_PAIR.test(text) || pairsIn(text, file.path, shortNames).length > 0;
  return atomicCallsOf(file).flatMap((call) => {
    const line = lineAt(file, call.expression.name.getStart());
    const from = firstLineAbove(line, codeLines, comments);
    const near = comments.filter(
      ({ firstLine, lastLine }) => lastLine >= from && firstLine <= lineAt(file, call.end),
    );
    if (near.some(explains)) return [];
    return [
      {
        path: file.path,
        line,
        rule: RULE,
        problem: `${call.expression.getText()}() does not say what it pairs with`,
        remedy:
          'name the pair it publishes or observes (`P1` of this file, `area:P1` of another), or say "counter only" or "publishes nothing"',
      },
    ];
  });
}

type AtomicCall = ts.CallExpression & { readonly expression: ts.PropertyAccessExpression };

function atomicCallsOf(file: SourceFile): AtomicCall[] {
  const calls: AtomicCall[] = [];
  walk(file, (node) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
    const { name, expression: receiver } = node.expression;
    const receiverName = ts.isPropertyAccessExpression(receiver) ? receiver.name.text : receiver.getText();
    if (ATOMIC_METHODS.has(name.text) && /words$/i.test(receiverName)) calls.push(node as AtomicCall);
  });
  return calls;
}

/** The first line of the stretch above `line` that holds three lines of code, and the comments among and before them. */
function firstLineAbove(line: number, codeLines: ReadonlySet<number>, comments: readonly Comment[]): number {
  const commented = (at: number): boolean =>
    comments.some(({ firstLine, lastLine }) => firstLine <= at && at <= lastLine);
  let codeSeen = 0;
  let first = line;
  for (let at = line - 1; at > 0; at--) {
    if (codeLines.has(at) && ++codeSeen > CODE_LINES_ABOVE) break;
    if (codeLines.has(at) || commented(at)) first = at;
  }
  return first;
}

/** Everything that may stand before the colon of a pair's name: files and folders of `src/`. */
function areasOf(files: readonly SourceFile[]): Set<string> {
  return new Set(files.flatMap(({ path }) => [areaOf(path), ...path.split('/').slice(1, -1)]));
}

function checkMentions(
  mentions: ReadonlyMap<string, readonly Mention[]>,
  areas: ReadonlySet<string>,
): Finding[] {
  return [...mentions].flatMap(([pair, places]) => {
    const [first] = places;
    if (first === undefined) return [];
    const report = (problem: string, remedy: string): Finding[] => [
      { path: first.path, line: first.line, rule: RULE, problem, remedy },
    ];
    const area = pair.split(':')[0] ?? '';
    if (!areas.has(area))
      return report(`${pair} names no file or folder of src/`, 'name the file whose head defines the pair');
    const ends = places.filter(({ inHead }) => !inHead).length;
    if (ends >= 2) return [];
    return report(
      `${pair} is mentioned in ${ends} place${ends === 1 ? '' : 's'} outside file heads`,
      'a pair has two ends: name it where it is published and where it is observed',
    );
  });
}
