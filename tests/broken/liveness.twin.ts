/** Death with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const file = 'src/threads/liveness.ts';
const owner = 'src/locks/owner.ts';
const registry = 'src/threads/thread-registry.ts';

const SAY_WHO = 'words.store(start + SLOT.threadId, threadId);';
const JOINING = 'const joining = SLOT_STATE.joining | (threadId << SLOT_STATE_BITS);';
const PASS_OVER = 'return state !== SLOT_STATE.free && state < SLOT_STATE.dead;';
const TAKE_CLAIM = 'if (takeClaim(words, geometry, start, ownTag)) {';
const MARK = 'return words.compareExchange(word, found, SLOT_STATE.zombie) === found;';
const LOOK_STATE = 'const state = words.load(start + SLOT.state);';
const IS_GONE = 'if (state !== SLOT_STATE.live && state !== SLOT_STATE.leaving) return true;';
const LOOK_GENERATION = 'const generation = words.load(start + SLOT.generation);';

export const joinsNameless = twin({
  name: 'a thread that joins takes the slot without its number, and says that after it',
  claim: 'liveness/findsTheKilledAlone',
  patch: { file: registry, find: JOINING, replace: 'const joining = SLOT_STATE.joining;' },
  caughtAs: 'assertion',
});

export const looksForWhoJoinsInTheSlot = twin({
  name: 'whose a slot is that is being joined is looked for where the last owner may still stand',
  claim: 'liveness/findsTheKilledAlone',
  patch: {
    file,
    find: 'return isJoining(found) ? found >>> SLOT_STATE_BITS : words.load(start + SLOT.threadId);',
    replace: 'return words.load(start + SLOT.threadId);',
  },
  caughtAs: 'assertion',
});

export const saysWhoWhenItIsLive = twin({
  name: 'a thread that joins says who it is when its slot is live',
  claim: 'liveness/findsTheKilledAlone',
  patch: [
    { file: registry, find: SAY_WHO, replace: '' },
    {
      file: registry,
      find: 'words.store(state, SLOT_STATE.live);',
      replace: `words.store(state, SLOT_STATE.live); ${SAY_WHO}`,
    },
  ],
  caughtAs: 'assertion',
});

export const passesOverWhoWasLeaving = twin({
  name: 'a thread that was killed while it left is not marked',
  claim: 'liveness/findsTheKilledAlone',
  patch: {
    file,
    find: PASS_OVER,
    replace: 'return state === SLOT_STATE.live || state === SLOT_STATE.joining;',
  },
  caughtAs: 'assertion',
});

export const passesOverWhoWasJoining = twin({
  name: 'a thread that was killed while it joined is not marked',
  claim: 'liveness/findsTheKilledAlone',
  patch: {
    file,
    find: PASS_OVER,
    replace: 'return state === SLOT_STATE.live || state === SLOT_STATE.leaving;',
  },
  caughtAs: 'assertion',
});

export const marksByStore = twin({
  name: 'a slot is marked by a store, so that two who mark it are both told',
  claim: 'liveness/tellsOneOfTwo',
  patch: { file, find: MARK, replace: 'words.store(word, SLOT_STATE.zombie); return true;' },
  caughtAs: 'assertion',
});

export const marksWhatIsMarked = twin({
  name: 'a slot that is marked already is marked again',
  claim: 'liveness/tellsOneOfTwo',
  patch: { file, find: PASS_OVER, replace: 'return state !== SLOT_STATE.free;' },
  caughtAs: 'assertion',
});

export const looksPlainly = twin({
  name: 'who asks whether an owner is dead looks by a plain load',
  claim: 'liveness/handsDownWhatTheDeadWrote',
  patch: { file: owner, find: LOOK_STATE, replace: 'const state = words.loadPlain(start + SLOT.state);' },
  caughtAs: 'race',
});

export const takesTheLivingForDead = twin({
  name: 'a thread is taken for dead whose slot is live',
  claim: 'liveness/handsDownWhatTheDeadWrote',
  patch: { file: owner, find: IS_GONE, replace: 'if (state !== SLOT_STATE.free) return true;' },
  caughtAs: 'race',
});

export const looksAtTheGenerationFirst = twin({
  name: 'the generation is looked at before the state, so that the next thread in the slot passes for the last',
  claim: 'liveness/tellsStaysApart',
  patch: [
    {
      file: owner,
      find: 'return !isOfGeneration(tag, words.load(start + SLOT.generation));',
      replace: 'return !isOfGeneration(tag, generation);',
    },
    { file: owner, find: LOOK_STATE, replace: `${LOOK_GENERATION} ${LOOK_STATE}` },
  ],
  caughtAs: 'assertion',
});

export const takesWhoLeavesForDead = twin({
  name: 'a thread that is about to leave is taken for one that has left',
  claim: 'liveness/tellsStaysApart',
  patch: { file: owner, find: IS_GONE, replace: 'if (state !== SLOT_STATE.live) return true;' },
  caughtAs: 'assertion',
});

export const forgetsWhoHasLeft = twin({
  name: 'a thread that has left is taken for one that lives until the next joins',
  claim: 'liveness/tellsStaysApart',
  patch: { file: owner, find: IS_GONE, replace: 'if (state >= SLOT_STATE.dead) return true;' },
  caughtAs: 'assertion',
});

export const goesLiveBeforeItsGeneration = twin({
  name: 'a slot is live before its new generation is written',
  claim: 'liveness/tellsStaysApart',
  patch: {
    file: registry,
    find: 'words.store(start + SLOT.generation, generation);',
    replace: 'words.store(state, SLOT_STATE.live); words.store(start + SLOT.generation, generation);',
  },
  caughtAs: 'assertion',
});

export const marksWithoutAClaim = twin({
  name: 'who marks a stay does not keep reapers off',
  claim: 'liveness/sparesTheNextByStay',
  patch: {
    file,
    find: TAKE_CLAIM,
    replace: 'if (takeClaim(words, geometry, start, ownTag) || true) {',
  },
  caughtAs: 'assertion',
});

export const marksWhileAnotherReaps = twin({
  name: 'who marks a thread takes the right to reap its slot from one that lives',
  claim: 'liveness/sparesTheNextByThread',
  patch: {
    file,
    find: TAKE_CLAIM,
    replace: 'if (words.exchange(start + SLOT.reaper, ownTag) !== ownTag) {',
  },
  caughtAs: 'assertion',
});
