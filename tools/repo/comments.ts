/**
 * Where a file's comments stand and which of its lines hold code.
 */
import ts from 'typescript';
import { lineAt, type SourceFile, walkTokens } from './source-file.js';

export type Comment = {
  /** First and last line, counted from 1. */
  readonly firstLine: number;
  readonly lastLine: number;
  readonly text: string;
};

/**
 * All comments in the order of the text. Line comments that follow each other on neighbouring lines, with
 * nothing but space before them, are one comment.
 */
export function commentsOf(file: SourceFile): Comment[] {
  const ranges = new Map<number, ts.CommentRange>();
  walkTokens(file, (token) => {
    const found = [
      ...(ts.getTrailingCommentRanges(file.text, token.pos) ?? []),
      ...(ts.getLeadingCommentRanges(file.text, token.pos) ?? []),
    ];
    for (const range of found) ranges.set(range.pos, range);
  });
  const comments: Comment[] = [];
  let previousStandsAlone = false;
  for (const range of [...ranges.values()].sort((a, b) => a.pos - b.pos)) {
    const text = file.text.slice(range.pos, range.end);
    const firstLine = lineAt(file, range.pos);
    const lineStart = file.text.lastIndexOf('\n', range.pos - 1) + 1;
    const standsAlone = text.startsWith('//') && file.text.slice(lineStart, range.pos).trim() === '';
    const previous = comments.at(-1);
    if (standsAlone && previousStandsAlone && previous?.lastLine === firstLine - 1) {
      comments[comments.length - 1] = {
        firstLine: previous.firstLine,
        lastLine: firstLine,
        text: `${previous.text}\n${text}`,
      };
    } else {
      comments.push({ firstLine, lastLine: lineAt(file, range.end), text });
    }
    previousStandsAlone = standsAlone;
  }
  return comments;
}

/** The numbers of the lines that hold at least a part of a token. */
export function codeLinesOf(file: SourceFile): Set<number> {
  const lines = new Set<number>();
  walkTokens(file, (token) => {
    if (token.kind === ts.SyntaxKind.EndOfFileToken) return;
    const last = lineAt(file, token.end);
    for (let line = lineAt(file, token.getStart(file.tree)); line <= last; line++) lines.add(line);
  });
  return lines;
}
