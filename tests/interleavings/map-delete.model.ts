/**
 * Taking a key out: one store leads round its entry, which keeps its own link until a grace period has passed.
 *
 *     before -> gone -> next     becomes     before -> next          a reader that stands on `gone` goes on to next
 *
 * The operations of one key are compared with those of a Map that one thread uses in some order: that they also
 * keep the order of real time follows, since each of them is one store, or one walk, somewhere between its call
 * and its return.
 */
import assert from 'node:assert/strict';
import { model } from '../../tools/checker/checker.js';
import { assertBalanced } from '../support/balanced.js';
import { contentsOf, keysWhere, mapModelMemory, REUSING, reclaim } from './support/map-stage.js';

// Four keys of one bucket, in the order in which they stand on the list.
const [A, B, C, D] = keysWhere('0000', 4) as [number, number, number, number];

const one = mapModelMemory({ fill: (map) => map.set(A, 1) });

export const deleteAndReplaceOfOneKey = model({
  name: 'of a delete and a replacement of one key either is first, and each entry that goes out is freed once',
  lengthWords: one.lengthWords,
  prepare: one.prepare,
  nameOf: one.nameOf,
  setup: (stage) => ({
    deleter: one.wire(stage, 'deleter', 0),
    replacer: one.wire(stage, 'replacer', 1),
    results: [] as boolean[],
  }),
  threads: {
    deleter({ deleter, results }) {
      results.push(deleter.map.delete(A));
    },
    replacer({ replacer }) {
      replacer.map.set(A, 2);
    },
  },
  final({ deleter, results }) {
    const contents = contentsOf(deleter.parts.words, one.root());
    assert.deepEqual(results, [true]);
    if (contents.size > 0) assert.deepEqual(contents, new Map([[A, 2]]));
    assertBalanced(deleter.parts);
  },
});

export const oneOfTwoDeletesFindsIt = model({
  name: 'of two deletes of one key one finds it, and frees its entry',
  lengthWords: one.lengthWords,
  prepare: one.prepare,
  nameOf: one.nameOf,
  setup: (stage) => ({
    one: one.wire(stage, 'one', 0),
    two: one.wire(stage, 'two', 1),
    results: [[], []] as boolean[][],
  }),
  threads: {
    one({ one, results }) {
      results[0]!.push(one.map.delete(A));
    },
    two({ two, results }) {
      results[1]!.push(two.map.delete(A));
    },
  },
  final({ one: { parts }, results }) {
    assert.equal(contentsOf(parts.words, one.root()).size, 0);
    assert.notDeepEqual(results[0], results[1]);
    assertBalanced(parts);
  },
});

export const updateTakesOutWhatItHasSeen = model({
  name: 'update() to undefined takes out the entry that it was shown, and no other',
  lengthWords: one.lengthWords,
  prepare: one.prepare,
  nameOf: one.nameOf,
  mayRace: one.mayRace,
  setup: (stage) => ({
    updater: one.wire(stage, 'updater', 0),
    other: one.wire(stage, 'other', 1),
    shown: [] as unknown[],
    deleted: [] as boolean[],
  }),
  threads: {
    updater({ updater, shown }) {
      updater.map.update(A, (value) => {
        shown.push(value);
        return undefined;
      });
    },
    other({ other, deleted }) {
      other.map.set(A, 2);
      deleted.push(other.map.delete(A));
      other.map.set(A, 3);
    },
  },
  final({ updater, shown, deleted }) {
    const last = shown.at(-1);
    const left = contentsOf(updater.parts.words, one.root()).get(A);
    assert.equal(left, last === 3 ? undefined : 3, `update() was shown ${shown}`);
    // What update() took out, delete() did not find, unless something was put there in between.
    assert.deepEqual(deleted, [last !== 2], `update() was shown ${shown}`);
    assertBalanced(updater.parts);
  },
});

const gap = mapModelMemory({ fill: (map) => map.set(A, 1).set(C, 3).set(D, 4) });

export const deleteNextToInsert = model({
  name: 'a key that is inserted just behind one that is deleted is there at the end',
  lengthWords: gap.lengthWords,
  prepare: gap.prepare,
  nameOf: gap.nameOf,
  mayRace: gap.mayRace,
  setup: (stage) => ({
    deleter: gap.wire(stage, 'deleter', 0),
    inserter: gap.wire(stage, 'inserter', 1),
  }),
  threads: {
    deleter({ deleter }) {
      deleter.map.delete(A);
    },
    inserter({ inserter }) {
      inserter.map.set(B, 2);
    },
  },
  final({ deleter: { parts } }) {
    const expected = [
      [B, 2],
      [C, 3],
      [D, 4],
    ] as const;
    assert.deepEqual(contentsOf(parts.words, gap.root()), new Map(expected));
    assertBalanced(parts);
  },
});

const row = mapModelMemory({ fill: (map) => map.set(A, 1).set(B, 2).set(C, 3) });

export const deletesOfNeighbours = model({
  name: 'two keys that stand next to each other are deleted by two threads, and neither comes back',
  lengthWords: row.lengthWords,
  prepare: row.prepare,
  nameOf: row.nameOf,
  setup: (stage) => ({
    one: row.wire(stage, 'one', 0),
    two: row.wire(stage, 'two', 1),
    seen: [] as unknown[],
  }),
  threads: {
    one({ one, seen }) {
      one.map.delete(A);
      seen.push(one.map.has(A), one.map.get(C));
    },
    two({ two }) {
      two.map.delete(B);
    },
  },
  final({ one: { parts }, seen }) {
    assert.deepEqual(seen, [false, 3]);
    assert.deepEqual(contentsOf(parts.words, row.root()), new Map([[C, 3]]));
    assertBalanced(parts);
  },
});

const reused = mapModelMemory({ heap: REUSING, fill: (map) => map.set(A, 1).set(B, 2) });

export const readsPastWhatIsDeleted = model({
  name: 'a reader finds the key behind an entry that is deleted under it and used again for another key',
  lengthWords: reused.lengthWords,
  prepare: reused.prepare,
  nameOf: reused.nameOf,
  mayRace: reused.mayRace,
  setup: (stage) => ({
    writer: reused.wire(stage, 'writer', 0),
    reader: reused.wire(stage, 'reader', 1),
    seen: [] as unknown[],
  }),
  threads: {
    writer({ writer }) {
      writer.map.set(C, 3);
      writer.map.delete(A);
      reclaim(writer);
      writer.map.set(D, 4);
    },
    reader({ reader, seen }) {
      seen.push(reader.map.get(B), reader.map.get(A), reader.map.get(A), reader.map.has(D));
    },
  },
  final({ writer, seen }) {
    const [behind, first, second] = seen;
    assert.equal(behind, 2);
    assert.ok(first === 1 || first === undefined, `read ${first}`);
    assert.ok(second === first || second === undefined, `read ${first}, then ${second}`);
    assert.equal(contentsOf(writer.parts.words, reused.root()).size, 3);
  },
});

export const readsWhileAllIsCleared = model({
  name: 'a reader sees an entry or none while clear() takes all out, and what went out is used again',
  lengthWords: reused.lengthWords,
  prepare: reused.prepare,
  nameOf: reused.nameOf,
  setup: (stage) => ({
    writer: reused.wire(stage, 'writer', 0),
    reader: reused.wire(stage, 'reader', 1),
    seen: [] as unknown[],
  }),
  threads: {
    writer({ writer }) {
      writer.map.clear();
      reclaim(writer);
      writer.map.set(C, 3);
      writer.map.set(D, 4);
    },
    reader({ reader, seen }) {
      seen.push(reader.map.get(B), reader.map.get(A));
    },
  },
  final({ writer, seen: [second, first] }) {
    assert.ok(second === 2 || second === undefined, `read ${second}`);
    // Both stand in one bucket, and go out together.
    assert.ok(first === undefined || (first === 1 && second === 2), `read ${second}, then ${first}`);
    assert.deepEqual([...contentsOf(writer.parts.words, reused.root()).keys()], [C, D]);
  },
});

/** All keys collide: those made last stand first on the list. */
const colliding = mapModelMemory({
  heap: REUSING,
  hashMask: 0,
  fill: (map) => map.set(A, 1).set(B, 2).set(C, 3),
});

export const readsPastOthersOfItsHash = model({
  name: 'a reader finds a key behind others of its hash, which are replaced and deleted under it and used again',
  lengthWords: colliding.lengthWords,
  prepare: colliding.prepare,
  nameOf: colliding.nameOf,
  setup: (stage) => ({
    writer: colliding.wire(stage, 'writer', 0),
    reader: colliding.wire(stage, 'reader', 1),
    seen: [] as unknown[],
  }),
  threads: {
    writer({ writer }) {
      writer.map.set(B, 20);
      writer.map.delete(C);
      reclaim(writer);
      writer.map.set(D, 4);
    },
    reader({ reader, seen }) {
      seen.push(reader.map.get(A), reader.map.get(B));
    },
  },
  final({ writer, seen: [last, middle] }) {
    assert.equal(last, 1);
    assert.ok(middle === 2 || middle === 20, `read ${middle}`);
    assert.equal(contentsOf(writer.parts.words, colliding.root()).size, 3);
  },
});

/** An operation of a history, on a SharedMap or on a Map. */
type Step = readonly ['set', number] | readonly ['get' | 'has' | 'delete'];
type MapLike = Pick<Map<number, unknown>, 'get' | 'has' | 'delete'> & {
  set(key: number, value: number): unknown;
};

function perform(map: MapLike, step: Step): unknown {
  if (step[0] === 'get') return map.get(A);
  if (step[0] === 'has') return map.has(A);
  if (step[0] === 'delete') return map.delete(A);
  map.set(A, step[1]!);
  return 'set';
}

const HISTORY: readonly (readonly Step[])[] = [
  [['set', 2], ['get'], ['delete'], ['has']],
  [['has'], ['delete'], ['set', 3], ['get']],
];

/** Results of all orders in which one thread could take the steps of all threads, as text. */
function sequentialResults(): Set<string> {
  const all = new Set<string>();
  const counts = HISTORY.map((steps) => steps.length);
  for (let order = 0; order < 1 << (counts[0]! + counts[1]!); order++) {
    const map = new Map<number, unknown>([[A, 1]]);
    const results: unknown[][] = [[], []];
    for (let step = 0; step < counts[0]! + counts[1]!; step++) {
      const thread = (order >> step) & 1;
      const next = HISTORY[thread]![results[thread]!.length];
      if (next === undefined) break;
      results[thread]!.push(perform(map as MapLike, next));
    }
    if (results.every((of, thread) => of.length === counts[thread])) all.add(textOf(results, map.get(A)));
  }
  return all;
}

function textOf(results: readonly unknown[][], last: unknown): string {
  return `${results.map((of) => of.join(' ')).join(' | ')}; then ${last}`;
}

const SEQUENTIAL = sequentialResults();

export const historiesOfOneKey = model({
  name: 'what set, get, has and delete of one key return is what they return one after the other, in some order',
  lengthWords: one.lengthWords,
  prepare: one.prepare,
  nameOf: one.nameOf,
  mayRace: one.mayRace,
  setup: (stage) => ({
    one: one.wire(stage, 'one', 0),
    two: one.wire(stage, 'two', 1),
    results: [[], []] as unknown[][],
  }),
  threads: {
    one({ one, results }) {
      for (const step of HISTORY[0]!) results[0]!.push(perform(one.map as MapLike, step));
    },
    two({ two, results }) {
      for (const step of HISTORY[1]!) results[1]!.push(perform(two.map as MapLike, step));
    },
  },
  final({ one: { parts }, results }) {
    const text = textOf(results, contentsOf(parts.words, one.root()).get(A));
    assert.ok(SEQUENTIAL.has(text), `no order of one thread gives ${text}`);
  },
});
