/**
 * What is compared with what: each comparison has a workload, a unit, and the subjects that take turns in it.
 *
 * Every subject does the same sequence of operations. Slow ones do fewer of them in a round, so that a round of
 * any subject takes between 10 ms and half a second; the value is per operation, so the numbers stay comparable.
 */
import { ANY_CONTEXT_COMPARISONS } from './any-context-comparisons.js';
import type { Comparison, Subject } from './comparison.js';
import { RCU_COMPARISONS } from './rcu-comparisons.js';

const ALLOC_PAIRS = 2_560_000;
const FAST_MAP_OPERATIONS = 500_000;
const SLOW_MAP_OPERATIONS = 100_000;
const MESSAGE_OPERATIONS = 2_000;
const THREAD_READS = 1_000_000;
const UNCONTENDED_LOCKS = 1_000_000;
const CONTENDED_LOCKS = 1_000_000;
const SURVIVAL_TRIALS = 200;
/** A trial that fails takes as long as is waited for. */
const SURVIVAL_TRIALS_OF_PEERS = 20;
const COUNTED_OPERATIONS = 10_000_000;

const TIMED = { lessIsBetter: true, warmupRounds: 3, rounds: 21, quickRounds: 5 };

function mapSubjects(...given: [workload: string, style: string]): readonly Subject[] {
  return [
    { name: 'lull', script: 'map-lull', given, operations: FAST_MAP_OPERATIONS },
    { name: 'Map', script: 'map-own', given, operations: FAST_MAP_OPERATIONS },
  ];
}

function sharingPeers(...given: [workload: string, style: string]): readonly Subject[] {
  return [
    { name: 'sharedmap', script: 'map-sharedmap', given, operations: SLOW_MAP_OPERATIONS, peer: 'sharedmap' },
    { name: 'lmdb', script: 'map-lmdb', given, operations: SLOW_MAP_OPERATIONS, peer: 'lmdb' },
    { name: 'Map behind postMessage', script: 'map-post-message', given, operations: MESSAGE_OPERATIONS },
  ];
}

function mutexes(workload: string, operations: number, operationsOfPeers = operations): readonly Subject[] {
  const given = [workload];
  return [
    { name: 'lull', script: 'mutex-lull', given, operations },
    {
      name: 'multithreading',
      script: 'mutex-multithreading',
      given,
      operations: operationsOfPeers,
      peer: 'multithreading',
    },
    { name: 'textbook futex', script: 'mutex-futex', given, operations: operationsOfPeers },
  ];
}

function readers(name: string, script: string, threads: number): Subject {
  return { name, script, given: [String(threads)], operations: THREAD_READS };
}

/** Every comparison, in the order in which they run. */
export const COMPARISONS: readonly Comparison[] = [
  {
    name: 'alloc',
    title: 'kmalloc + kfree: 100 allocated, then 100 freed, 48 to 96 bytes',
    unit: 'ns/pair',
    ...TIMED,
    subjects: [
      { name: 'lull', script: 'alloc-lull', given: [], operations: ALLOC_PAIRS },
      { name: 'mimalloc (C)', peer: 'mimalloc', operations: ALLOC_PAIRS },
      { name: 'jemalloc (C)', peer: 'jemalloc', operations: ALLOC_PAIRS },
      { name: 'glibc (C)', peer: 'glibc', operations: ALLOC_PAIRS },
      { name: 'TLSF (WebAssembly)', script: 'alloc-tlsf', given: [], operations: ALLOC_PAIRS, peer: 'tlsf' },
      {
        name: '@thi.ng/malloc',
        script: 'alloc-thing',
        given: [],
        operations: ALLOC_PAIRS / 10,
        peer: '@thi.ng/malloc',
      },
    ],
  },
  {
    name: 'map-get',
    title: "get of a number, 100,000 keys like 'key:12345', shuffled order",
    unit: 'ns/get',
    ...TIMED,
    subjects: [...mapSubjects('get', 'plain'), ...sharingPeers('get', 'plain')],
  },
  {
    name: 'map-get-city',
    title: "the same with keys like 'NO,Vestland,Bergen', about 24 characters",
    unit: 'ns/get',
    ...TIMED,
    subjects: [...mapSubjects('get', 'city'), ...sharingPeers('get', 'city')],
  },
  {
    name: 'map-get-equal',
    title: "get with other string objects than those put in, like 'key:12345' (no goal)",
    unit: 'ns/get',
    ...TIMED,
    subjects: mapSubjects('get-equal', 'plain'),
  },
  {
    name: 'map-get-fresh',
    title: "get with a key put together for it, like 'key:12345'; its making included",
    unit: 'ns/get',
    ...TIMED,
    subjects: mapSubjects('get-fresh', 'plain'),
  },
  {
    name: 'map-get-fresh-city',
    title: "the same with keys like 'NO,Vestland,Bergen'",
    unit: 'ns/get',
    ...TIMED,
    subjects: mapSubjects('get-fresh', 'city'),
  },
  {
    name: 'map-set',
    title: "set of a number under an existing key like 'key:12345' (no goal)",
    unit: 'ns/set',
    ...TIMED,
    subjects: [...mapSubjects('set', 'plain'), ...sharingPeers('set', 'plain')],
  },
  {
    name: 'map-get-two-threads',
    title: 'get in worker threads, all threads together; the control shares nothing',
    unit: 'gets/s',
    ...TIMED,
    lessIsBetter: false,
    subjects: [
      readers('lull, one thread', 'threads-lull', 1),
      readers('lull, two threads', 'threads-lull', 2),
      readers('control, one thread', 'threads-own', 1),
      readers('control, two threads', 'threads-own', 2),
    ],
  },
  {
    name: 'mutex',
    title: 'lock and unlock of a mutex that nobody else wants',
    unit: 'ns/pair',
    ...TIMED,
    subjects: mutexes('uncontended', UNCONTENDED_LOCKS),
  },
  {
    name: 'mutex-two-threads',
    title: 'lock and unlock in two threads that want nothing else, both together',
    unit: 'locks/s',
    ...TIMED,
    lessIsBetter: false,
    subjects: mutexes('contended', CONTENDED_LOCKS),
  },
  {
    name: 'mutex-survival',
    title: 'trials in which the mutex could be locked after the thread that had it was terminated',
    unit: '%',
    lessIsBetter: false,
    warmupRounds: 0,
    rounds: 2,
    quickRounds: 1,
    subjects: mutexes('survival', SURVIVAL_TRIALS, SURVIVAL_TRIALS_OF_PEERS),
  },
  {
    name: 'reap',
    title: 'time to reap a thread that was terminated with most of a heap of 1 GiB in use',
    unit: 'ms',
    lessIsBetter: true,
    warmupRounds: 1,
    rounds: 9,
    quickRounds: 1,
    subjects: [{ name: 'lull', script: 'reap', given: [], operations: 1 }],
  },
  {
    name: 'gc',
    title: 'garbage collections in 10 million kmalloc, kfree, kfreeRcu and get',
    unit: 'collections',
    lessIsBetter: true,
    warmupRounds: 1,
    rounds: 3,
    quickRounds: 1,
    subjects: [{ name: 'lull', script: 'gc-lull', given: [], operations: COUNTED_OPERATIONS }],
  },
  ...ANY_CONTEXT_COMPARISONS,
  ...RCU_COMPARISONS,
];
