/**
 * Names of ordering pairs in comments: `turn:P1`, or `P1` for a pair of the file the comment stands in.
 *
 * The first comment of a file (its head) may define pairs, one a line: the name, then the argument. Where the
 * definition begins with another pair's full name in brackets, the short name means that pair:
 *
 *     P1  The store that ends a turn publishes that its reads are done.
 *     P2  (zone-record:P2) push publishes the block's next word, drain observes it.
 */
import { posix } from 'node:path';
import { type Comment, commentsOf } from './comments.js';
import type { SourceFile } from './source-file.js';

const DEFINITION = /^[\s*/]*(P\d+)\s+(?:\(([a-z][\w-]*:P\d+)\))?/gm;
const MENTION = /(?:\b([a-z][\w-]*):|(?<![\w:-]))(P\d+)\b/g;

/** The part of a pair's name before the colon, for a file: its name without folder and ending. */
export function areaOf(path: string): string {
  return posix.basename(path).replace(/\.ts$/, '');
}

/** What each short name means in this file, from the definitions in its head. */
export function shortNamesOf(file: SourceFile, head: Comment | undefined): Map<string, string> {
  const names = new Map<string, string>();
  for (const [, short, alias] of head?.text.matchAll(DEFINITION) ?? []) {
    if (short !== undefined) names.set(short, alias ?? `${areaOf(file.path)}:${short}`);
  }
  return names;
}

/** The full names of all pairs that a comment mentions, each once. */
export function pairsIn(comment: string, path: string, shortNames: ReadonlyMap<string, string>): string[] {
  const pairs = new Set<string>();
  for (const [, area, short] of comment.matchAll(MENTION)) {
    if (short === undefined) continue;
    const local = shortNames.get(short) ?? `${areaOf(path)}:${short}`;
    pairs.add(area === undefined ? local : `${area}:${short}`);
  }
  return [...pairs];
}

/** The head of a file: its first comment, if it stands before all code. */
export function headOf(file: SourceFile): Comment | undefined {
  const [first] = commentsOf(file);
  if (first === undefined) return undefined;
  const lines = file.text.split('\n').slice(0, first.firstLine);
  const beginsWithIt = lines.pop()?.trimStart().startsWith('/') ?? false;
  const nothingBefore = lines.every((line) => line.trim() === '' || line.startsWith('#!'));
  return beginsWithIt && nothingBefore ? first : undefined;
}
