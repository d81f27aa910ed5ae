/**
 * What a debug heap knows of its memory, in the form of the kernel's allocinfo: a line for each place in the program
 * that allocated what is still held, whoever called it.
 *
 *     at take (file:///home/me/app/main.mjs:3:32)      ->   main.mjs:3 func:take
 *     at file:///home/me/app/main.mjs:5:1                   main.mjs:5
 */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AllocInfo } from '../../src/inspect/allocinfo.js';

/** One line of heap.owners(). */
export interface StackOwner {
  /** Innermost call first, a line each. */
  readonly stack: string;
  readonly objects: number;
  readonly bytes: number;
}

const FRAME = /^\s*at (?:(.*) \()?(.*?):(\d+):\d+\)?$/;

/** Adds up what was allocated from one place; the most first. Paths are seen from `folder`. */
export function allocSitesOf(owners: readonly StackOwner[], folder: string): AllocInfo[] {
  const sites = new Map<string, { size: number; calls: number }>();
  for (const { stack, objects, bytes } of owners) {
    const tag = tagOf(stack, folder);
    const site = sites.get(tag) ?? { size: 0, calls: 0 };
    sites.set(tag, { size: site.size + bytes, calls: site.calls + objects });
  }
  const rows = [...sites].map(([tag, site]) => ({ ...site, tag }));
  return rows.sort((a, b) => b.size - a.size || b.calls - a.calls);
}

function tagOf(stack: string, folder: string): string {
  const first = stack.split('\n')[0]!.trim();
  const frame = FRAME.exec(first);
  if (frame === null) return first;
  const [, call, file, line] = frame;
  const place = `${shortPath(file!, folder)}:${line}`;
  return call === undefined ? place : `${place} func:${call}`;
}

function shortPath(file: string, folder: string): string {
  if (!file.startsWith('file:')) return file;
  const path = fileURLToPath(file);
  const inFolder = relative(folder, path);
  return inFolder.startsWith('..') ? path : inFolder;
}
