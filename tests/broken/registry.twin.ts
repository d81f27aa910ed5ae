/** Names with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const file = 'src/heap/registry.ts';

const PUBLISH = 'words.store(HEADER.registryHead, record);';

export const makesWithoutTheLock = twin({
  name: 'a name is made without the lock',
  claim: 'registry/makesANameOnce',
  patch: { file, find: 'this._lock.acquire();', replace: '' },
  caughtAs: 'race',
});

export const doesNotLookAgain = twin({
  name: 'the name is not looked for again under the lock',
  claim: 'registry/makesANameOnce',
  patch: { file, find: 'if (other !== 0) return [other, false];', replace: '' },
  caughtAs: 'assertion',
});

export const givesBackWhatItPublished = twin({
  name: 'the record is given back though it was published',
  claim: 'registry/makesANameOnce',
  patch: { file, find: 'if (!published) free(record);', replace: 'free(record);' },
  caughtAs: 'race',
});

export const takesItsOwnTarget = twin({
  name: 'who comes too late returns what it would have made',
  claim: 'registry/makesANameOnce',
  patch: { file, find: 'return [other, false];', replace: 'return [make(), false];' },
  caughtAs: 'assertion',
});

export const linksWithoutTheLock = twin({
  name: 'records are linked without the lock, so that one is lost',
  claim: 'registry/keepsAllNames',
  patch: { file, find: 'this._lock.acquire();', replace: '' },
  caughtAs: 'race',
});

export const forgetsTheOthers = twin({
  name: 'a record is not linked to those before it',
  claim: 'registry/keepsAllNames',
  patch: {
    file,
    find: 'words.storePlain(record + NAME.next, words.loadPlain(HEADER.registryHead));',
    replace: 'words.storePlain(record + NAME.next, 0);',
  },
  caughtAs: 'assertion',
});

export const mixesUpKinds = twin({
  name: 'a name is found whatever its kind',
  claim: 'registry/keepsAllNames',
  patch: { file, find: 'words.loadPlain(record + NAME.kind) === kind && this', replace: 'this' },
  caughtAs: 'assertion',
});

export const publishesFirst = twin({
  name: 'the record is published before it is filled',
  claim: 'registry/findsANameWholeOrNotAtAll',
  patch: {
    file,
    find: 'words.storePlain(record + NAME.kind, kind);',
    replace: `${PUBLISH} words.storePlain(record + NAME.kind, kind);`,
  },
  caughtAs: 'race',
});

export const publishesPlainly = twin({
  name: 'the record is published by a plain store',
  claim: 'registry/findsANameWholeOrNotAtAll',
  patch: { file, find: PUBLISH, replace: 'words.storePlain(HEADER.registryHead, record);' },
  caughtAs: 'race',
});

export const walksByPlainLoad = twin({
  name: 'the first record is found by a plain load, which is no dereference',
  claim: 'registry/findsANameWholeOrNotAtAll',
  patch: {
    file,
    find: 'this._words.dereference(HEADER.registryHead)',
    replace: 'this._words.loadPlain(HEADER.registryHead)',
  },
  caughtAs: 'race',
});
