/** A shape to plan heaps from. */
import type { Shape } from '../../src/layout/heap-layout.js';

export const SHAPE: Shape = {
  totalPages: 2048,
  slots: 64,
  maxCaches: 128,
  sheafCapacity: 58,
  barnSheaves: 128,
  minPartialSlabs: 5,
  maxSlabObjects: 32767,
  pageListHighMin: 96,
  pageListHighMax: 96,
  pageListFloor: 0,
  minFreePages: 0,
  pointerPageSource: 0,
  reservedSheaves: 0,
  debugHooks: 0,
  faultInjection: 0,
  pageListBatch: 16,
  turnOperations: 1000,
  drainMillis: 20,
  pollMillis: 1,
  spinRounds: 1000,
  mapBucketsLog2: 6,
  hashSeed0: 1,
  hashSeed1: 2,
  firstSequence: -1200,
};
