import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type BareHeap, formatBareHeap } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import { joinHeap, leaveHeap, type Membership } from '../threads/thread-registry.js';
import { isDead, ownerTag, slotOfTag } from './owner.js';

const slots = fc.nat(254);
const generations = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

test('ownerTag() is a positive word that differs by slot and by generation, and is never 0', () => {
  fc.assert(
    fc.property(slots, generations, slots, (slot, generation, otherSlot) => {
      const tag = ownerTag(slot, generation);
      assert.ok(tag > 0 && tag < 2 ** 31);
      assert.equal((tag & 0xff) - 1, slot);
      assert.equal(tag >>> 8, generation & 0x1fffff);
      assert.equal(ownerTag(otherSlot, generation) === tag, otherSlot === slot);
      assert.notEqual(ownerTag(slot, generation + 1), tag);
    }),
  );
});

test('slotOfTag() is the slot that the tag was made of', () => {
  fc.assert(
    fc.property(slots, generations, (slot, generation) => {
      assert.equal(slotOfTag(ownerTag(slot, generation)), slot);
    }),
  );
});

/** A heap in which slot 0 is a stranger's and slot 1 the member's. */
function joined(): BareHeap & { member: Membership; tag: number } {
  const heap = formatBareHeap(CONFIGURATIONS[0]!.options);
  joinHeap(heap.words, heap.geometry, 'stranger');
  const member = joinHeap(heap.words, heap.geometry, 'member');
  return { ...heap, member, tag: ownerTag(member.slot, member.generation) };
}

test('isDead() is false while the thread is live or leaving', () => {
  const { words, geometry, member, tag } = joined();
  assert.equal(isDead(words, geometry, tag), false);
  words.store(member.start + SLOT.state, SLOT_STATE.leaving);
  assert.equal(isDead(words, geometry, tag), false);
});

test('isDead() is true for a thread that was marked dead, and false for the thread of another slot', () => {
  const { words, geometry, member, tag } = joined();
  words.store(member.start + SLOT.state, SLOT_STATE.dead);
  assert.equal(isDead(words, geometry, tag), true);
  assert.equal(isDead(words, geometry, ownerTag(0, 1)), false);
});

test('isDead() is true for a thread that has left, also while the next one joins and after it has', () => {
  const { words, geometry, member, tag } = joined();
  const seen: boolean[] = [];
  leaveHeap(words, member);
  seen.push(isDead(words, geometry, tag));
  const store = words.store.bind(words);
  words.store = (index, value) => {
    seen.push(isDead(words, geometry, tag));
    store(index, value);
  };
  const next = joinHeap(words, geometry, 'next');
  seen.push(isDead(words, geometry, tag));
  assert.equal(next.slot, member.slot);
  assert.ok(seen.length > 4);
  assert.deepEqual(seen, new Array(seen.length).fill(true));
  assert.equal(isDead(words, geometry, ownerTag(next.slot, next.generation)), false);
});

test('isDead() looks at the state before the generation, so the next stay is never taken for the last (owner:I1)', () => {
  const { words, geometry, member, tag } = joined();
  const load = words.load.bind(words);
  // Between the two loads the thread leaves and another joins.
  words.load = (index) => {
    const found = load(index);
    if (index === member.start + SLOT.state && words.load !== load) {
      words.load = load;
      leaveHeap(words, member);
      joinHeap(words, geometry, 'next');
    }
    return found;
  };
  assert.equal(isDead(words, geometry, tag), true);
});

test('isDead() compares what a tag holds of the generation, whatever its sign', () => {
  const { words, geometry, member } = joined();
  fc.assert(
    fc.property(generations, (generation) => {
      words.store(member.start + SLOT.generation, generation);
      assert.equal(isDead(words, geometry, ownerTag(member.slot, generation)), false);
      assert.equal(isDead(words, geometry, ownerTag(member.slot, generation + 1)), true);
    }),
  );
});
