/** What a dead thread leaves of slabs and sheaves, told or repaired with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const REPAIR = 'src/slab/cache-repair.ts';
const DEAD = 'src/slab/dead-sheaves.ts';
const LIST = 'src/slab/slab-list.ts';
const BARN = 'src/slab/barn.ts';
const DEFERRED = 'src/slab/deferred-objects.ts';

export const repairsNoSlabs = twin({
  name: 'the lock of the slabs is taken from the dead, and they are left as they are',
  claim: 'dead-slabs/takesOverSlabs',
  patch: { file: REPAIR, find: 'new SlabRepair(words, geometry, cache).run();', replace: '' },
  caughtAs: 'assertion',
});

export const keepsOldCounts = twin({
  name: 'the partial list and the counters are not made anew',
  claim: 'dead-slabs/takesOverSlabs',
  patch: { file: REPAIR, find: 'this._countSlabs();', replace: '' },
  caughtAs: 'assertion',
});

export const leavesTheSheafAsItIs = twin({
  name: 'an object that is still on its slab stays in the sheaf that it was about to fill',
  claim: 'dead-slabs/takesOverSlabs',
  patch: { file: REPAIR, find: 'this._mendBusySheaf(free);', replace: '' },
  caughtAs: 'assertion',
});

export const believesWhatTheDeadSay = twin({
  name: 'an object that is on its slab counts as one that the dead thread has in hand',
  claim: 'dead-slabs/takesOverSlabs',
  patch: { file: REPAIR, find: 'this._tellTheDead(free);', replace: '' },
  caughtAs: 'assertion',
});

export const keepsNewSlabs = twin({
  name: 'slabs that the dead thread had made, and not listed, are left',
  claim: 'dead-slabs/takesOverSlabs',
  patch: { file: DEAD, find: 'returnSlabs(dead);', replace: '' },
  caughtAs: 'assertion',
});

export const saysTooLateWhatItHolds = twin({
  name: 'a thread says what it takes off a slab when it has it',
  claim: 'dead-slabs/takesOverSlabs',
  patch: [
    { file: LIST, find: 'else words.storePlain(this._inHand, object);', replace: '' },
    {
      file: LIST,
      find: 'if (next === 0) this._unlist(page); return object;',
      replace: 'if (next === 0) this._unlist(page); words.storePlain(this._inHand, object); return object;',
    },
  ],
  caughtAs: 'assertion',
});

export const repairsNoBarn = twin({
  name: 'the lock of a barn is taken from the dead, and it is left as it is',
  claim: 'dead-slabs/takesOverABarn',
  patch: {
    file: REPAIR,
    find: 'repairBarnList(words, record + CACHE.fullHead, record + CACHE.fullSheaves);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const takesUnsaid = twin({
  name: 'a sheaf is taken out of the barn, and nothing says by whom',
  claim: 'dead-slabs/takesOverABarn',
  patch: { file: BARN, find: 'words.storePlain(sheaf + SHEAF.holder, this._holder);', replace: '' },
  caughtAs: 'assertion',
});

export const settlesBeforeThePush = twin({
  name: 'whether a deferred object was pushed is not looked at: it is freed again',
  claim: 'dead-slabs/defersAndDies',
  patch: { file: DEAD, find: 'settlePushed(dead, id, object, sheaves);', replace: ';' },
  caughtAs: 'assertion',
});

export const drainsWhatIsBeingPushed = twin({
  name: 'an object goes to its slab, and to the next user, while its free is not over (robust futexes, pending entries)',
  claim: 'dead-slabs/defersAndDies',
  patch: {
    file: DEFERRED,
    find: 'if (!this._pushing.includes(object)) return object;',
    replace: 'return object;',
  },
  caughtAs: 'assertion',
});
