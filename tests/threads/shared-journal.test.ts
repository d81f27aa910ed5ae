/** The lock journal: threads that add to it at once know all entries, whole, and in the same order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatJournal, JOURNAL_BYTES, SharedJournal } from '../../src/lockdep/shared-journal.js';
import { NativeWords, reserveBuffer } from '../../src/words/native-words.js';
import { SEED_NOTE } from './seed.js';
import { type JournalBriefing, journalKey, keyOf } from './shared-journal.js';
import { startTeam } from './team.js';

const WORKERS = 3;
const ROUNDS = 400;

test('SharedJournal, shows 3 threads that add at once one order of all entries', async () => {
  const buffer = reserveBuffer(JOURNAL_BYTES);
  const words = new NativeWords(buffer);
  formatJournal(words);
  const briefing: JournalBriefing = { buffer, workers: WORKERS, rounds: ROUNDS };
  const results = await startTeam<string[]>('shared-journal-worker', new Array(WORKERS).fill(briefing))
    .results;

  const order: string[] = [];
  const journal = new SharedJournal(words, { tag: 0x201, spinRounds: 1000, onClose: assert.fail });
  assert.equal(
    journal.read((entry) => order.push(keyOf(entry))),
    true,
  );
  assert.equal(order.length, 2 * ROUNDS * WORKERS, SEED_NOTE);
  for (const known of results) assert.deepEqual(known, order, SEED_NOTE);
  for (let worker = 0; worker < WORKERS; worker++) {
    const own = order.filter((key) => key.startsWith(`${worker}:`));
    const expected = Array.from({ length: 2 * ROUNDS }, (_, n) => journalKey(worker, n));
    assert.deepEqual(own, expected, `entries of worker ${worker} ${SEED_NOTE}`);
  }
  // Added in one go, so nobody's entry is between.
  for (let i = 0; i < order.length; i += 2)
    assert.equal(order[i]!.split(':')[0], order[i + 1]!.split(':')[0]);
});
