import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DATA_RACE, ORDERED, type Ordering, RaceCheck, UNORDERED } from './race-check.js';

const THREADS = 3;
const WORDS = 16;

type Act = (races: RaceCheck) => Ordering | undefined;
/** An access, and what the check must say of it. */
type Line = readonly [Act, Ordering | undefined];

const WORD: Readonly<Record<string, number>> = { x: 3, y: 4, d: 5 };
const THREAD: Readonly<Record<string, number>> = { A: 0, B: 1, C: 2 };
const EXPECTED = { '': ORDERED, '!': UNORDERED, '!!': DATA_RACE } as const;

/**
 * One line a case: accesses in order, each a thread, what it does (r w: plainly; R W U: atomic read, write, update)
 * and a word; ! where it is unordered with an earlier one, !! where that is a race. A<B: A has joined B.
 */
function parse(text: string): Line[] {
  return text.split(' ').map((token) => {
    const join = /^([ABC])<([ABC])$/.exec(token);
    if (join !== null) return [(races) => void races.join(THREAD[join[1]!]!, THREAD[join[2]!]!), undefined];
    const [, name, kind, place, mark] = /^([ABC])([rwRWU])([xyd])(!{0,2})$/.exec(token)!;
    const thread = THREAD[name!]!;
    const word = WORD[place!]!;
    const act: Act = (races) => {
      if (kind === 'U') return races.update(thread, word);
      const isAtomic = kind === 'R' || kind === 'W';
      return kind === 'r' || kind === 'R'
        ? races.read(thread, word, isAtomic)
        : races.write(thread, word, isAtomic);
    };
    return [act, EXPECTED[mark as '' | '!' | '!!']];
  });
}

function begun(): RaceCheck {
  const races = new RaceCheck(THREADS, WORDS);
  races.start();
  return races;
}

for (const [claim, text] of [
  ['takes accesses of one thread for ordered', 'Awx Arx AWx AUx ARx'],
  ['takes plain reads of two threads for ordered', 'Arx Brx Crx'],
  ['takes atomic reads of two threads for ordered', 'ARx BRx'],
  ['takes a plain write and a plain read for a race', 'Awx Brx!!'],
  ['takes a plain read and a plain write for a race', 'Arx Bwx!!'],
  ['takes two plain writes for a race', 'Awx Bwx!!'],
  ['takes a plain write and an atomic read for a race', 'Awx BRx!!'],
  ['takes an atomic write and a plain read for a race', 'AWx Brx!!'],
  ['takes an atomic read and a plain write for a race', 'ARx Bwx!!'],
  ['takes a plain read and an update for a race', 'Arx BUx!!'],
  ['takes two atomic writes for unordered', 'AWx BWx!'],
  ['takes an atomic write and an atomic read for unordered', 'AWx BRx!'],
  ['takes an atomic read and an atomic write for unordered', 'ARx BWx!'],
  ['takes two updates for unordered', 'AUx BUx!'],
  ['lets an atomic read synchronize with the write it reads from', 'Awd AWx BRx! Brd'],
  ['lets an atomic read order later writes too', 'Ard AWx BRx! Bwd'],
  ['orders nothing by a plain read of an atomic write', 'Awd AWx Brx!! Brd!!'],
  ['orders nothing that comes after the publication', 'AWx Awd BRx! Brd!!'],
  ['orders through a chain of two words', 'Awd AWx BRx! BWy CRy! Crd'],
  ['orders nothing between two who read from the same write', 'AWx BRx! CRx! Bwd Crd!!'],
  ['lets a read synchronize with the last write alone', 'Awd AWx BWx! CRx! Crd!!'],
  ['lets an update carry on what it read', 'Awd AWx BUx! CRx! Crd'],
  ['lets an update carry on a chain of updates', 'Awd AUx BUx! CUx! Crd'],
  ['breaks a chain of updates by a store', 'Awd AUx BWx! CUx! Crd!!'],
  ['orders nothing by writes to different words', 'Awd AWx BRy Brd!!'],
  ['orders nothing by a read that came before the write', 'BRx Awd AWx! Brd!!'],
  ['orders what comes after a join', 'Awd B<A Brd'],
  ['orders nothing that the joined thread does later', 'B<A Awd Brd!!'],
  ['orders a join through a third thread', 'Awd AWx BRx! C<B Crd'],
  ['sees a race with the earlier of two ordered reads', 'Ard AWx BRx! Brd Cwd!!'],
  ['sees a race with one of two readers', 'Ard Brd AWx CRx! Cwd!!'],
] as const) {
  test(`RaceCheck, ${claim}: ${text}`, () => {
    const races = begun();
    for (const [i, [act, expected]] of parse(text).entries()) {
      assert.equal(act(races), expected, `access ${i + 1}`);
    }
  });
}

test('RaceCheck.other, names the other thread of a race', () => {
  const races = begun();
  races.write(2, 7, false);
  races.read(1, 7, false);
  assert.equal(races.other, 2);
});

test('forget, forgets the accesses to one word and what was published there', () => {
  const races = begun();
  races.write(0, 7, false);
  races.write(0, 8, true);
  races.forget(7);
  assert.equal(races.read(1, 7, false), ORDERED);
  races.forget(8);
  races.write(0, 9, false);
  assert.equal(races.read(1, 8, true), ORDERED);
  assert.equal(races.read(1, 9, false), DATA_RACE);
});

test('start, has no thread know what another did in the execution before', () => {
  const races = begun();
  races.write(0, 8, true);
  races.read(1, 8, true);
  for (const word of [7, 8]) races.forget(word);
  races.start();
  races.write(0, 7, false);
  assert.equal(races.read(1, 7, false), DATA_RACE);
});
