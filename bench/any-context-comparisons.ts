/** Comparisons of what is promised to callers in any context: the zone's lock, nolock calls, groups, and memory. */
import type { Comparison, Subject } from './comparison.js';
import { LOCK_NAMES, type LockName } from './locks/section-lock.js';

const PREALLOCATED_MAPS = 16;
const NOLOCK_CALLS = 512_000;
/** A heap has a zone for each 64 MiB. */
const HEAP_MEBIBYTES = 256;
const ONE_ZONE_MEBIBYTES = 64;
const TIMED_CALLS = 512_000;
const FLOODED_CALLS = 256_000;
const PAGES = 1_000_000;
const PAGES_HELD = 100;
const CHARGED_PAIRS = 2_560_000;
/** One operation of the zone lock is a millisecond. */
const ZONE_LOCK_MILLIS = 100;

const TIMED = { lessIsBetter: true, warmupRounds: 3, rounds: 21, quickRounds: 5 };
/** Where there are many subjects, or each round is long. */
const FEWER_ROUNDS = { warmupRounds: 2, rounds: 11, quickRounds: 3 };
/** What comes out the same each time. */
const COUNTED = { lessIsBetter: true, warmupRounds: 0, rounds: 2, quickRounds: 1 };

const LOCK_TITLES: Readonly<Record<LockName, string>> = {
  'try-then-lock': 'trylock, then lock',
  'check-first': 'check first (Lull)',
  'read-only-spin': 'trylock, then read-only spinning',
  ticket: 'ticket lock',
  mcs: 'MCS queue',
};

function zoneLocks(figure: 'rate' | 'wait' | 'passed'): readonly Subject[] {
  return [2, 4].flatMap((threads) =>
    LOCK_NAMES.map((lock) => ({
      name: `${LOCK_TITLES[lock]}, ${threads} threads`,
      script: 'zone-lock',
      given: [lock, String(threads), figure],
      operations: ZONE_LOCK_MILLIS,
    })),
  );
}

function nolockCalls(kind: 'pages' | 'objects', others: 1 | 3, mebibytes = HEAP_MEBIBYTES): Subject {
  const zone = mebibytes === HEAP_MEBIBYTES ? '' : ' one zone,';
  const name = `${kind},${zone} ${others} other thread${others === 1 ? '' : 's'}`;
  const given = [kind, String(others), String(mebibytes)];
  return { name, script: 'nolock-success', given, operations: NOLOCK_CALLS };
}

function timedCalls(name: string, kind: string): Subject {
  return { name, script: 'nolock-time', given: [kind], operations: TIMED_CALLS };
}

function pages(name: string, arrangement: 'shared' | 'apart', threads: 1 | 2): Subject {
  const given = [arrangement, String(threads), String(PAGES_HELD), 'rate'];
  return { name, script: 'pages-loop', given, operations: PAGES };
}

function zoneLocksFor(held: number): Subject {
  const given = ['shared', '2', String(held), 'locks'];
  return { name: `${held} held`, script: 'pages-loop', given, operations: PAGES };
}

export const ANY_CONTEXT_COMPARISONS: readonly Comparison[] = [
  {
    name: 'zone-lock',
    title: 'one short section wanted by several threads, under different locks (no goal)',
    unit: 'sections/s',
    ...FEWER_ROUNDS,
    lessIsBetter: false,
    subjects: zoneLocks('rate'),
  },
  {
    name: 'zone-lock-wait',
    title: 'the longest wait for it in 100 ms (no goal)',
    unit: 'µs',
    ...FEWER_ROUNDS,
    lessIsBetter: true,
    subjects: zoneLocks('wait'),
  },
  {
    name: 'zone-lock-passed',
    title: 'the most times in 100 ms that others had it while one waited (no goal)',
    unit: 'times',
    ...FEWER_ROUNDS,
    lessIsBetter: true,
    subjects: zoneLocks('passed'),
  },
  {
    name: 'nolock',
    title: 'calls of the nolock kind that are served while others allocate and free at full speed',
    unit: '%',
    ...FEWER_ROUNDS,
    lessIsBetter: false,
    subjects: [
      nolockCalls('pages', 1),
      nolockCalls('pages', 3),
      nolockCalls('objects', 1),
      nolockCalls('objects', 3),
      nolockCalls('pages', 1, ONE_ZONE_MEBIBYTES),
      nolockCalls('pages', 3, ONE_ZONE_MEBIBYTES),
      nolockCalls('objects', 1, ONE_ZONE_MEBIBYTES),
      nolockCalls('objects', 3, ONE_ZONE_MEBIBYTES),
    ],
  },
  {
    name: 'nolock-time',
    title: 'p99.9 of calls over their median, while another thread allocates and frees at full speed',
    unit: 'times',
    ...TIMED,
    subjects: [
      timedCalls('allocPagesNolock', 'pages-nolock'),
      timedCalls('kmallocNolock', 'objects-nolock'),
      timedCalls('control: allocPages, zeroed', 'pages'),
      timedCalls('control: kmalloc', 'objects'),
    ],
  },
  {
    name: 'flood',
    title: 'p99 of allocPages while another thread floods; the control floods a heap of its own',
    unit: 'ns',
    ...TIMED,
    subjects: [
      { name: 'lull', script: 'flood', given: ['shared'], operations: FLOODED_CALLS },
      { name: 'control', script: 'flood', given: ['apart'], operations: FLOODED_CALLS },
    ],
  },
  {
    name: 'pages-two-threads',
    title: 'pages of order 0, 100 allocated, then 100 freed, in worker threads; the control shares nothing',
    unit: 'pages/s',
    ...TIMED,
    lessIsBetter: false,
    subjects: [
      pages('lull, one thread', 'shared', 1),
      pages('lull, two threads', 'shared', 2),
      pages('control, one thread', 'apart', 1),
      pages('control, two threads', 'apart', 2),
    ],
  },
  {
    name: 'zone-locks-per-page',
    title:
      'times that a lock of a zone is taken for a page, so many allocated, then all freed, in two threads',
    unit: 'locks/page',
    lessIsBetter: true,
    ...FEWER_ROUNDS,
    subjects: [zoneLocksFor(PAGES_HELD), zoneLocksFor(200), zoneLocksFor(1000)],
  },
  {
    name: 'group-charge',
    title: 'kmalloc + kfree: 100 allocated, then 100 freed, 64 bytes, charged to a memory group or not',
    unit: 'ns/pair',
    ...TIMED,
    subjects: [
      { name: 'lull', script: 'group-lull', given: ['charged'], operations: CHARGED_PAIRS },
      { name: 'not charged', script: 'group-lull', given: ['plain'], operations: CHARGED_PAIRS },
    ],
  },
  {
    name: 'map-memory',
    title: '16 maps with room for 65,536 entries of 64 bytes, one in a hundred in use',
    unit: 'pages',
    ...COUNTED,
    subjects: [
      { name: 'lull', script: 'map-memory', given: ['on-demand'], operations: PREALLOCATED_MAPS },
      { name: 'preallocated', script: 'map-memory', given: ['preallocated'], operations: PREALLOCATED_MAPS },
    ],
  },
  {
    name: 'bookkeeping',
    title: 'share of a heap of 1 GiB that nobody can have',
    unit: '%',
    ...COUNTED,
    subjects: [
      { name: 'not handed out', script: 'bookkeeping', given: ['not-handed-out'], operations: 1 },
      { name: 'records', script: 'bookkeeping', given: ['records'], operations: 1 },
      {
        name: 'records of a debug heap, with its stacks',
        script: 'bookkeeping',
        given: ['debug-records'],
        operations: 1,
      },
    ],
  },
];
