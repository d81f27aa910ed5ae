import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuditedHeap, BUSY } from '../../tests/support/audited-heap.js';
import { testCorruptions } from '../../tests/support/corruption.js';
import { makeMapByHand } from '../../tests/support/hand-made-map.js';
import { makeStillHeap } from '../../tests/support/still-heap.js';
import { HEADER } from '../layout/heap-header.js';
import { NAME, NAME_KIND } from '../layout/name-record.js';
import { SHEAF } from '../layout/sheaf-record.js';
import { CACHE_SLOT } from '../layout/thread-slot.js';
import { GFP_KERNEL } from '../pages/gfp.js';
import { balance } from './balance.js';

const heap = new AuditedHeap();
const [cacheName, mapName] = heap.names;
const main = heap.at(heap.sheafPlace(0, CACHE_SLOT.main));
const inSheaf = heap.at(main + SHEAF.objects);

testCorruptions(heap, [
  {
    what: 'a name record that is free',
    word: HEADER.registryHead,
    value: inSheaf,
    problems: [`a name record is address ${inSheaf}, which is an object of cache ${BUSY} in a sheaf`],
  },
  {
    what: 'a list of names that is a circle',
    word: mapName + NAME.next,
    value: cacheName,
    problems: [`a name record is address ${cacheName}, which something else leads to as well`],
  },
  {
    what: 'a name that does not fit its record',
    word: mapName + NAME.nameBytes,
    value: 9,
    problems: [`the name record at ${mapName} has a name of 9 bytes, it has room for 1 to 8`],
  },
  {
    what: 'a name of a kind that there is not',
    word: mapName + NAME.kind,
    value: 10,
    problems: [`the name record at ${mapName} of 'm' has kind 10, kinds are 1 to 9`],
  },
  {
    what: 'a slab cache by a name that is not made',
    word: cacheName + NAME.target,
    value: 66,
    problems: ["slab cache 'c' is cache 66, named caches are 1 to 65"],
  },
  {
    what: 'a map that is a slab cache',
    word: cacheName + NAME.kind,
    value: NAME_KIND.map,
    problems: ["map 'c' is address 65, which is inside one of the heap's own pages"],
  },
]);

test('balance() counts what only the caller holds as unreachable, and names it', () => {
  const report = heap.audit({ held: heap.held.slice(1) });
  assert.deepEqual(report.problems, []);
  assert.equal(report.unreachablePages, 4);
  assert.equal(report.unreachableObjects, 0);
  assert.deepEqual(report.unreachable, [heap.block]);
});

test('balance() names at most 20 of the addresses that nothing leads to', () => {
  const { words, kmalloc } = makeStillHeap({ pages: 20, threads: 1 });
  for (let i = 0; i < 30; i++) kmalloc.alloc(16, GFP_KERNEL);
  const report = balance(words);
  assert.equal(report.unreachableObjects, 30);
  assert.equal(report.unreachable.length, 20);
});

test('balance() reports two names of one kind (registry:I1)', () => {
  const twice = new AuditedHeap();
  const { root } = makeMapByHand(twice.words, (bytes) => twice.alpha.kmalloc.alloc(bytes, GFP_KERNEL));
  twice.words.storePlain(cacheName + NAME.kind, NAME_KIND.map);
  twice.words.storePlain(cacheName + NAME.target, root);
  twice.words.storePlain(cacheName + NAME.name, twice.at(mapName + NAME.name));
  assert.deepEqual(twice.audit().problems, ["two name records of kind 1 are named 'm'"]);
});

test('balance() reports a held address that is free', () => {
  assert.deepEqual(heap.audit({ held: [...heap.held, inSheaf, 3, 0.5] }).problems, [
    `held address ${inSheaf} is an object of cache ${BUSY} in a sheaf`,
    "held address 3 is inside one of the heap's own pages",
    'held address 0.5 is no address',
  ]);
});

test('balance() counts a map that lost its name as unreachable', () => {
  const sound = heap.audit();
  heap.words.storePlain(cacheName + NAME.next, 0);
  const report = heap.audit();
  heap.words.storePlain(cacheName + NAME.next, mapName);
  assert.deepEqual(report.problems, []);
  // The name, the root, the locks, three segments, five entries.
  assert.equal(report.unreachableObjects, 8);
  assert.equal(report.reachable, sound.reachable - 8);
});
