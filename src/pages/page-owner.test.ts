import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { PageOwner } from './page-owner.js';
import { depotBytes, formatDepot } from './stack-depot.js';

function makeOwner(): PageOwner {
  const words = new NativeWords(reserveBuffer(depotBytes(40)));
  formatDepot(words, 40);
  return new PageOwner(words);
}

test('PageOwner, knows of every page of a block who took it and who gave it back, and of no other', () => {
  const owner = makeOwner();
  owner.noteAlloc(8, 2, 100, 3);
  owner.setBytes(8, 9000);
  assert.deepEqual(owner.history(8), {
    allocStack: 100,
    freeStack: 0,
    allocSlot: 3,
    freeSlot: 0,
    bytes: 9000,
  });
  owner.noteFree(8, 2, 200, 254, true);
  for (let page = 8; page < 12; page++) {
    const { allocStack, freeStack, allocSlot, freeSlot } = owner.history(page);
    assert.deepEqual([allocStack, freeStack, allocSlot, freeSlot], [100, 200, 3, 254]);
    assert.equal(owner.isFilled(page), true);
  }
  for (const page of [7, 12]) {
    assert.equal(owner.history(page).allocStack, 0);
    assert.equal(owner.isFilled(page), false);
  }
});

test('PageOwner, forgets what it knew of a page that is taken again', () => {
  const owner = makeOwner();
  owner.noteAlloc(5, 0, 100, 1);
  owner.setBytes(5, 4000);
  owner.noteFree(5, 0, 200, 2, true);
  owner.noteAlloc(5, 0, 300, 4);
  assert.deepEqual(owner.history(5), { allocStack: 300, freeStack: 0, allocSlot: 4, freeSlot: 0, bytes: 0 });
  assert.equal(owner.isFilled(5), false);
});
