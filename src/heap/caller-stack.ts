/** The stack of whoever called into Lull, without the frames that are Lull's own. */

/** This file, below the folder that holds all of Lull. */
const THIS_FILE = 'heap/caller-stack';
const OWN_FILES =
  /^(?:(?:words|layout|locks|threads|lockdep|rcu|pages|slab|heap|collections)\/|shared-heap\b)/;
const TESTS = /\.test\.[jt]s\b/;
const MOST_FRAMES = 8;
/** Where Lull's frames cannot be told from others, the caller's stand below so many. */
const MOST_FRAMES_OF_A_BUNDLE = 24;
/** The engine keeps ten unless told, and Lull's own may be more. */
const FRAMES_LOOKED_AT = 64;

/** Up to `mostFrames` lines, the innermost first; more of a bundled program, in which Lull's own are among them. */
export function callerStack(mostFrames = MOST_FRAMES): string {
  const frames = stackHere().split('\n').slice(1);
  const root = rootOf(frames[0] ?? '');
  // Without this file's own two.
  if (root === '') return frames.slice(2, 2 + MOST_FRAMES_OF_A_BUNDLE).join('\n');
  const callers = frames.filter((frame) => !isOwn(frame, root));
  return (callers.length > 0 ? callers : frames).slice(0, mostFrames).join('\n');
}

function stackHere(): string {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES_LOOKED_AT;
  // Whoever has replaced Error.prepareStackTrace may make something else of it than text.
  const stack: unknown = new Error().stack;
  Error.stackTraceLimit = before;
  return typeof stack === 'string' ? stack : '';
}

/** Where Lull's folders lie, as frames name it; empty where the program was bundled. */
function rootOf(frame: string): string {
  const end = frame.indexOf(THIS_FILE);
  return end === -1 ? '' : frame.slice(frame.lastIndexOf('(', end) + 1, end);
}

function isOwn(frame: string, root: string): boolean {
  const at = root === '' ? -1 : frame.indexOf(root);
  return at !== -1 && OWN_FILES.test(frame.slice(at + root.length)) && !TESTS.test(frame);
}
