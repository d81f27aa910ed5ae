/**
 * Opening a map by its name: the first who asks makes it, and all get the same. The record of a name is published
 * by one store, and never goes away.
 *
 *     find -> make a map, in private -> lock: find once more, publish the name -> or give the map back
 *
 * Heap itself runs here, over parts that were wired to the words of the model.
 */
import assert from 'node:assert/strict';
import type { SharedMap } from '../../src/collections/shared-map.js';
import type { HeapParts } from '../../src/heap/heap-parts.js';
import { NAME_KIND } from '../../src/layout/name-record.js';
import { GFP_KERNEL } from '../../src/pages/gfp.js';
import { Heap } from '../../src/shared-heap.js';
import { model, type Stage } from '../../tools/checker/checker.js';
import { assertBalanced } from '../support/balanced.js';
import { heapModelMemory } from './support/heap-stage.js';
import { contentsOf } from './support/map-stage.js';

const memory = heapModelMemory({ sheafCapacity: 4, maxSlabObjects: 32 });

/** Bytes of a map with its locks and first buckets, of a name's record, of an entry. */
const STOCK = [264, 24, 32];

/** Gives each thread a sheaf of what it takes. */
function warmUp(threads: readonly HeapParts[]): void {
  for (const { kmalloc } of threads) {
    for (const bytes of STOCK) kmalloc.free(kmalloc.alloc(bytes, GFP_KERNEL));
  }
}

interface Opener {
  readonly parts: HeapParts;
  readonly heap: Heap;
}

function wire(stage: Stage, thread: string, slot: number): Opener {
  const parts = memory.wire(stage, thread, slot);
  // Its constructor is for create() and attach(), which have a buffer.
  return { parts, heap: Reflect.construct(Heap, [parts]) as Heap };
}

function open({ heap }: Opener, name: string): SharedMap<number, number> {
  return heap.map<number, number>(name);
}

const common = {
  lengthWords: memory.lengthWords,
  prepare: (words: HeapParts['words']) => memory.prepare(words, warmUp),
  nameOf: memory.nameOf,
};

export const oneMapOfOneName = model({
  ...common,
  name: 'two threads that open one name at once have the same map, and what the slower one made is given back',
  setup: (stage) => ({
    one: wire(stage, 'one', 0),
    two: wire(stage, 'two', 1),
    seen: [] as unknown[],
  }),
  threads: {
    one({ one }) {
      open(one, 'm').set(1, 10);
    },
    two({ two, seen }) {
      seen.push(open(two, 'm').get(1));
    },
  },
  final({ one: { parts }, seen }) {
    assert.ok(seen[0] === undefined || seen[0] === 10, `read ${seen[0]}`);
    const root = parts.registry.find(NAME_KIND.map, 'm');
    assert.deepEqual(contentsOf(parts.words, root), new Map([[1, 10]]));
    assertBalanced(parts);
  },
});

export const eachNameItsMap = model({
  ...common,
  name: 'two threads that open two names at once have two maps, both of which are found afterwards',
  setup: (stage) => ({ one: wire(stage, 'one', 0), two: wire(stage, 'two', 1) }),
  threads: {
    one({ one }) {
      open(one, 'a').set(1, 10);
    },
    two({ two }) {
      open(two, 'b').set(1, 20);
    },
  },
  final({ one: { parts } }) {
    for (const [name, value] of [['a', 10] as const, ['b', 20] as const]) {
      const root = parts.registry.find(NAME_KIND.map, name);
      assert.notEqual(root, 0, `no map ${name}`);
      assert.deepEqual(contentsOf(parts.words, root), new Map([[1, value]]));
    }
    assertBalanced(parts);
  },
});

export const kindsAreApart = model({
  ...common,
  name: 'one name of two kinds stands for two things, made by two threads at once, and is found by a third',
  setup: (stage) => ({
    one: wire(stage, 'one', 0),
    two: wire(stage, 'two', 1),
    results: [[], []] as number[][],
  }),
  threads: {
    one({ one, results }) {
      results[0]!.push(nameFor(one.parts, NAME_KIND.map, 1000));
    },
    two({ two, results }) {
      results[1]!.push(nameFor(two.parts, NAME_KIND.slabCache, 2000));
      results[1]!.push(nameFor(two.parts, NAME_KIND.slabCache, 3000));
      results[1]!.push(two.parts.registry.find(NAME_KIND.map, 'n'));
    },
  },
  final({ one: { parts }, results }) {
    assert.deepEqual(results[0], [1000]);
    assert.deepEqual(results[1]!.slice(0, 2), [2000, 2000]);
    assert.ok(results[1]![2] === 0 || results[1]![2] === 1000, `found ${results[1]![2]}`);
    assert.equal(parts.registry.find(NAME_KIND.map, 'n'), 1000);
    assert.equal(parts.registry.find(NAME_KIND.slabCache, 'n'), 2000);
  },
});

/** Gives a target the name n. */
function nameFor({ registry, kmalloc }: HeapParts, kind: number, target: number): number {
  const alloc = (bytes: number) => kmalloc.alloc(bytes, GFP_KERNEL);
  return registry.findOrMake(
    kind,
    'n',
    alloc,
    (p) => kmalloc.free(p),
    () => target,
  );
}
