/**
 * Operations that a thread dies in the middle of: each changes the heap, some by the rare ways, and each may be stopped
 * before any of its accesses.
 */
import { __GFP_ACCOUNT, GFP_KERNEL } from '../../src/pages/gfp.js';
import type { Heap } from '../../src/shared-heap.js';
import type { Address } from '../../src/words/units.js';
import type { Stage } from '../support/stage.js';

/** What an operation works with. */
export interface Scene {
  readonly stage: Stage;
  readonly victim: Heap;
  /** A thread that lives on. */
  readonly other: Heap;
  /** Words in an object that everybody can reach, each 0 to begin with: where addresses are kept. */
  readonly places: number;
  /** Addresses that the victim keeps in JavaScript, which nobody else can know. */
  readonly own: Address[];
}

export const PLACES = 32;

export interface Operation {
  readonly name: string;
  /** What is there before. */
  prepare?(scene: Scene): void;
  run(scene: Scene): void;
  /** Its calls take memory into variables: what the one took, or was given, that the victim dies in is its user's. */
  readonly isPlain?: true;
}

const SMALL = 32;

/** Frees so many objects that were allocated before: sheaves become full, and go to the barn and the slabs. */
const MANY = 7;

function take({ victim, own }: Scene, count = MANY, bytes = SMALL): void {
  for (let i = 0; i < count; i++) own.push(victim.kmalloc(bytes));
}

function fillMap(heap: Heap, count: number): void {
  for (let key = 0; key < count; key++) heap.map<number, number>('m').set(key, key);
}

export const OPERATIONS: readonly Operation[] = [
  {
    name: 'kmallocAt() of an object, the first of its cache',
    run: ({ victim, places }) => void victim.kmallocAt(places, SMALL),
  },
  {
    name: 'kmallocAt() of several objects: sheaves are filled, and slabs made',
    run: ({ victim, places }) => {
      for (let i = 0; i < MANY; i++) victim.kmallocAt(places + i, SMALL);
    },
  },
  {
    name: 'kmallocAt() of pages',
    run: ({ victim, places }) => {
      victim.kmallocAt(places, 9000);
      victim.kmallocAt(places + 1, 30_000);
    },
  },
  {
    name: 'kfreeAt() of several objects: sheaves become full',
    prepare: ({ victim, places }) => {
      for (let i = 0; i < MANY; i++) victim.kmallocAt(places + i, SMALL);
    },
    run: ({ victim, places }) => {
      for (let i = 0; i < MANY; i++) victim.kfreeAt(places + i);
    },
  },
  {
    name: 'kfreeAt() of pages',
    prepare: ({ victim, places }) => {
      victim.kmallocAt(places, 9000);
      victim.kmallocAt(places + 1, 30_000);
    },
    run: ({ victim, places }) => {
      victim.kfreeAt(places);
      victim.kfreeAt(places + 1);
    },
  },
  {
    name: 'kfreeRcuAt() of several objects, and the end of the turn',
    prepare: ({ victim, places }) => {
      for (let i = 0; i < MANY; i++) victim.kmallocAt(places + i, SMALL);
    },
    run: ({ victim, places }) => {
      for (let i = 0; i < MANY; i++) victim.kfreeRcuAt(places + i);
      victim.quiesce();
      victim.synchronizeRcuSync();
    },
  },
  {
    name: 'kfreeRcuAt() of pages, and the end of the turn',
    prepare: ({ victim, places }) => void victim.kmallocAt(places, 9000),
    run: ({ victim, places }) => {
      victim.kfreeRcuAt(places, 2);
      victim.quiesce();
      victim.synchronizeRcuSync();
    },
  },
  {
    name: 'kmalloc() and kfree()',
    run: (scene) => {
      take(scene);
      while (scene.own.length > 0) scene.victim.kfree(scene.own.pop()!);
    },
    isPlain: true,
  },
  {
    name: 'allocPages() and freePages()',
    run: ({ victim, own }) => {
      for (const order of [0, 2]) own.push(victim.allocPages(order));
      while (own.length > 0) victim.freePages(own.pop()!);
    },
    isPlain: true,
  },
  {
    name: 'shrink()',
    prepare: (scene) => {
      take(scene);
      while (scene.own.length > 0) scene.victim.kfree(scene.own.pop()!);
    },
    run: ({ victim }) => victim.shrink(),
  },
  {
    name: 'detach(), with objects that wait',
    prepare: (scene) => {
      take(scene);
      scene.victim.kfree(scene.own.pop()!);
      while (scene.own.length > 0) scene.victim.kfreeRcu(scene.own.pop()!);
    },
    run: ({ victim }) => victim.detach(),
  },
  {
    name: 'map.set() of new keys, until the table has grown',
    prepare: ({ other }) => fillMap(other, 1),
    run: ({ victim }) => fillMap(victim, 9),
  },
  {
    name: 'map.set() of a key that is there',
    prepare: ({ other }) => fillMap(other, 3),
    run: ({ victim }) => {
      victim.map<number, string>('m').set(1, 'one');
      victim.map<number, string>('m').set(2, 'two');
      victim.synchronizeRcuSync();
    },
  },
  {
    name: 'map.delete()',
    prepare: ({ other }) => fillMap(other, 4),
    run: ({ victim }) => {
      for (let key = 0; key < 4; key++) victim.map<number, number>('m').delete(key);
    },
  },
  {
    name: 'map.clear()',
    prepare: ({ other }) => fillMap(other, 8),
    run: ({ victim }) => victim.map('m').clear(),
  },
  {
    name: 'map.trySet() and tryDelete()',
    prepare: ({ other }) => fillMap(other, 2),
    run: ({ victim }) => {
      const map = victim.map<number, number>('m');
      for (let key = 0; key < 4; key++) map.trySet(key, -key);
      for (let key = 0; key < 4; key++) map.tryDelete(key);
    },
  },
  { name: 'map() of a new name', run: ({ victim }) => void victim.map('n').set(1, 1) },
  { name: 'mutex() of a new name', run: ({ victim }) => victim.mutex('n').lockSync().release() },
  { name: 'slabCache() of a new name', run: ({ victim }) => void victim.slabCache('n', 24) },
  { name: 'mempool() of a new name', run: ({ victim }) => void victim.mempool('n', 3, { bytes: 24 }) },
  { name: 'group() of a new name', run: ({ victim }) => void victim.group('n') },
  { name: 'rcu.register() of a new name', run: ({ victim }) => void victim.rcu.register('n', () => {}) },
  {
    name: 'rcu.call(), and the passes that call',
    prepare: (scene) => {
      take(scene, 3);
      scene.other.rcu.register('f', () => {});
    },
    run: ({ victim, own }) => {
      const id = victim.rcu.register('f', () => {});
      for (const p of own) victim.rcu.call(p, id);
      victim.synchronizeRcuSync();
    },
    isPlain: true,
  },
  {
    name: 'objects and pages charged to a group',
    prepare: ({ victim }) => void victim.group('g').run(() => {}),
    run: ({ victim, places, own }) => {
      const group = victim.group('g');
      group.run(() => {
        for (let i = 0; i < MANY; i++) victim.kmallocAt(places + i, SMALL, GFP_KERNEL | __GFP_ACCOUNT);
        own.push(victim.allocPages(0, GFP_KERNEL | __GFP_ACCOUNT));
      });
      victim.freePages(own.pop()!);
      for (let i = 0; i < MANY; i++) victim.kfreeAt(places + i);
    },
    isPlain: true,
  },
  {
    name: 'charged objects that wait for a grace period',
    prepare: ({ victim, places }) => {
      victim.group('g').run(() => {
        for (let i = 0; i < MANY; i++) victim.kmallocAt(places + i, SMALL, GFP_KERNEL | __GFP_ACCOUNT);
      });
    },
    run: ({ victim, places }) => {
      for (let i = 0; i < MANY; i++) victim.kfreeRcuAt(places + i);
      victim.quiesce();
      victim.synchronizeRcuSync();
    },
  },
  {
    name: 'a map that is charged to a group',
    prepare: ({ other }) => void other.map('c', { group: other.group('g') }).set(-1, 1),
    run: ({ victim }) => {
      const map = victim.map<number, number>('c', { group: victim.group('g') });
      for (let key = 0; key < 5; key++) map.set(key, key);
      for (let key = 0; key < 5; key++) map.delete(key);
    },
  },
  {
    name: 'several groups, one in the other, by turns',
    prepare: ({ other }) => {
      const outer = other.group('outer');
      for (let i = 0; i < 9; i++) other.group(`inner ${i}`, { parent: outer });
    },
    run: ({ victim, places }) => {
      for (let i = 0; i < 9; i++) {
        victim.group(`inner ${i}`).run(() => {
          victim.kmallocAt(places + i, SMALL, GFP_KERNEL | __GFP_ACCOUNT);
        });
      }
      for (let i = 0; i < 9; i++) victim.kfreeAt(places + i);
    },
  },
  {
    name: 'alloc() and free() of a mempool',
    prepare: ({ other }) => void other.mempool('p', 3, { bytes: SMALL }),
    run: ({ victim, own }) => {
      const pool = victim.mempool('p', 3, { bytes: SMALL });
      for (let i = 0; i < 3; i++) own.push(pool.alloc());
      while (own.length > 0) pool.free(own.pop()!);
    },
    isPlain: true,
  },
  {
    name: 'alloc() and free() of a type-stable cache, whose slabs wait for a grace period',
    prepare: ({ other }) => void other.slabCache('t', 24, { typesafeByRcu: true }),
    run: ({ victim, own }) => {
      const cache = victim.slabCache('t', 24, { typesafeByRcu: true });
      for (let i = 0; i < MANY; i++) own.push(cache.alloc());
      while (own.length > 0) cache.free(own.pop()!);
      victim.shrink();
    },
    isPlain: true,
  },
  {
    name: 'the kinds that only try: kmallocNolock(), kfreeNolock(), allocPagesNolock(), freePagesNolock()',
    run: ({ victim, own }) => {
      for (let i = 0; i < MANY; i++) own.push(victim.kmallocNolock(SMALL));
      while (own.length > 0) victim.kfreeNolock(own.pop()!);
      for (const order of [0, 3]) own.push(victim.allocPagesNolock(order));
      while (own.length > 0) victim.freePagesNolock(own.pop()!);
    },
    isPlain: true,
  },
  {
    name: 'barriers',
    prepare: ({ victim, places }) => {
      for (let i = 0; i < MANY; i++) victim.kmallocAt(places + i, SMALL);
    },
    run: ({ victim, places }) => {
      for (let i = 0; i < MANY; i++) victim.kfreeRcuAt(places + i);
      victim.kfreeRcuBarrierSync({ timeoutMillis: 0 });
    },
  },
  {
    name: 'locks that have names',
    prepare: ({ other }) => {
      other.mutex('x');
      other.rwLock('r');
      other.semaphore('s', 2);
      other.seqLock('q', 4);
    },
    run: ({ victim }) => {
      victim.mutex('x').lockSync().release();
      victim.rwLock('r').readSync().release();
      victim.rwLock('r').writeSync().release();
      victim.semaphore('s', 2).acquireSync().release();
      victim.seqLock('q', 4).write([1, 2, 3, 4]);
    },
  },
];
