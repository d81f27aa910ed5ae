/** Joining and leaving with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const file = 'src/threads/thread-registry.ts';
const gracePeriod = 'src/rcu/grace-period.ts';

const CLAIM = 'if (words.compareExchange(state, SLOT_STATE.free, joining) !== SLOT_STATE.free) continue;';
const FREE = 'words.store(start + SLOT.state, SLOT_STATE.free);';
const LIVE = 'words.store(state, SLOT_STATE.live);';
const COVER = 'coverSlot(words, slot);';
const RAISE = 'words.add(HEADER.gracePeriodSequence, 1);';

export const claimsByLookAndStore = twin({
  name: 'a slot is taken by a look and a store',
  claim: 'thread-registry/givesEachItsOwnSlot',
  patch: {
    file,
    find: CLAIM,
    replace: 'if (words.load(state) !== SLOT_STATE.free) continue; words.store(state, joining);',
  },
  caughtAs: 'race',
});

export const claimsWhatIsBeingJoined = twin({
  name: 'a slot that another is joining is taken too',
  claim: 'thread-registry/givesEachItsOwnSlot',
  patch: {
    file,
    find: CLAIM,
    replace: 'if (words.compareExchange(state, SLOT_STATE.free, joining) === SLOT_STATE.live) continue;',
  },
  caughtAs: 'race',
});

export const coversByStore = twin({
  name: 'slotsClaimed is stored, so that it falls when the thread of a lower slot comes later',
  claim: 'thread-registry/givesEachItsOwnSlot',
  patch: {
    file,
    find: 'if (words.compareExchange(HEADER.slotsClaimed, claimed, slot + 1) === claimed) return;',
    replace: 'words.store(HEADER.slotsClaimed, slot + 1); return;',
  },
  caughtAs: 'assertion',
});

export const coversOnce = twin({
  name: 'who finds slotsClaimed changed under it does not look again',
  claim: 'thread-registry/givesEachItsOwnSlot',
  patch: {
    file,
    find: 'if (words.compareExchange(HEADER.slotsClaimed, claimed, slot + 1) === claimed) return;',
    replace: 'words.compareExchange(HEADER.slotsClaimed, claimed, slot + 1); return;',
  },
  caughtAs: 'assertion',
});

export const mixtureClaimsByLookAndStore = twin({
  name: 'a slot that was left is taken by a look and a store',
  claim: 'thread-registry/givesEachItsOwnSlotInAMixture',
  patch: {
    file,
    find: CLAIM,
    replace: 'if (words.load(state) !== SLOT_STATE.free) continue; words.store(state, joining);',
  },
  caughtAs: 'race',
});

export const refusalCounts = twin({
  name: 'the generation goes up before the slot is had',
  claim: 'thread-registry/refusesWhenAllAreTaken',
  patch: {
    file,
    find: CLAIM,
    replace: `words.add(start + SLOT.generation, 1); ${CLAIM}`,
  },
  caughtAs: 'assertion',
});

export const takesALiveSlot = twin({
  name: 'where all slots are taken the last one is shared',
  claim: 'thread-registry/refusesWhenAllAreTaken',
  patch: {
    file,
    find: CLAIM,
    replace:
      'if (words.compareExchange(state, SLOT_STATE.free, SLOT_STATE.joining) !== SLOT_STATE.free && slot + 1 < geometry.slots) continue;',
  },
  caughtAs: 'race',
});

export const leavesByPlainStore = twin({
  name: 'a slot is given back by a plain store',
  claim: 'thread-registry/handsASlotOn',
  patch: { file, find: FREE, replace: 'words.storePlain(start + SLOT.state, SLOT_STATE.free);' },
  caughtAs: 'race',
});

export const generationStays = twin({
  name: 'the generation does not go up when a slot is taken again',
  claim: 'thread-registry/handsASlotOn',
  patch: {
    file,
    find: 'words.store(start + SLOT.generation, generation);',
    replace: 'words.store(start + SLOT.generation, 1);',
  },
  caughtAs: 'assertion',
});

export const turnsStartAnew = twin({
  name: 'the next owner of a slot counts its turns from 0',
  claim: 'thread-registry/handsASlotOn',
  patch: { file, find: 'const turn = words.loadPlain(start + SLOT.turn);', replace: 'const turn = 0;' },
  caughtAs: 'livelock',
});

export const waitsForANewcomer = twin({
  name: 'who joins waits for another that is joining',
  claim: 'thread-registry/standsApartFromAKilledNewcomer',
  patch: {
    file,
    find: CLAIM,
    replace: `while (words.load(state) === SLOT_STATE.joining) words.pause(); ${CLAIM}`,
  },
  caughtAs: 'livelock',
});

export const coversNothing = twin({
  name: 'slotsClaimed is not raised',
  claim: 'thread-registry/coversASlotBeforeItsFirstTurn',
  patch: { file, find: COVER, replace: '' },
  caughtAs: 'race',
});

export const coversAfterTheFirstTurn = twin({
  name: 'slotsClaimed covers the slot when its thread leaves, after its turns',
  claim: 'thread-registry/coversASlotBeforeItsFirstTurn',
  patch: [
    { file, find: COVER, replace: '' },
    { file, find: FREE, replace: `coverSlot(words, membership.slot); ${FREE}` },
  ],
  caughtAs: 'race',
});

export const coversOneTooFew = twin({
  name: 'slotsClaimed is raised to the slot, not beyond it',
  claim: 'thread-registry/coversASlotBeforeItsFirstTurn',
  patch: {
    file,
    find: 'words.compareExchange(HEADER.slotsClaimed, claimed, slot + 1)',
    replace: 'words.compareExchange(HEADER.slotsClaimed, claimed, slot)',
  },
  caughtAs: 'race',
});

export const takesEqualForCovered = twin({
  name: 'a slot whose number slotsClaimed has reached is taken for covered',
  claim: 'thread-registry/coversTwoSlotsBeforeTheirFirstTurns',
  patch: { file, find: 'if (claimed > slot) return;', replace: 'if (claimed >= slot) return;' },
  caughtAs: 'race',
});

export const looksAtTheFirstSlotAlone = twin({
  name: 'the start of a grace period looks at as many slots as there were when the heap was made',
  claim: 'thread-registry/coversTwoSlotsBeforeTheirFirstTurns',
  patch: {
    file: gracePeriod,
    find: 'words.load(HEADER.slotsClaimed); const snapshots',
    replace: 'Math.min(words.load(HEADER.slotsClaimed), 1); const snapshots',
  },
  caughtAs: 'race',
});

export const countsSlotsBeforeItRaisesTheNumber = twin({
  name: 'a grace period counts the slots before it raises the number',
  claim: 'thread-registry/coversASlotWhoeverDrives',
  patch: [
    { file: gracePeriod, find: RAISE, replace: '' },
    {
      file: gracePeriod,
      find: 'words.load(HEADER.slotsClaimed); const snapshots',
      replace: `words.load(HEADER.slotsClaimed); ${RAISE} const snapshots`,
    },
  ],
  caughtAs: 'race',
});

export const goesLiveBeforeItsName = twin({
  name: 'a slot is live before its name is written',
  claim: 'thread-registry/publishesName',
  patch: { file, find: 'writeName(words, start, name);', replace: `${LIVE} writeName(words, start, name);` },
  caughtAs: 'race',
});

export const goesLiveByPlainStore = twin({
  name: 'a slot goes live by a plain store',
  claim: 'thread-registry/publishesName',
  patch: { file, find: LIVE, replace: 'words.storePlain(state, SLOT_STATE.live);' },
  caughtAs: 'race',
});
