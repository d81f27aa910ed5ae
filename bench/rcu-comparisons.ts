/** Comparisons of RCU: deferred frees, what they touch, waiting for a grace period, readers, and floods. */
import type { Comparison, ScriptSubject, Subject } from './comparison.js';

const DEFERRED_OBJECTS = 1_000_000;
/** 104 of each of 32 caches: no more than a thread's own two sheaves of a cache have room for. */
const COUNTED_OBJECTS = 3328;
const IDLE_CALLS = 20_000;
const BUSY_CALLS = 500;
const READS = 20_000_000;
const TURNS = 2_000_000;
const FLOODED_OBJECTS = 50_000_000;
const QUICK_FLOODED_OBJECTS = 5_000_000;

const TIMED = { lessIsBetter: true, warmupRounds: 3, rounds: 21, quickRounds: 5 };
/** Where each round is long. */
const FEWER_ROUNDS = { warmupRounds: 1, rounds: 11, quickRounds: 3 };
const LONG_ROUNDS = { warmupRounds: 1, rounds: 3, quickRounds: 1 };
/** What comes out the same each time. */
const COUNTED = { lessIsBetter: true, warmupRounds: 0, rounds: 2, quickRounds: 1 };

function retirement(name: string, way: 'kfreeRcu' | 'call'): Subject {
  return { name, script: 'defer-lull', given: [way], operations: DEFERRED_OBJECTS };
}

function lines(name: string, way: 'whole' | 'arrays' | 'arrays-and-own' | 'list'): Subject {
  return { name, script: 'rcu-lines', given: [way], operations: COUNTED_OBJECTS };
}

function waits(others: 'idle' | 'busy', operations: number): readonly Subject[] {
  return [
    { name: 'lull', script: 'synchronize', given: [others, 'normal'], operations },
    { name: 'expedited', script: 'synchronize', given: [others, 'expedited'], operations },
  ];
}

function turns(name: string, call: string): ScriptSubject {
  return { name, script: 'turn-cost', given: [call], operations: TURNS };
}

function floods(figure: 'rate' | 'steady' | 'waiting' | 'peak'): readonly Subject[] {
  const flood = { script: 'rcu-flood', operations: FLOODED_OBJECTS, quickOperations: QUICK_FLOODED_OBJECTS };
  return [
    { ...flood, name: 'alone', given: ['alone', figure] },
    { ...flood, name: 'beside turns of 1 ms', given: ['beside', figure] },
  ];
}

export const RCU_COMPARISONS: readonly Comparison[] = [
  {
    name: 'defer',
    title: 'allocate, publish, retire what was there before, until all can be used again, 64 bytes',
    unit: 'ns/object',
    ...TIMED,
    subjects: [
      retirement('lull', 'kfreeRcu'),
      retirement('lull with rcu.call', 'call'),
      { name: 'liburcu (C)', peer: 'liburcu', operations: DEFERRED_OBJECTS },
      { name: 'liburcu on mimalloc (C)', peer: 'liburcu-mimalloc', operations: DEFERRED_OBJECTS },
    ],
  },
  {
    name: 'rcu-lines',
    title:
      'cache lines touched for an object from the end of its grace period until it can be allocated again',
    unit: 'lines/object',
    ...COUNTED,
    subjects: [
      lines('pointer pages', 'arrays'),
      lines('pointer pages, and where they go', 'arrays-and-own'),
      lines('whole sheaves', 'whole'),
      lines('linked list', 'list'),
    ],
  },
  {
    name: 'synchronize',
    title: 'synchronizeRcuSync() while three other threads are idle',
    unit: 'µs',
    ...TIMED,
    subjects: waits('idle', IDLE_CALLS),
  },
  {
    name: 'synchronize-busy',
    title: 'p99 of synchronizeRcuSync() while another thread makes turns of 1 ms',
    unit: 'ms',
    ...FEWER_ROUNDS,
    lessIsBetter: true,
    subjects: waits('busy', BUSY_CALLS),
  },
  {
    name: 'dereference',
    title: 'a published address and a word of its object read within a turn; the control reads an Int32Array',
    unit: 'ns/object',
    ...TIMED,
    subjects: [
      { name: 'lull', script: 'dereference', given: ['lull'], operations: READS },
      { name: 'control', script: 'dereference', given: ['plain'], operations: READS },
    ],
  },
  {
    name: 'turn',
    title: 'a turn entered and left, with nothing in it',
    unit: 'ns',
    ...TIMED,
    subjects: [
      turns('turn(fn)', 'turn'),
      turns('rcu.read(fn)', 'read'),
      turns('readLock + readUnlock in a turn', 'lock'),
      turns('quiesce()', 'quiesce'),
    ],
  },
  {
    name: 'rcu-flood',
    title: '50 million objects allocated and retired on 64 MiB (no goal)',
    unit: 'objects/s',
    ...LONG_ROUNDS,
    lessIsBetter: false,
    subjects: floods('rate'),
  },
  {
    name: 'rcu-flood-steady',
    title: 'the same: the speed of the last tenth over that of the first',
    unit: 'times',
    ...LONG_ROUNDS,
    lessIsBetter: false,
    subjects: floods('steady'),
  },
  {
    name: 'rcu-flood-waiting',
    title: 'the same: the most that waited, over what is retired in two grace periods and a sheaf',
    unit: 'times',
    ...LONG_ROUNDS,
    lessIsBetter: true,
    subjects: floods('waiting'),
  },
  {
    name: 'rcu-flood-peak',
    title: 'the same: the most that waited (no goal)',
    unit: 'MiB',
    ...LONG_ROUNDS,
    lessIsBetter: true,
    subjects: floods('peak'),
  },
];
