/** A thread that adds to the lock journal at the same time as all others, and then waits until it has seen all. */
import { SharedJournal } from '../../src/lockdep/shared-journal.js';
import { NativeWords } from '../../src/words/native-words.js';
import { entryOf, type JournalBriefing, journalKey, keyOf } from './shared-journal.js';
import { report, takeBriefing } from './team.js';

const { buffer, workers, rounds, worker } = takeBriefing<JournalBriefing>();
const words = new NativeWords(buffer);
const journal = new SharedJournal(words, { tag: 0x101 + worker, spinRounds: 100_000_000, onClose });
const known: string[] = [];
const learn = (entry: Parameters<typeof keyOf>[0]): number => known.push(keyOf(entry));

addTwo(0);
// Nobody adds more before all are here, so that the rest comes from all at once.
readUntil(2 * workers);
for (let round = 1; round < rounds; round++) addTwo(2 * round);
readUntil(2 * workers * rounds);
report(known);

function readUntil(entries: number): void {
  while (known.length < entries) journal.read(learn);
}

function addTwo(first: number): void {
  journal.exclusively(learn, (append) => {
    for (const n of [first, first + 1]) {
      append(entryOf(journalKey(worker, n)));
      known.push(journalKey(worker, n));
    }
  });
}

function onClose(reason: string): void {
  throw new Error(`the journal closed: ${reason}`);
}
