/** Class graphs over one journal: threads that learn at once end up with the same graph, and say each thing once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClassGraph } from '../../src/lockdep/class-graph.js';
import { formatJournal, JOURNAL_BYTES, SharedJournal } from '../../src/lockdep/shared-journal.js';
import { NativeWords, reserveBuffer } from '../../src/words/native-words.js';
import { SEED_NOTE } from './seed.js';
import { type GraphBriefing, type GraphResult, graphText } from './shared-graph.js';
import { startTeam } from './team.js';

const WORKERS = 3;
const CLASSES = 24;

test('ClassGraph over SharedJournal, is the same in 3 threads that learn at once, and claims each problem once', async () => {
  const buffer = reserveBuffer(JOURNAL_BYTES);
  const words = new NativeWords(buffer);
  formatJournal(words);
  const done = reserveBuffer(4 * WORKERS);
  const briefing: GraphBriefing = { buffer, done, workers: WORKERS, classes: CLASSES, steps: 1500 };
  const team = startTeam<GraphResult>('shared-graph-worker', new Array(WORKERS).fill(briefing));
  const results = await team.results;

  const options = { tag: 0x201, spinRounds: 1000, onClose: assert.fail };
  const graph = new ClassGraph(new SharedJournal(words, options));
  graph.refresh();
  assert.equal(graph.nodes().length, 2 * CLASSES, SEED_NOTE);
  for (const result of results) assert.equal(result.graph, graphText(graph), SEED_NOTE);
  const claimed = results.flatMap((result) => result.claimed).sort();
  const expected = Array.from({ length: 3 * CLASSES }, (_, n) => `problem ${n}`).sort();
  assert.deepEqual(claimed, expected, SEED_NOTE);
});
