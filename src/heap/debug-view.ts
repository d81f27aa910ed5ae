/**
 * DebugView: what a debug heap can tell of its memory: who has how much of it, and which objects are damaged.
 *
 * Context   Walks every page and object; while other threads change the heap what it says of them may be wrong.
 */
import { CACHE, SHEAF_CACHE } from '../layout/cache-record.js';
import { cacheStart, descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageOrder, pageOwner } from '../layout/page-descriptor.js';
import { hasShells, SHELL, SHELL_STATE } from '../layout/shell-record.js';
import { findFreeDamage, freePageError } from '../pages/debug-pages.js';
import type { DebugTools } from '../pages/debug-tools.js';
import type { MemoryCorruptionError } from '../pages/memory-corruption-error.js';
import { tailDamage } from '../slab/block-tail.js';
import type { ObjectShell } from '../slab/object-shell.js';
import { PAGE_BYTES, PAGE_SHIFT } from '../words/units.js';

/** What was allocated from one place of a program, and is still in use. */
export interface MemoryOwner {
  /** Where it was allocated, innermost call first; 'unknown stack' where that was not kept. */
  readonly stack: string;
  readonly objects: number;
  /** What was asked for; of pages, the pages. */
  readonly bytes: number;
}

/** The view of a heap. Error for one that was made without `debug`. */
export function requireDebugView(
  { debug }: { readonly debug: DebugView | undefined },
  call: string,
): DebugView {
  if (debug !== undefined) return debug;
  throw new Error(
    `called heap.${call} of a heap without debugging hooks; create it with Heap.create({ debug: true })`,
  );
}

export class DebugView {
  private readonly _tools: DebugTools;
  private readonly _shell: ObjectShell;
  /** Words of an object up to the end of its red zone. Set by who makes the allocator. */
  usableWords: (outer: number) => number = () => 0;

  constructor(tools: DebugTools, shell: ObjectShell) {
    this._tools = tools;
    this._shell = shell;
  }

  /** The shell of an object that a dead thread was retiring belongs together again. */
  mendRetired(outer: number): void {
    this._shell.mendRetired(outer);
  }

  /** A block that a dead thread was freeing waits for no grace period. */
  mendReleased(start: number): void {
    this._tools.owner.release(start >>> PAGE_SHIFT);
  }

  /** Who has memory, the most first. */
  owners(): MemoryOwner[] {
    const sums = new Map<number, { objects: number; bytes: number }>();
    this._eachBlock((page, state) => {
      if (pageKind(state) !== PAGE_KIND.allocated) return;
      const { allocStack } = this._tools.owner.history(page);
      addTo(sums, allocStack, PAGE_BYTES << pageOrder(state));
    });
    this._eachObject((outer) => {
      const { words } = this._tools;
      if (words.loadPlain(outer + SHELL.state) !== SHELL_STATE.live) return;
      addTo(sums, words.loadPlain(outer + SHELL.allocStack), words.loadPlain(outer + SHELL.bytes));
    });
    const owners = [...sums].map(([stack, sum]) => ({ stack: this._tools.depot.text(stack), ...sum }));
    return owners.sort((a, b) => b.bytes - a.bytes || b.objects - a.objects);
  }

  /** What is wrong with objects, in use and free, and with free pages; empty where nothing is. */
  checkObjects(): MemoryCorruptionError[] {
    const found: MemoryCorruptionError[] = [];
    this._eachObject((outer, outerWords) => {
      const error = this._shell.check(outer, outerWords);
      if (error !== undefined) found.push(error);
    });
    this._eachBlock((page) => {
      const error = tailDamage(this._tools, page);
      if (error !== undefined) found.push(error);
    });
    if (this._tools.has('poison') || this._tools.has('fillFree')) this._checkPages(found);
    return found;
  }

  /** Addresses of objects that were found damaged, and are not used again. */
  quarantined(): number {
    let objects = 0;
    this._eachObject((outer) => {
      if (this._tools.words.loadPlain(outer + SHELL.state) === SHELL_STATE.quarantined) objects++;
    });
    return objects;
  }

  private _checkPages(found: MemoryCorruptionError[]): void {
    const { words, owner } = this._tools;
    this._eachBlock((first, state) => {
      const kind = pageKind(state);
      if (kind !== PAGE_KIND.free && kind !== PAGE_KIND.threadList) return;
      for (let page = first; page < first + (1 << pageOrder(state)); page++) {
        const wrong = findFreeDamage(words, owner, page);
        if (wrong >= 0) found.push(freePageError(this._tools, wrong));
      }
    });
  }

  private _eachBlock(visit: (page: number, state: number) => void): void {
    const { words, geometry } = this._tools;
    for (let page = geometry.firstPage; page < geometry.totalPages; ) {
      const state = words.loadPlain(descriptorStart(geometry, page) + DESCRIPTOR.state);
      visit(page, state);
      page += pageKind(state) === PAGE_KIND.tail ? 1 : 1 << pageOrder(state);
    }
  }

  private _eachObject(visit: (outer: number, outerWords: number) => void): void {
    const { words, geometry } = this._tools;
    if (!hasShells(geometry)) return;
    this._eachBlock((page, state) => {
      if (pageKind(state) !== PAGE_KIND.slab || pageOwner(state) === SHEAF_CACHE) return;
      const record = cacheStart(geometry, pageOwner(state));
      const objectWords = words.loadPlain(record + CACHE.objectWords);
      const objects = words.loadPlain(record + CACHE.slabObjects);
      const first = page << PAGE_SHIFT;
      const usable = this.usableWords(first);
      for (let i = 0; i < objects; i++) visit(first + i * objectWords, usable);
    });
  }
}

function addTo(sums: Map<number, { objects: number; bytes: number }>, stack: number, bytes: number): void {
  const sum = sums.get(stack) ?? { objects: 0, bytes: 0 };
  sum.objects++;
  sum.bytes += bytes;
  sums.set(stack, sum);
}
