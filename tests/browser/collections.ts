/**
 * How much a thread has allocated of JavaScript's own memory, from the notes that V8 writes of each collection
 * (--trace-gc-nvp): a thread that asks for collections itself (reason: testing) is found by them.
 *
 *     allocated from one collection to the next = bytes before the next - bytes after the one
 */

/** A stretch between two collections that were asked for. */
export interface Stretch {
  /** Bytes allocated in it, what was collected in it included. */
  readonly allocatedBytes: number;
  /** Bytes by which what is in use has grown. */
  readonly grownBytes: number;
}

interface Note {
  readonly thread: string;
  readonly reason: string;
  readonly before: number;
  readonly after: number;
}

const NOTE = /^\[(\d+:0x[0-9a-f]+:\d+)\]\s+\d+ ms: GC: (\{.*\})$/gm;

/** The stretches between the first `count` collections that one thread asked for. */
export function readStretches(output: string, count: number): Stretch[] {
  const notes = [...output.matchAll(NOTE)].flatMap(([, thread, json]) => noteOf(thread!, json!));
  const asking = notes.find(({ reason }) => reason === 'testing')?.thread;
  const own = notes.filter(({ thread }) => thread === asking);
  const asked = own.flatMap(({ reason }, i) => (reason === 'testing' ? [i] : [])).slice(0, count);
  return asked.slice(1).map((end, i) => stretchOf(own.slice(asked[i]!, end + 1)));
}

/** None where two threads have written at once, and the note is a mixture. */
function noteOf(thread: string, json: string): Note[] {
  try {
    const fields = JSON.parse(json) as Record<string, unknown>;
    const before = Number(fields.start_object_size);
    const after = Number(fields.end_object_size);
    return [{ thread, reason: String(fields.reason), before, after }];
  } catch {
    return [];
  }
}

function stretchOf(notes: readonly Note[]): Stretch {
  const allocatedBytes = notes.slice(1).reduce((sum, { before }, i) => sum + before - notes[i]!.after, 0);
  return { allocatedBytes, grownBytes: notes.at(-1)!.after - notes[0]!.after };
}
