/** What the test of grace periods and its worker say to each other. */
import type { Address, HeapHandle } from '../../src/index.js';

export type Role =
  | 'gets in one run'
  | 'gets after a pause'
  | 'sets in one run'
  | 'iterates in one run'
  | 'allocates and calls quiesce()'
  | 'sleeps in idle()'
  | 'sleeps in idle(), attached twice'
  | 'sleeps in a turn'
  | 'holds addresses in one run'
  | 'takes turn after turn';

export interface GracePeriodsBriefing {
  readonly handle: HeapHandle;
  readonly role: Role;
  readonly signals: Address;
}

/** Words at `signals`. */
export const SIGNAL = { started: 0, stop: 1 } as const;
export const SIGNAL_WORDS = 2;

export const BUSY_MAP = 'busy';
