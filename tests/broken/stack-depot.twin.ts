/** The stack depot with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const file = 'src/pages/stack-depot.ts';

const LINK = 'if (this._words.compareExchange(bucket, head, record) === head) {';
const WRITE_TEXT = 'words.writeBytesPlain(record + DEPOT_RECORD.text, bytes, bytes.length);';
const WRITE_NEXT = 'this._words.storePlain(record + DEPOT_RECORD.next, head);';
const RESERVE = 'const record = words.add(DEPOT.used, size);';

export const looksOnce = twin({
  name: 'who lost the bucket does not look through what is new there',
  claim: 'stack-depot/storesOnce',
  patch: {
    file,
    find: 'const found = this._find(head, seen, hash, bytes);',
    replace: 'const found = attempt === 0 ? this._find(head, seen, hash, bytes) : 0;',
  },
  caughtAs: 'assertion',
});

export const linksBlindly = twin({
  name: 'a record is linked without a look at what was linked meanwhile',
  claim: 'stack-depot/storesOnce',
  patch: { file, find: LINK, replace: 'this._words.store(bucket, record); if (head >= 0) {' },
  caughtAs: 'assertion',
});

export const reservesTwice = twin({
  name: 'two threads may reserve the same words',
  claim: 'stack-depot/storesOnce',
  patch: {
    file,
    find: RESERVE,
    replace: 'const record = words.load(DEPOT.used); words.store(DEPOT.used, record + size);',
  },
  caughtAs: 'race',
});

export const writesTheTextLate = twin({
  name: 'the text is written after the record is linked',
  claim: 'stack-depot/survivesDeath',
  patch: [
    { file, find: WRITE_TEXT, replace: '' },
    {
      file,
      find: LINK,
      replace: `${LINK} this._words.writeBytesPlain(record + DEPOT_RECORD.text, bytes, bytes.length);`,
    },
  ],
  caughtAs: 'race',
});

export const linksTheRestLate = twin({
  name: 'a record is linked before it leads to the rest of its bucket',
  claim: 'stack-depot/survivesDeath',
  patch: [
    { file, find: WRITE_NEXT, replace: '' },
    { file, find: LINK, replace: `${LINK} ${WRITE_NEXT}` },
  ],
  caughtAs: 'race',
});

export const publishesPlainly = twin({
  name: 'a record is linked by a plain store',
  claim: 'stack-depot/survivesDeath',
  patch: { file, find: LINK, replace: 'this._words.storePlain(bucket, record); if (head >= 0) {' },
  caughtAs: 'race',
});
