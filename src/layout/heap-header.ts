/**
 * The heap header: page 0, what a thread reads first. It says what the buffer is, how it is cut, and every
 * size that all threads must agree on; after creation those words never change.
 *
 *     word 0           constant words (HEADER)     magic, version, geometry, sizes
 *     word 64          gracePeriod.sequence        each group of shared words on its own 64-byte line
 *     word 80          gracePeriod.lock, turn snapshots follow in their own region
 *     word 96          orphans: what waits for a grace period and whose thread has left
 *     word 112         registry of names
 *     word 128         slots ever claimed
 *     word 144         the bootstrap sheaf: empty and of capacity 0, so push and pop both fall through
 *     word 176         reports of stalls
 *
 * I1  A thread checks magic, version and size before it believes any other word.
 */
import type { Words } from '../words/words.js';

export const MAGIC_0 = 0x4c554c4c; // 'LULL'
export const MAGIC_1 = 0x48454150; // 'HEAP'
/** Goes up with every change to what a word means. */
export const LAYOUT_VERSION = 4;

/** Constant words, in order; the name of a word is its place. */
const CONSTANT_WORDS = [
  'magic0',
  'magic1',
  'version',
  'totalPages',
  'firstPage',
  'slots',
  'slotWords',
  'slotsStart',
  'zones',
  'zonesStart',
  'zonePages',
  'maxCaches',
  'cachesStart',
  'descriptorsStart',
  'turnSnapshotsStart',
  'sheafCapacity',
  'barnSheaves',
  'minPartialSlabs',
  'maxSlabObjects',
  'pageListHighMin',
  'pageListHighMax',
  'pageListBatch',
  'pageListFloor',
  'minFreePages',
  'pointerPageSource',
  'reservedSheaves',
  'debugHooks',
  'faultInjection',
  'turnOperations',
  'drainMillis',
  'pollMillis',
  'maxWaitingWords',
  'stallMillis',
  'spinRounds',
  'mapBucketsLog2',
  'hashSeed0',
  'hashSeed1',
  'firstSequence',
] as const;

export type ConstantWord = (typeof CONSTANT_WORDS)[number];

/** Everything constant about one heap, as plain numbers: read once by each thread that attaches. */
export type Geometry = Readonly<Record<ConstantWord, number>>;

/** Words that change, each group on its own line. */
export const HEADER = {
  /** Grace-period sequence: counter above 2 phase bits. Written under gracePeriodLock, read by all. */
  gracePeriodSequence: 64,
  /** Held by the one thread that drives the grace period. */
  gracePeriodLock: 80,
  /** Guards the orphan words. */
  orphanLock: 96,
  /** Waiting rcu sheaves of threads that left, linked by SHEAF.next. */
  orphanSheaves: 97,
  /** Waiting RcuHeads of threads that left, linked by RCU_HEAD.next. */
  orphanHeads: 98,
  /** How many objects the two orphan lists hold. Written under the lock; atomic, read by barriers. */
  orphanObjects: 99,
  /** First callback of threads that left, linked by RCU_HEAD.next, and how many. Under the lock, as the others. */
  orphanCallbacks: 100,
  orphanCallbackCount: 101,
  /** Goes up each time that something goes onto these lists, or off them: barriers begin again. Atomic. */
  migrations: 102,
  /** As migrations, of callbacks alone: a barrier for these is not kept from its end by what goes the other ways. */
  callbackMigrations: 103,
  /** Guards the list of names and the number of caches. */
  registryLock: 112,
  /** First name record. Published: readers walk the list without the lock. */
  registryHead: 113,
  /** Cache ids 0 to cachesUsed - 1 are made. */
  cachesUsed: 114,
  /** Id of the first cache of objects that are charged to a group; 0 until the first group is made. */
  accountedCaches: 115,
  /** Table of the memory groups by name (GROUP_TABLE); 0 until the first group is made. Published. */
  groupTable: 116,
  /** Slots with a number below this were claimed at least once. Only grows. */
  slotsClaimed: 128,
  bootstrapSheaf: 144,
  /** Grace-period number of the last stall that was reported, and how often it was. Atomic. */
  stallSequence: 176,
  stallReports: 177,
} as const;

export const HEADER_WORDS = 192;

/** Writes the constant words; the caller owns the buffer alone. */
export function writeGeometry(words: Words, geometry: Geometry): void {
  for (let i = 0; i < CONSTANT_WORDS.length; i++) words.storePlain(i, geometry[CONSTANT_WORDS[i]!]);
}

/**
 * Reads the constant words of a heap whose magic, version and size were checked. Written out name by name: an
 * object filled in a loop would be a dictionary, and every look at it slow.
 */
export function readGeometry(words: Words): Geometry {
  const at = (name: ConstantWord) => words.loadPlain(constantWordIndex(name));
  return {
    magic0: at('magic0'),
    magic1: at('magic1'),
    version: at('version'),
    totalPages: at('totalPages'),
    firstPage: at('firstPage'),
    slots: at('slots'),
    slotWords: at('slotWords'),
    slotsStart: at('slotsStart'),
    zones: at('zones'),
    zonesStart: at('zonesStart'),
    zonePages: at('zonePages'),
    maxCaches: at('maxCaches'),
    cachesStart: at('cachesStart'),
    descriptorsStart: at('descriptorsStart'),
    turnSnapshotsStart: at('turnSnapshotsStart'),
    sheafCapacity: at('sheafCapacity'),
    barnSheaves: at('barnSheaves'),
    minPartialSlabs: at('minPartialSlabs'),
    maxSlabObjects: at('maxSlabObjects'),
    pageListHighMin: at('pageListHighMin'),
    pageListHighMax: at('pageListHighMax'),
    pageListBatch: at('pageListBatch'),
    pageListFloor: at('pageListFloor'),
    minFreePages: at('minFreePages'),
    pointerPageSource: at('pointerPageSource'),
    reservedSheaves: at('reservedSheaves'),
    debugHooks: at('debugHooks'),
    faultInjection: at('faultInjection'),
    turnOperations: at('turnOperations'),
    drainMillis: at('drainMillis'),
    pollMillis: at('pollMillis'),
    maxWaitingWords: at('maxWaitingWords'),
    stallMillis: at('stallMillis'),
    spinRounds: at('spinRounds'),
    mapBucketsLog2: at('mapBucketsLog2'),
    hashSeed0: at('hashSeed0'),
    hashSeed1: at('hashSeed1'),
    firstSequence: at('firstSequence'),
  };
}

/** Where a constant word lies: for tests that corrupt it and for checks before the rest is believed. */
export function constantWordIndex(name: ConstantWord): number {
  return CONSTANT_WORDS.indexOf(name);
}
