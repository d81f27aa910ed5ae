/**
 * Threads that want one lock nearly all the time, for as short a section as the zone's is when a thread takes a batch
 * of 16 pages: 20 plain accesses to shared words. Between two sections each thread does three times as much on words
 * of its own.
 *
 *     zone-lock.js LOCK THREADS FIGURE      LOCK from LOCK_NAMES; FIGURE: rate, wait or passed
 *
 * One operation is a millisecond: all threads work until the time of the round is up. Each of the words inside is
 * counted up once in a section, so two threads inside at once show as a wrong sum.
 *
 *     rate     sections a second, of all threads together
 *     wait     the longest time that any thread waited for the lock in the round, in microseconds
 *     passed   the most times that others had the lock between one thread's asking and its getting
 */
import { isMainThread } from 'node:worker_threads';
import { NativeWords } from '../../src/words/native-words.js';
import { LINE_WORDS, PAGE_BYTES } from '../../src/words/units.js';
import type { Words } from '../../src/words/words.js';
import {
  LOCK_LINES,
  LOCK_NAMES,
  MAX_LOCK_THREADS,
  makeLock,
  type SectionLock,
} from '../locks/section-lock.js';
import { serveRounds } from '../subject.js';
import { ratePerSecond, Team, workInTeam } from '../team.js';

interface Member {
  readonly buffer: SharedArrayBuffer;
  readonly thread: number;
}

/** What one thread found in a round. */
interface Found {
  readonly sections: number;
  readonly worst: number;
}

type Figure = 'rate' | 'wait' | 'passed';

const SECTION_WORDS = 10;
const OUTSIDE_WORDS = 30;
const INSIDE = LOCK_LINES * LINE_WORDS;
const OUTSIDE = INSIDE + 2 * LINE_WORDS;
const OUTSIDE_LINES = 2;

function countUp(words: Words, from: number, count: number): void {
  for (let i = 0; i < count; i++) words.storePlain(from + i, (words.loadPlain(from + i) + 1) | 0);
}

/** Works until it is over; `worst` is that of the figure. */
function workUntil(
  words: Words,
  lock: SectionLock,
  own: number,
  figure: Figure,
  isOver: () => boolean,
): Found {
  let sections = 0;
  let worst = 0;
  while (!isOver()) {
    // Read before the lock is asked for: what others had of it by then is not held against it.
    const before = figure === 'passed' ? words.load(INSIDE) : 0;
    const asked = figure === 'wait' ? performance.now() : 0;
    lock.acquire();
    if (figure === 'passed') worst = Math.max(worst, (words.loadPlain(INSIDE) - before) | 0);
    if (figure === 'wait') worst = Math.max(worst, performance.now() - asked);
    countUp(words, INSIDE, SECTION_WORDS);
    lock.release();
    countUp(words, own, OUTSIDE_WORDS);
    sections++;
  }
  return { sections, worst };
}

function requested(): { name: (typeof LOCK_NAMES)[number]; threads: number; figure: Figure } {
  const [asked, threads, figure] = process.argv.slice(2);
  const name = LOCK_NAMES.find((each) => each === asked);
  if (name === undefined) throw new Error(`asked for the lock ${asked}; there is ${LOCK_NAMES.join(', ')}`);
  if (figure !== 'rate' && figure !== 'wait' && figure !== 'passed')
    throw new Error(`asked for the figure ${figure}; there is rate, wait and passed`);
  return { name, threads: Number(threads), figure };
}

/** Throws unless every word inside was counted up once for each section. */
function requireCounts(words: Words, expected: number): void {
  for (let i = 0; i < SECTION_WORDS; i++) {
    const counted = words.loadPlain(INSIDE + i);
    if (counted !== (expected | 0))
      throw new Error(`two threads were inside at once: counted ${counted}, expected ${expected | 0}`);
  }
}

async function serve(): Promise<void> {
  const { threads, figure } = requested();
  const buffer = new SharedArrayBuffer(PAGE_BYTES);
  const words = new NativeWords(buffer);
  const members = Array.from({ length: threads }, (_, thread) => ({ buffer, thread }));
  const team = new Team<Member, Found>(new URL(import.meta.url), members);
  let all = 0;
  await serveRounds(async (millis) => {
    const stretches = await team.round(0, millis);
    const sections = stretches.reduce((sum, { result }) => sum + result.sections, 0);
    all += sections;
    requireCounts(words, all);
    if (figure === 'rate') return ratePerSecond(sections, stretches);
    const worst = Math.max(...stretches.map(({ result }) => result.worst));
    return figure === 'wait' ? worst * 1000 : worst;
  });
  await team.stop();
}

if (isMainThread) await serve();
else {
  const { name, figure } = requested();
  workInTeam<Member, Found>(({ buffer, thread }) => {
    if (thread >= MAX_LOCK_THREADS) throw new Error(`thread ${thread} of at most ${MAX_LOCK_THREADS}`);
    const words = new NativeWords(buffer);
    const lock = makeLock(name, words, 0, thread);
    const own = OUTSIDE + thread * OUTSIDE_LINES * LINE_WORDS;
    return (_, isOver) => workUntil(words, lock, own, figure, isOver);
  });
}
