/**
 * A writer of a map is killed, wherever it is, while another thread writes the same bucket, reads or deletes the same key;
 * then it is reaped: each write of the dead one was made or was not, its lock is nobody's, and every entry is freed once.
 *
 *     writer   -- set, delete, clear --X
 *     other         -- set, get, delete of the same key --
 *     reaper                                                marks it dead, takes its lock over, finishes what it had told of
 *
 * The reaper comes when the other has ended, or has given up on the lock of the dead: both at once are too many steps to be
 * tried in every order. That is for `lull torture`.
 */
import assert from 'node:assert/strict';
import { MapRepair } from '../../src/collections/map-repair.js';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { Reaper } from '../../src/heap/reaper.js';
import { SLOT, SLOT_STATE } from '../../src/layout/thread-slot.js';
import { LockTimeoutError } from '../../src/locks/lock-errors.js';
import { type Model, model } from '../../tools/checker/checker.js';
import { assertBalanced } from '../support/balanced.js';
import { contentsOf, keysWhere, type MapThread, mapModelMemory, reclaim } from './support/map-stage.js';

// Of one bucket of the first level, in the order of the map's list.
const [BEFORE, KEY, NEW, LAST] = keysWhere('0000', 4) as [number, number, number, number];

const memory = mapModelMemory({
  heap: { threads: 3, pages: 12, spinRounds: 10 },
  fill: (map) => {
    map.set(BEFORE, 1);
    map.set(KEY, 1);
    // So many that the table does not grow by one more.
    map.set(LAST, 1);
  },
});

interface Scene {
  readonly writer: MapThread;
  readonly other: MapThread;
  readonly reaper: MapThread;
  readonly seen: unknown[];
}

/** Marks the writer dead, and reaps it. */
function reap(parts: HeapParts, dead: HeapParts): void {
  const state = dead.membership.start + SLOT.state;
  // owner:P1, as markDead() does.
  parts.words.store(state, SLOT_STATE.zombie);
  const reports = new Reaper(parts, new MapRepair(parts), { forgetDead: () => {} }).reapAll();
  assert.equal(reports.length, 1, 'the dead thread is reaped');
}

/** Runs a write, which may meet a lock of the dead before the reaper comes. */
function tryTo(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof LockTimeoutError)) throw error;
  }
}

function killedWhile(
  name: string,
  write: (thread: MapThread) => void,
  other: (thread: MapThread, seen: unknown[]) => void,
  check: (contents: Map<number, number>, seen: readonly unknown[]) => void,
): Model<Scene> {
  return model<Scene>({
    name,
    lengthWords: memory.lengthWords,
    prepare: memory.prepare,
    nameOf: memory.nameOf,
    mayRace: memory.mayRace,
    setup: (stage) => ({
      writer: memory.wire(stage, 'writer', 0),
      other: memory.wire(stage, 'other', 1),
      // In `final`, when no thread runs.
      reaper: memory.wire(stage, 'other', 2),
      seen: [],
    }),
    threads: {
      writer: ({ writer }) => write(writer),
      other({ other: thread, seen }) {
        tryTo(() => other(thread, seen));
      },
    },
    final(scene) {
      const { writer, other: thread, reaper, seen } = scene;
      // Where it was not killed it has ended between two operations.
      reap(reaper.parts, writer.parts);
      reclaim(thread);
      reclaim(reaper);
      check(contentsOf(reaper.parts.words, memory.root()), seen);
      assertBalanced(reaper.parts);
      reaper.map.set(KEY, 7);
      assert.equal(reaper.map.get(KEY), 7);
    },
    bounds: { kills: ['writer'], preemptions: 1 },
    nightly: { preemptions: 2 },
  });
}

export const insertBesideDelete = killedWhile(
  'a key that a killed thread was inserting is there whole or not at all, also where another deletes it, or its neighbour',
  ({ map }) => map.set(NEW, 5),
  ({ map }, seen) => {
    seen.push(map.delete(NEW));
    map.delete(KEY);
  },
  (contents, [deleted]) => {
    assert.equal(contents.get(BEFORE), 1);
    const value = contents.get(NEW);
    assert.ok(value === undefined || value === 5, `holds ${value}`);
    assert.ok(deleted !== true || value === undefined, 'a key that was deleted is there');
  },
);

export const replaceBesideReplace = killedWhile(
  'a key that a killed thread was replacing has the old value or the new, or that of another writer',
  ({ map }) => map.set(KEY, 5),
  ({ map }, seen) => {
    map.set(KEY, 3);
    seen.push(map.get(KEY));
  },
  (contents, [read]) => {
    assert.equal(contents.get(BEFORE), 1);
    assert.ok(read === undefined || read === 3 || read === 5, `read ${read}`);
    const value = contents.get(KEY);
    assert.ok(value === 3 || value === 5 || (value === 1 && read === undefined), `holds ${value}`);
  },
);

export const deleteBesideDelete = killedWhile(
  'a key that a killed thread was deleting is freed once, though another deletes it as well',
  ({ map }) => map.delete(KEY),
  ({ map }, seen) => {
    seen.push(map.get(KEY), map.delete(KEY));
  },
  (contents, [read, deleted]) => {
    assert.equal(contents.get(BEFORE), 1);
    assert.ok(read === undefined || read === 1, `read ${read}`);
    assert.ok(deleted === undefined || !contents.has(KEY), 'a key that was deleted is there');
  },
);

export const clearBesideDelete = killedWhile(
  'what a killed thread was clearing is freed once, though another deletes one of the keys',
  ({ map }) => map.clear(),
  ({ map }, seen) => {
    seen.push(map.delete(KEY));
  },
  (contents, [deleted]) => {
    for (const value of contents.values()) assert.equal(value, 1);
    assert.ok(deleted === undefined || !contents.has(KEY), 'a key that was deleted is there');
  },
);
