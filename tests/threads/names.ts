/** What the test of names and its worker say to each other. */
import type { Address, HeapHandle } from '../../src/index.js';

export interface NamesBriefing {
  readonly handle: HeapHandle;
  /** A word in which the workers count how often they have met. */
  readonly meeting: Address;
  readonly workers: number;
  /** Each opens a map. */
  readonly rounds: number;
  /** So many of the rounds open a cache as well. */
  readonly caches: number;
}

export function mapName(round: number): string {
  return `map of round ${round}`;
}

/** What a worker has taken. */
export interface NamesResult {
  /** An object of each cache. */
  readonly objects: readonly Address[];
  /** The id of each callback. */
  readonly ids: readonly number[];
}

export function callbackName(round: number): string {
  return `callback of round ${round}`;
}

export function cacheName(round: number): string {
  return `cache of round ${round}`;
}
