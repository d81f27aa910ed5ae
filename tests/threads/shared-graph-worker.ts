/** A thread that learns random classes, orders and problems while all others do, and waits until all are through. */
import { ClassGraph, DEPENDENCY } from '../../src/lockdep/class-graph.js';
import { SharedJournal } from '../../src/lockdep/shared-journal.js';
import { type LockClass, lockClass, WAIT } from '../../src/locks/lock-class.js';
import { NativeWords } from '../../src/words/native-words.js';
import { Random } from './seed.js';
import { type GraphBriefing, graphText } from './shared-graph.js';
import { report, takeBriefing } from './team.js';

const { buffer, done, workers, classes, steps, worker, seed } = takeBriefing<GraphBriefing>();
const doneWords = new NativeWords(done);
const random = new Random(seed, worker);
const options = { tag: 0x101 + worker, spinRounds: 100_000_000, onClose };
const graph = new ClassGraph(new SharedJournal(new NativeWords(buffer), options));
// Each thread has objects of its own for the same classes, as each has its own copy of the code.
const locks: LockClass[] = Array.from({ length: classes }, (_, n) => lockClass(`class ${n}`, WAIT.spin));
const bits = Object.values(DEPENDENCY);
const claimed: string[] = [];

for (let step = 0; step < steps; step++) learnSomething();
doneWords.store(worker, 1);
for (let other = 0; other < workers; other++) while (doneWords.load(other) === 0) doneWords.pause();
graph.refresh();
report({ claimed, graph: graphText(graph) });

function learnSomething(): void {
  const from = graph.nodeOf(locks[random.below(classes)]!, random.below(2))!;
  const to = graph.nodeOf(locks[random.below(classes)]!, random.below(2))!;
  const sighting = { bits: bits[random.below(bits.length)]!, stack: 'at a', thread: `worker ${worker}` };
  if (random.oneIn(3)) graph.exclusively(() => graph.addUsage(to, sighting));
  graph.exclusively(() => {
    if (!graph.hasEdge(from, to, sighting.bits)) graph.addEdge(from, to, sighting);
  });
  const key = `problem ${random.below(3 * classes)}`;
  if (graph.claimReport(key)) claimed.push(key);
}

function onClose(reason: string): void {
  throw new Error(`the journal closed: ${reason}`);
}
