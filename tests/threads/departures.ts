/** What the test of departures and its worker say to each other. */
import type { Address, HeapHandle } from '../../src/index.js';

export type Departure =
  | 'detaches'
  | 'returns'
  | 'calls process.exit()'
  | 'throws'
  | 'calls process.exit() inside turn()'
  | 'calls process.exit() inside update()';

export interface DeparturesBriefing {
  readonly handle: HeapHandle;
  readonly departure: Departure;
  /** How often a thread that detaches joins. */
  readonly times: number;
  /** OBJECTS words for the addresses of what a thread keeps that does not detach. */
  readonly ledger: Address;
}

/** Objects that a thread keeps. */
export const OBJECTS = 60;
export const GUEST_MAP = 'guests';
