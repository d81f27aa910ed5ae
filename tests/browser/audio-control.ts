/**
 * What the threads of the audio page tell each other beside the heap: a shared Int32Array, each word written by one
 * thread only and read when it has stopped.
 *
 *     0..31       counters and the stop word         1024..   addresses published by the worklet, 0 for none
 *     32..607     histograms of the worklet          2048..   addresses that the worklet keeps to itself
 */

export const CONTROL_WORDS = 4096;

export const CONTROL = {
  /** Not 0: the workers end. */
  stop: 0,
  /** Of the worklet: calls of process() that ran to their end, and that threw. */
  calls: 1,
  errors: 2,
  /** Of the worklet: calls of Atomics.wait and Atomics.waitAsync. */
  waits: 3,
  waitAsyncs: 4,
  /** Of the worklet: kmallocNolock tried and refused; trySet; tryDelete. */
  allocs: 5,
  allocsRefused: 6,
  sets: 7,
  setsRefused: 8,
  deletes: 9,
  deletesRefused: 10,
  /** Of the worklet: objects freed at once, and retired by kfreeRcu. */
  freed: 11,
  retired: 12,
  /** Most operations of Atomics in one process() call. */
  mostAtomics: 14,
  /** Of each other thread (page, first and second worker): rounds, and published objects seen and found whole. */
  rounds: 16,
  seen: 20,
} as const;

export const HERTZ = 48_000;
export const FRAMES_A_CALL = 128;
/** Calls of process() in 60 s of audio. */
const CALLS_A_MINUTE = (60 * HERTZ) / FRAMES_A_CALL;
export const MINUTES = 8;
export const RENDERED_CALLS = MINUTES * CALLS_A_MINUTE;

/** Calls of process() after which the worklet's own memory is measured: the engine's compilers settle in some of them. */
export const MEASURED_AT = Array.from({ length: MINUTES }, (_, minute) => (minute + 1) * CALLS_A_MINUTE);

/** Where the histograms of Atomics operations a call begin; each has HISTOGRAM_WORDS, the last for all above. */
export const HISTOGRAM_WORDS = 96;
export const HISTOGRAMS = {
  kmallocNolock: 32,
  kfreeNolock: 128,
  trySet: 224,
  tryDelete: 320,
  kfreeRcu: 416,
  turnEnd: 512,
} as const;
export type HistogramName = keyof typeof HISTOGRAMS;

/** Objects that the worklet has published, at most, and their first key in the map. */
export const PUBLISHED = 1024;
export const PUBLISHED_MOST = 64;
export const FIRST_KEY = 1_000_000;

/** Objects that the worklet keeps to itself, at most. */
export const KEPT = 2048;
export const KEPT_MOST = 96;

/** Name of the map that all threads share. */
export const MAP_NAME = 'published';
