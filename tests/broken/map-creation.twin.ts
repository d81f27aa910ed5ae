/** Ways to get the opening of maps by name wrong, each of which a claim of map-creation.model.ts must catch. */
import { twin } from '../../tools/checker/checker.js';

const REGISTRY = 'src/heap/registry.ts';
const HEAP = 'src/heap/heap-core.ts';

const PUBLISH = 'words.store(HEADER.registryHead, record);';

export const noLookUnderLock = twin({
  name: 'who has the lock does not look again whether the name is there',
  claim: 'map-creation/oneMapOfOneName',
  patch: {
    file: REGISTRY,
    find: 'const other = this._find(kind, name); if (other !== 0) return [other, false];',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const keepsItsOwnMap = twin({
  name: 'a thread goes on with the map that it made, though the name stands for another',
  claim: 'map-creation/oneMapOfOneName',
  patch: {
    file: HEAP,
    find: 'return target; } finally {',
    replace: 'target = fresh; return target; } finally {',
  },
  caughtAs: 'assertion',
});

export const loserKeepsMemory = twin({
  name: 'the map that the slower one made is not given back',
  claim: 'map-creation/oneMapOfOneName',
  patch: { file: HEAP, find: 'if (target !== fresh) discard(fresh, intent);', replace: '' },
  caughtAs: 'assertion',
});

export const winnerGivesItBack = twin({
  name: 'the map that the name stands for is given back',
  claim: 'map-creation/oneMapOfOneName',
  patch: {
    file: HEAP,
    find: 'if (target !== fresh) discard(fresh, intent);',
    replace: 'if (target === fresh) discard(fresh, intent);',
  },
  caughtAs: 'assertion',
});

export const loserKeepsRecord = twin({
  name: "the record of the slower one's name is not given back",
  claim: 'map-creation/oneMapOfOneName',
  patch: { file: REGISTRY, find: 'if (!published) free(record);', replace: '' },
  caughtAs: 'assertion',
});

export const publishedPlainly = twin({
  name: 'a name is published by a plain store',
  claim: 'map-creation/oneMapOfOneName',
  patch: { file: REGISTRY, find: PUBLISH, replace: 'words.storePlain(HEADER.registryHead, record);' },
  caughtAs: 'race',
});

export const namedAfterPublishing = twin({
  name: "a record's target is written when the record is published",
  claim: 'map-creation/oneMapOfOneName',
  patch: [
    { file: REGISTRY, find: 'words.storePlain(record + NAME.target, target);', replace: '' },
    {
      file: REGISTRY,
      find: PUBLISH,
      replace: `${PUBLISH} words.storePlain(record + NAME.target, target);`,
    },
  ],
  caughtAs: 'race',
});

export const linkedByOldHead = twin({
  name: 'a record is linked to the one that was first before the lock was taken, and a name is lost',
  claim: 'map-creation/eachNameItsMap',
  patch: [
    {
      file: REGISTRY,
      find: 'const words = this._words; this._lock.acquire();',
      replace:
        'const words = this._words; const head = words.load(HEADER.registryHead); this._lock.acquire();',
    },
    { file: REGISTRY, find: 'words.loadPlain(HEADER.registryHead)', replace: 'head' },
  ],
  caughtAs: 'assertion',
});

export const noLock = twin({
  name: 'names are added without the lock',
  claim: 'map-creation/eachNameItsMap',
  patch: { file: REGISTRY, find: 'this._lock.acquire();', replace: '' },
  caughtAs: 'race',
});

export const namesOfOneLengthAreOne = twin({
  name: 'two names of one length are taken for one',
  claim: 'map-creation/eachNameItsMap',
  patch: { file: REGISTRY, find: 'if (bytes[i] !== name[i]) return false;', replace: '' },
  caughtAs: 'assertion',
});

export const kindIsIgnored = twin({
  name: 'a name is found whatever kind of thing it stands for',
  claim: 'map-creation/kindsAreApart',
  patch: {
    file: REGISTRY,
    find: 'words.loadPlain(record + NAME.kind) === kind && this._isNamed(record, name)',
    replace: 'this._isNamed(record, name)',
  },
  caughtAs: 'assertion',
});
