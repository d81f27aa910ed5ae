/**
 * The fittings of a debug heap: those of a plain or of a validating heap, with shells round the objects and hooks
 * round the pages.
 *
 *     parts.kmalloc    DebugKmalloc --> Kmalloc                   inner addresses --> outer ones
 *     parts.kfreeRcu   DebugKfreeRcu --> KfreeRcu --> ReleasingKmalloc --> Kmalloc
 *     parts.pages      DebugPages --> PageAllocator
 *     headPlaces       DebugHeadPlaces --> PlainHeadPlaces
 */
import type { Geometry } from '../layout/heap-header.js';
import { hasShells, SHELL_WORDS } from '../layout/shell-record.js';
import { DebugPages } from '../pages/debug-pages.js';
import { DebugTools } from '../pages/debug-tools.js';
import { depotBytes, formatDepot, isDepot } from '../pages/stack-depot.js';
import { DebugHeadPlaces } from '../slab/debug-head-places.js';
import { DebugKfreeRcu, ReleasingKmalloc } from '../slab/debug-kfree-rcu.js';
import { DebugKmalloc } from '../slab/debug-kmalloc.js';
import type { Kmalloc } from '../slab/kmalloc.js';
import { ObjectShell } from '../slab/object-shell.js';
import { isSharedBuffer, NativeWords, reserveBuffer } from '../words/native-words.js';
import type { Words } from '../words/words.js';
import { callerStack } from './caller-stack.js';
import { DebugView } from './debug-view.js';
import type { Fittings } from './fittings.js';
import { AttachError } from './heap-errors.js';
import { bareAddress } from './marked-address.js';

/** What threads that attach need of a debug heap: part of its handle. */
export interface DebugHandle {
  /** The stack depot. */
  readonly depot: SharedArrayBuffer;
}

const MOST_FRAMES = 16;

/** Makes what the threads of a debug heap share. */
export function makeDebug({ totalPages }: Geometry): DebugHandle {
  const depot = reserveBuffer(depotBytes(totalPages));
  formatDepot(new NativeWords(depot), totalPages);
  return { depot };
}

/** Throws AttachError unless the handle of a debug heap brings its stack depot. */
export function requireDebug(debug: DebugHandle | undefined, geometry: Geometry): void {
  if (geometry.debugHooks === 0) return;
  const isWhole =
    debug !== undefined &&
    isSharedBuffer(debug.depot) &&
    isDepot(new NativeWords(debug.depot), geometry.totalPages);
  if (isWhole) return;
  throw new AttachError(
    'handle',
    'attached to a debug heap by a handle without its stack depot; pass heap.handle as it is, as workerData or by ' +
      'postMessage',
  );
}

/** The fittings of one thread of a debug heap, on top of `base`. */
export function debugFittings(
  base: Fittings,
  debug: DebugHandle,
  words: Words,
  geometry: Geometry,
  slot: number,
): Fittings {
  const depotWords = new NativeWords(debug.depot);
  const captureStack = () => callerStack(MOST_FRAMES);
  const tools = new DebugTools({ words, depotWords, geometry, slot, captureStack, bareOf: bareAddress });
  const shell = new ObjectShell(tools);
  const pages: Fittings['pages'] = (...given) => new DebugPages(tools, base.pages(...given), ...given);
  const view = new DebugView(tools, shell);
  const headPlaces: Fittings['headPlaces'] = (...given) =>
    new DebugHeadPlaces(tools, shell, base.headPlaces(...given), ...given);
  const bare = { ...(base.bare ?? base), pages };
  if (!hasShells(geometry)) return { ...base, bare, pages, headPlaces, debug: view };
  let shelled: DebugKmalloc | undefined;
  let releasing: Kmalloc | undefined;
  return {
    ...base,
    bare,
    pages,
    headPlaces,
    debug: view,
    shellWords: SHELL_WORDS,
    kmalloc: (...given) => {
      const outer = base.kmalloc(...given);
      view.usableWords = (first) => outer.usableWords(first);
      releasing = new ReleasingKmalloc(tools, shell, outer, ...given);
      shelled = new DebugKmalloc(tools, shell, outer, ...given);
      return shelled;
    },
    kfreeRcu: (given) => {
      const parts = { ...given, kmalloc: releasing! };
      return new DebugKfreeRcu(shelled!, shell, base.kfreeRcu(parts), parts);
    },
  };
}
