import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertBalanced, assertUnchanged, snapshotOf } from '../../tests/support/balanced.js';
import { type BareHeap, formatBareHeap } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { HEADER } from '../layout/heap-header.js';
import { slotStart } from '../layout/heap-layout.js';
import { SLOT, SLOT_STATE, TURN_STEP } from '../layout/thread-slot.js';
import { ownerTag } from '../locks/owner.js';
import { borrow, giveBack } from './borrow.js';
import { joinHeap, leaveHeap, NoFreeSlotError } from './thread-registry.js';

function nameOf({ words }: BareHeap, start: number): string {
  const bytes = new Uint8Array(words.loadPlain(start + SLOT.nameBytes));
  words.readBytesPlain(start + SLOT.name, bytes, bytes.length);
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

for (const { label, options } of CONFIGURATIONS) {
  const inHeap = (name: string, body: (heap: BareHeap) => void): void => {
    test(`${name} (${label})`, () => {
      const heap = formatBareHeap(options);
      body(heap);
      for (let slot = 0; slot < heap.geometry.slots; slot++) {
        heap.words.store(slotStart(heap.geometry, slot) + SLOT.state, SLOT_STATE.free);
      }
      assertBalanced(heap);
    });
  };

  inHeap('joinHeap() takes the first free slot and makes it live', (heap) => {
    const { words, geometry } = heap;
    const first = joinHeap(words, geometry, 'one');
    const second = joinHeap(words, geometry, 'two');
    assert.deepEqual([first.slot, second.slot], [0, 1]);
    assert.deepEqual([first.start, second.start], [slotStart(geometry, 0), slotStart(geometry, 1)]);
    assert.equal(words.loadPlain(first.start + SLOT.state), SLOT_STATE.live);
    assert.deepEqual([nameOf(heap, first.start), nameOf(heap, second.start)], ['one', 'two']);
  });

  inHeap(
    'joinHeap() of a heap with every slot taken throws NoFreeSlotError, and changes nothing',
    ({ words, geometry }) => {
      for (let slot = 0; slot < geometry.slots; slot++) {
        assert.equal(joinHeap(words, geometry, `thread ${slot}`).slot, slot);
      }
      const before = snapshotOf(words);
      const call = () => joinHeap(words, geometry, 'one too many');
      assert.throws(call, NoFreeSlotError);
      assert.throws(call, {
        name: 'NoFreeSlotError',
        message: new RegExp(
          `all ${geometry.slots} thread slots are taken; detach\\(\\) a thread, or .* larger \`threads\` \\(at most 255\\)`,
        ),
      });
      assertUnchanged(words, before);
    },
  );

  inHeap(
    'leaveHeap() frees the slot for the next thread, which gets a generation of its own',
    ({ words, geometry }) => {
      const members = [0, 1, 2].map((i) => joinHeap(words, geometry, `thread ${i}`));
      leaveHeap(words, members[1]!);
      assert.equal(words.loadPlain(members[1]!.start + SLOT.state), SLOT_STATE.free);
      const next = joinHeap(words, geometry, 'next');
      assert.equal(next.slot, 1);
      assert.equal(next.generation, members[1]!.generation + 1);
      assert.equal(joinHeap(words, geometry, 'last').slot, 3);
    },
  );

  inHeap('joinHeap() passes over a slot that is joining, leaving or dead', ({ words, geometry }) => {
    for (const state of [SLOT_STATE.joining, SLOT_STATE.leaving, SLOT_STATE.dead]) {
      words.store(slotStart(geometry, 0) + SLOT.state, state);
      const member = joinHeap(words, geometry, 'thread');
      assert.equal(member.slot, 1);
      leaveHeap(words, member);
    }
  });

  inHeap('joinHeap() goes on with the turn word where the last owner stopped', ({ words, geometry }) => {
    words.store(slotStart(geometry, 0) + SLOT.turn, 0x7ffffffc);
    assert.equal(joinHeap(words, geometry, 'thread').turn, 0x7ffffffc);
  });

  inHeap('joinHeap() lets the generation wrap', ({ words, geometry }) => {
    words.store(slotStart(geometry, 0) + SLOT.generation, 0x7fffffff);
    assert.equal(joinHeap(words, geometry, 'thread').generation, -(2 ** 31));
  });

  inHeap('slotsClaimed covers every slot that was ever taken, and never shrinks', ({ words, geometry }) => {
    assert.equal(words.load(HEADER.slotsClaimed), 0);
    const members = [0, 1, 2].map((i) => joinHeap(words, geometry, `thread ${i}`));
    assert.equal(words.load(HEADER.slotsClaimed), 3);
    for (const member of members) leaveHeap(words, member);
    assert.equal(words.load(HEADER.slotsClaimed), 3);
    joinHeap(words, geometry, 'thread');
    assert.equal(words.load(HEADER.slotsClaimed), 3);
  });

  inHeap('slotsClaimed covers a slot before it is live (thread-registry:P2)', ({ words, geometry }) => {
    const state = slotStart(geometry, 0) + SLOT.state;
    const store = words.store.bind(words);
    let claimedAtLive = -1;
    words.store = (index, value) => {
      if (index === state && value === SLOT_STATE.live) claimedAtLive = words.loadPlain(HEADER.slotsClaimed);
      store(index, value);
    };
    joinHeap(words, geometry, 'thread');
    assert.equal(claimedAtLive, 1);
  });

  inHeap(
    'joinHeap() says whether the thread is isolated, whoever had the slot before',
    ({ words, geometry }) => {
      for (const isolated of [true, false]) {
        const member = joinHeap(words, geometry, 'thread', isolated);
        assert.equal(words.loadPlain(member.start + SLOT.isolated), isolated ? 1 : 0);
        leaveHeap(words, member);
      }
      assert.equal(words.loadPlain(joinHeap(words, geometry, 'thread').start + SLOT.isolated), 0);
    },
  );

  inHeap(
    'leaveHeap() counts the turn word up, so that who looked at the slot before can borrow it no more',
    ({ words, geometry }) => {
      const member = joinHeap(words, geometry, 'thread');
      const word = member.start + SLOT.turn;
      const seen: number[] = [];
      const compareExchange = words.compareExchange.bind(words);
      words.compareExchange = (index, expected, value) => {
        if (index === word) seen.push(words.loadPlain(member.start + SLOT.state));
        return compareExchange(index, expected, value);
      };
      leaveHeap(words, member);
      assert.deepEqual(seen, [SLOT_STATE.leaving]);
      assert.equal(words.loadPlain(word), member.turn + TURN_STEP);
      assert.equal(joinHeap(words, geometry, 'next').turn, member.turn + TURN_STEP);
    },
  );

  inHeap('leaveHeap() waits until the slot is given back, and frees it then', ({ words, geometry }) => {
    const member = joinHeap(words, geometry, 'thread');
    assert.equal(borrow(words, member.start, ownerTag(2, 1)), true);
    let pauses = 0;
    words.pause = () => {
      assert.equal(words.loadPlain(member.start + SLOT.state), SLOT_STATE.leaving);
      if (++pauses === 2) giveBack(words, member.start);
    };
    leaveHeap(words, member, 10);
    assert.equal(pauses, 2);
    assert.equal(joinHeap(words, geometry, 'next').turn, member.turn + TURN_STEP);
  });

  inHeap(
    'leaveHeap() of a slot that is never given back throws LockTimeoutError, and lets nobody join it',
    ({ words, geometry }) => {
      const member = joinHeap(words, geometry, 'thread');
      borrow(words, member.start, ownerTag(2, 1));
      assert.throws(() => leaveHeap(words, member, 5), { name: 'LockTimeoutError', ownerSlot: 2 });
      assert.equal(joinHeap(words, geometry, 'next').slot, 1);
      giveBack(words, member.start);
    },
  );

  inHeap('joinHeap() cuts a long name at the border of a character', (heap) => {
    const { words, geometry } = heap;
    assert.equal(nameOf(heap, joinHeap(words, geometry, 'x'.repeat(100)).start), 'x'.repeat(64));
    assert.equal(
      nameOf(heap, joinHeap(words, geometry, `x${'\u{1F600}'.repeat(40)}`).start),
      `x${'\u{1F600}'.repeat(15)}`,
    );
    assert.equal(nameOf(heap, joinHeap(words, geometry, '').start), '');
  });
}
