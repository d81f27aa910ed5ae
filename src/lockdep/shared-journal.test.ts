import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import type { Words } from '../words/words.js';
import type { JournalEntry } from './journal.js';
import {
  type ClosedReason,
  formatJournal,
  JOURNAL,
  requireJournal,
  SharedJournal,
} from './shared-journal.js';

/** One thread's journal, and what was said to it. */
interface Member {
  readonly journal: SharedJournal;
  /** Keys of the entries that others have added, in the order in which they came. */
  readonly seen: string[];
  readonly closings: ClosedReason[];
}

function entryOf(key: string): JournalEntry {
  return { kind: 'report', key };
}

function keyOf(entry: JournalEntry): string {
  return entry.kind === 'report' ? entry.key : `not a report: ${entry.kind}`;
}

function makeJournal(words = 1024): Words {
  const made = new NativeWords(reserveBuffer(words * 4));
  formatJournal(made);
  return made;
}

function join(words: Words, tag = 0x101): Member {
  const closings: ClosedReason[] = [];
  const onClose = (reason: ClosedReason): void => {
    closings.push(reason);
  };
  return { journal: new SharedJournal(words, { tag, spinRounds: 5, onClose }), seen: [], closings };
}

/** Adds `keys` in one go; false when the journal is closed. */
function add({ journal, seen }: Member, ...keys: string[]): boolean {
  return journal.exclusively(
    (entry) => seen.push(keyOf(entry)),
    (append) => {
      for (const key of keys) append(entryOf(key));
    },
  );
}

function read({ journal, seen }: Member): readonly string[] {
  journal.read((entry) => seen.push(keyOf(entry)));
  return seen;
}

test('SharedJournal, gives a thread what others have added, in their order, and each once', () => {
  const words = makeJournal();
  const alpha = join(words);
  const beta = join(words, 0x102);
  assert.equal(add(alpha, 'a1', 'a2'), true);
  assert.equal(add(beta, 'b1'), true);
  assert.equal(add(alpha, 'a3'), true);
  assert.deepEqual(read(alpha), ['b1']);
  assert.deepEqual(read(beta), ['a1', 'a2', 'a3']);
  assert.deepEqual(read(beta), ['a1', 'a2', 'a3']);
});

test('SharedJournal, gives a thread that joins late everything from the beginning', () => {
  const words = makeJournal();
  add(join(words), 'a1', 'a2');
  add(join(words, 0x102), 'b1');
  assert.deepEqual(read(join(words, 0x103)), ['a1', 'a2', 'b1']);
});

test('exclusively(), runs fn after everything that others have added was applied', () => {
  const words = makeJournal();
  add(join(words), 'a1');
  const { journal } = join(words, 0x102);
  const order: string[] = [];
  journal.exclusively(
    (entry) => order.push(keyOf(entry)),
    () => order.push('fn'),
  );
  assert.deepEqual(order, ['a1', 'fn']);
});

test('exclusively(), where fn throws, keeps what it has appended and frees the lock', () => {
  const words = makeJournal();
  const { journal } = join(words);
  assert.throws(
    () =>
      journal.exclusively(
        () => {},
        (append) => {
          append(entryOf('before'));
          throw new Error('thrown by fn');
        },
      ),
    /thrown by fn/,
  );
  assert.equal(words.load(JOURNAL.lock), 0);
  assert.deepEqual(read(join(words, 0x102)), ['before']);
});

test('SharedJournal, keeps text of any script whole, and of any length', () => {
  const words = makeJournal();
  const keys = ['', 'x', 'Straße', '鍵', '🔒🔑', 'a "quoted"\n\tline', 'long '.repeat(100)];
  add(join(words), ...keys);
  assert.deepEqual(read(join(words, 0x102)), keys);
});

test('exclusively(), where an entry does not fit, closes the journal for all threads and tells one', () => {
  const words = makeJournal(64);
  const alpha = join(words);
  const beta = join(words, 0x102);
  assert.equal(add(alpha, 'a1'), true);
  assert.equal(add(beta, 'b1', 'long '.repeat(100), 'b2'), false);
  assert.equal(add(beta, 'b3'), false);
  assert.equal(add(alpha, 'a2'), false);
  assert.equal(alpha.journal.closedReason(), 'full');
  assert.deepEqual([alpha.closings, beta.closings], [[], ['full']]);
  assert.deepEqual(read(join(words, 0x103)), ['a1', 'b1'], 'what was added before is still there');
});

test('exclusively(), fills the journal to its last word', () => {
  const length = 1 + Math.ceil(JSON.stringify(entryOf('a1')).length / 4);
  const words = makeJournal(JOURNAL.entries + 2 * length);
  const alpha = join(words);
  assert.equal(add(alpha, 'a1', 'a2'), true);
  assert.equal(words.load(JOURNAL.used), 2 * length);
  assert.equal(add(alpha, 'a3'), false);
});

test('exclusively(), where an owner does not come back, closes the journal after a bounded wait', () => {
  const words = makeJournal();
  const alpha = join(words);
  const beta = join(words, 0x102);
  add(alpha, 'a1');
  words.store(JOURNAL.lock, 0x103);
  assert.equal(add(alpha, 'a2'), false);
  assert.equal(add(beta, 'b1'), false);
  assert.equal(alpha.journal.closedReason(), 'abandoned');
  assert.deepEqual([alpha.closings, beta.closings], [['abandoned'], []]);
  assert.equal(words.load(JOURNAL.lock), 0x103, 'the lock is left to its owner');
  assert.deepEqual(read(beta), ['a1']);
});

for (const [what, harm] of [
  ['a length of nothing', (words: Words) => words.store(JOURNAL.entries, 0)],
  ['a length beyond the end', (words: Words) => words.store(JOURNAL.entries, 0x7fffffff)],
  ['text that is no JSON', (words: Words) => words.store(JOURNAL.entries + 1, 0x21212121)],
] as const) {
  test(`exclusively(), where the journal holds ${what}, closes it and runs nothing`, () => {
    const words = makeJournal();
    add(join(words), 'a1');
    harm(words);
    const beta = join(words, 0x102);
    assert.equal(add(beta, 'b1'), false);
    assert.deepEqual(beta.closings, ['damaged']);
    assert.deepEqual(read(beta), []);
    assert.equal(words.load(JOURNAL.lock), 0);
  });
}

test('onClose, is told when the lock is free, so that it may use the journal', () => {
  const words = makeJournal(32);
  const locks: number[] = [];
  const onClose = (): void => {
    locks.push(words.load(JOURNAL.lock));
  };
  const journal = new SharedJournal(words, { tag: 0x101, spinRounds: 5, onClose });
  add({ journal, seen: [], closings: [] }, 'long '.repeat(100));
  assert.deepEqual(locks, [0]);
});

test('requireJournal(), refuses a buffer in which no journal was made', () => {
  const words = new NativeWords(reserveBuffer(4096));
  assert.throws(() => requireJournal(words), /shared buffer of 1024 words that holds none; pass the handle/);
  formatJournal(words);
  requireJournal(words);
});

test('formatJournal(), refuses a buffer with room for no entry', () => {
  const words = new NativeWords(reserveBuffer(JOURNAL.entries * 4));
  assert.throws(() => formatJournal(words), /in 16 words; its header alone has 16/);
});

test('SharedJournal, shows three threads the one order that an array would, whatever they do when', () => {
  const step = fc.record({
    who: fc.nat({ max: 2 }),
    keys: fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const words = makeJournal(8192);
      const members = [join(words, 0x101), join(words, 0x102), join(words, 0x103)];
      const all: { who: number; key: string }[] = [];
      for (const { who, keys } of steps) {
        assert.equal(add(members[who]!, ...keys), true);
        all.push(...keys.map((key) => ({ who, key })));
      }
      for (const [who, member] of members.entries()) {
        const others = all.filter((entry) => entry.who !== who);
        assert.deepEqual(
          read(member),
          others.map(({ key }) => key),
        );
      }
    }),
    { numRuns: 100 },
  );
});
