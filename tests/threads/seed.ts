/**
 * The seed of a test run, and random numbers from it. LULL_SEED sets it, so that a failure, which names its
 * seed, can be run again; what threads do between each other's steps no seed settles.
 */
import { randomInt } from 'node:crypto';

/** The seed of this run: a positive 31-bit number. */
export const SEED: number = readSeed(process.env.LULL_SEED);

/** For messages of failures. */
export const SEED_NOTE = `(LULL_SEED=${SEED})`;

function readSeed(text: string | undefined): number {
  if (text === undefined || text === '') return randomInt(1, 2 ** 31);
  const seed = Number(text);
  if (Number.isInteger(seed) && seed > 0 && seed < 2 ** 31) return seed;
  throw new RangeError(`LULL_SEED is ${text}; it is an integer in 1..${2 ** 31 - 1}`);
}

export { mix, Random } from '../../tools/torture/random.js';
