/**
 * The lock journal: threads add entries under its lock, and whoever reads finds whole entries, in one order for
 * all. Who reads without the lock while another adds meets nothing half written: that would be a data race.
 *
 * Not shown here: what the entries say. Each is the name of the thread that added it, and a number.
 */
import assert from 'node:assert/strict';
import type { JournalEntry } from '../../src/lockdep/journal.js';
import {
  type ClosedReason,
  formatJournal,
  JOURNAL,
  SharedJournal,
} from '../../src/lockdep/shared-journal.js';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';

/** Words of one entry of these models: its length, and `{"kind":"report","key":"a1"}`. */
const ENTRY_WORDS = 8;
const ROOMY = JOURNAL.entries + 8 * ENTRY_WORDS;
/** Has room for three entries. */
const NARROW = JOURNAL.entries + 3 * ENTRY_WORDS + 1;
/** More looks at the lock than it changes. */
const ROUNDS = 20;

/** One thread that keeps a journal. */
interface Member {
  readonly journal: SharedJournal;
  /** Everything that it knows to be in the journal, in the order in which it came to know it. */
  readonly known: string[];
  readonly closings: ClosedReason[];
  /** What each call of exclusively() has returned. */
  readonly results: boolean[];
}

interface Scene {
  readonly words: Words;
  readonly all: readonly Member[];
}

function membersOf(words: Words, count: number): readonly Member[] {
  const all: Member[] = [];
  for (let slot = 0; slot < count; slot++) all.push(join(words, slot));
  return all;
}

function join(words: Words, slot: number): Member {
  const closings: ClosedReason[] = [];
  const options = {
    tag: 0x101 + slot,
    spinRounds: ROUNDS,
    onClose: (reason: ClosedReason) => closings.push(reason),
  };
  return { journal: new SharedJournal(words, options), known: [], closings, results: [] };
}

function scene(count: number): (stage: Stage) => Scene {
  return ({ words }) => ({ words, all: membersOf(words, count) });
}

function nameOf(index: number): string {
  if (index >= JOURNAL.entries) return `entries + ${index - JOURNAL.entries}`;
  for (const [name, at] of Object.entries(JOURNAL)) if (at === index) return name;
  return `word ${index}`;
}

const reportKey = (entry: JournalEntry): string => (entry.kind === 'report' ? entry.key : entry.kind);

/** Adds `keys` in one go. */
function add({ journal, known, results }: Member, ...keys: string[]): void {
  const isOpen = journal.exclusively(
    (entry) => known.push(reportKey(entry)),
    (append) => {
      for (const key of keys) {
        append({ kind: 'report', key });
        known.push(key);
      }
    },
  );
  results.push(isOpen);
}

function read({ journal, known }: Member): void {
  journal.read((entry) => known.push(reportKey(entry)));
}

/** The keys of all entries, as a thread sees them that comes when all is over. */
function entriesOf(words: Words): readonly string[] {
  const late = join(words, 9);
  assert.equal(
    late.journal.read((entry) => late.known.push(reportKey(entry))),
    true,
  );
  return late.known;
}

/** Asserts that `known` is how the list begins. */
function assertBeginning(known: readonly string[], entries: readonly string[]): void {
  assert.deepEqual(known, entries.slice(0, known.length));
}

export const hasOneOrder = model<Scene>({
  name: 'two threads that add at once know the same order, and what one adds in one go stands together',
  lengthWords: ROOMY,
  prepare: formatJournal,
  nameOf,
  setup: scene(2),
  threads: {
    alpha({ all: [alpha] }) {
      add(alpha!, 'a1', 'a2');
      add(alpha!, 'a3');
    },
    beta({ all: [, beta] }) {
      add(beta!, 'b1', 'b2');
      add(beta!, 'b3');
    },
  },
  final({ words, all }) {
    const entries = entriesOf(words);
    assert.deepEqual([...entries].sort(), ['a1', 'a2', 'a3', 'b1', 'b2', 'b3']);
    assert.equal(entries.indexOf('a2'), entries.indexOf('a1') + 1);
    assert.equal(entries.indexOf('b2'), entries.indexOf('b1') + 1);
    for (const { known, results } of all) {
      assertBeginning(known, entries);
      assert.deepEqual(results, [true, true]);
    }
  },
});

export const readsWholeEntries = model<Scene>({
  name: 'who reads without the lock finds a beginning of what was added, whole, wherever the one that adds was killed',
  lengthWords: ROOMY,
  prepare: formatJournal,
  nameOf,
  setup: scene(2),
  threads: {
    writer({ all: [writer] }) {
      add(writer!, 'a1');
      add(writer!, 'a2', 'a3');
    },
    reader({ all: [, reader] }) {
      read(reader!);
      read(reader!);
    },
  },
  final({ words, all: [, reader] }) {
    const entries = entriesOf(words);
    assertBeginning(entries, ['a1', 'a2', 'a3']);
    assertBeginning(reader!.known, entries);
    assert.equal(reader!.journal.closedReason(), undefined);
  },
  bounds: { kills: ['writer'] },
});

export const outlivesItsHolder = model<Scene>({
  name: 'where a thread was killed inside, the others stop after a bounded wait, one is told, and nothing is lost',
  lengthWords: ROOMY,
  prepare: formatJournal,
  nameOf,
  setup: scene(3),
  threads: {
    victim: ({ all: [victim] }) => add(victim!, 'v1', 'v2'),
    alpha: ({ all: [, alpha] }) => add(alpha!, 'a1'),
    beta: ({ all: [, , beta] }) => add(beta!, 'b1'),
  },
  final({ words, all: [victim, alpha, beta] }) {
    const entries = entriesOf(words);
    const isClosed = alpha!.journal.closedReason() !== undefined;
    if (isClosed) assert.notEqual(words.loadPlain(JOURNAL.lock), 0, 'nobody was left inside');
    assert.equal(alpha!.closings.length + beta!.closings.length, isClosed ? 1 : 0);
    assert.equal(victim!.closings.length, 0);
    for (const [member, key] of [
      [alpha!, 'a1'],
      [beta!, 'b1'],
    ] as const) {
      assertBeginning(member.known, entries);
      assert.equal(entries.includes(key), member.known.includes(key));
      // Who was told that the journal is open has its entry in it.
      if (member.results[0] === true) assert.ok(entries.includes(key));
    }
  },
  bounds: { kills: ['victim'], preemptions: 2 },
});

export const closesWhenFull = model<Scene>({
  name: 'the journal closes for both threads with the first entry that does not fit, and one of them is told',
  lengthWords: NARROW,
  prepare: formatJournal,
  nameOf,
  setup: scene(2),
  threads: {
    alpha({ all: [alpha] }) {
      add(alpha!, 'a1');
      add(alpha!, 'a2');
    },
    beta({ all: [, beta] }) {
      add(beta!, 'b1');
      add(beta!, 'b2');
    },
  },
  final({ words, all: [alpha, beta] }) {
    assert.equal(entriesOf(words).length, 3);
    assert.equal(alpha!.journal.closedReason(), 'full');
    assert.equal(alpha!.closings.length + beta!.closings.length, 1);
    const lastResults = [alpha!.results[1], beta!.results[1]];
    assert.ok(lastResults.includes(false), 'whoever came last was told that there is no room');
    for (const { results } of [alpha!, beta!]) assert.ok(results[0] === true || results[1] === false);
  },
});
