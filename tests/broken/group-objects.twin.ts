/** Objects and pages that are charged to groups, with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const objects = 'src/slab/accounted-objects.ts';
const pages = 'src/pages/page-allocator.ts';

export const namesNoGroup = twin({
  name: 'an object that is handed out does not name the group that pays',
  claim: 'group-objects/givesBackForAnother',
  patch: { file: objects, find: 'charges.name(frame, record, last, object);', replace: '' },
  caughtAs: 'assertion',
});

export const keepsTheCharge = twin({
  name: 'kfreeNolock() frees an object and leaves it charged',
  claim: 'group-objects/givesBackForAnother',
  patch: {
    file: 'src/slab/kmalloc.ts',
    find: 'if (this.accounted.isAccounted(id)) this.accounted.uncharge(p, id); const words = this._words; const main = words.loadPlain(this._slots + (id << CACHE_SLOT_SHIFT)); const count = words.loadPlain(main); if (count === words.loadPlain(main + SHEAF_CAPACITY)) { this._caches.view(id).freeSlow(p, GFP_NOLOCK);',
    replace:
      'const words = this._words; const main = words.loadPlain(this._slots + (id << CACHE_SLOT_SHIFT)); const count = words.loadPlain(main); if (count === words.loadPlain(main + SHEAF_CAPACITY)) { this._caches.view(id).freeSlow(p, GFP_NOLOCK);',
  },
  caughtAs: 'assertion',
});

export const chargesWhatItDidNotGet = twin({
  name: 'a page that is freed stays charged',
  claim: 'group-objects/givesBackWhatItFrees',
  patch: {
    file: pages,
    find: 'if (group !== 0) this._charges.unchargeNamed(group, this._groupWord(start), PAGE_GRANULES << order);',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const handsOutUncharged = twin({
  name: 'an object is handed out although its group refused',
  claim: 'group-objects/givesBackWhatItFrees',
  patch: {
    file: objects,
    find: 'if (!charges.charge(frame, record, cost, chargeWay(rights))) return 0;',
    replace: 'charges.charge(frame, record, cost, chargeWay(rights));',
  },
  caughtAs: 'assertion',
});
