/** Claiming and releasing the slots of the dead with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const file = 'src/threads/slot-release.ts';

const LOOK_AGAIN = 'if (isOver(words, start)) return true;';
const CLAIM = 'return words.compareExchange(word, found, tag) === found;';
const RESPECT = 'if (found !== 0 && !isDead(words, geometry, found)) return false;';
const FREE = 'words.store(start + SLOT.state, SLOT_STATE.free);';

export const claimsByStore = twin({
  name: 'a slot is claimed by a store',
  claim: 'slot-release/oneReapsAtATime',
  patch: { file, find: CLAIM, replace: 'words.store(word, tag); return true;' },
  caughtAs: 'race',
});

export const looksOnce = twin({
  name: 'who has claimed a slot does not look whether it is the slot of the dead still',
  claim: 'slot-release/oneReapsAtATime',
  patch: { file, find: LOOK_AGAIN, replace: 'return true;' },
  caughtAs: 'assertion',
});

export const releasesTwice = twin({
  name: 'the claim ends before the slot is free',
  claim: 'slot-release/oneReapsAtATime',
  patch: { file, find: FREE, replace: `disclaimSlot(words, start, tag); ${FREE}` },
  caughtAs: 'race',
});

export const takesFromTheLiving = twin({
  name: 'a slot is claimed that a live reaper has',
  claim: 'slot-release/oneReapsAtATime',
  patch: { file, find: RESPECT, replace: '' },
  caughtAs: 'race',
});

export const respectsTheDead = twin({
  name: 'a slot whose reaper is dead is left to it',
  claim: 'slot-release/theNextGoesOn',
  patch: { file, find: RESPECT, replace: 'if (found !== 0) return false;' },
  caughtAs: 'assertion',
});
