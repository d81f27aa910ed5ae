/**
 * Marked addresses: in a validating heap an address that was read with dereference() says in which turn.
 *
 *     2^53          2^32            0
 *      | turn, 1 ..  | word index   |          as a JavaScript number
 *
 * What is written into a word keeps the lower 32 bits alone, and `address + offset` keeps the mark. Two
 * addresses of which one is marked are compared by `(a | 0) === (b | 0)`.
 */

const UNIT = 2 ** 32;
/** So many turns are told apart. */
const TURNS = 2 ** 20;

/** `address`, as read in the turn of this epoch. */
export function markAddress(address: number, epoch: number): number {
  return address + markOf(epoch) * UNIT;
}

/** True for an address that says in which turn it was read. What no address can be is left for others to refuse. */
export function isMarked(address: number): boolean {
  return address >= UNIT && Number.isSafeInteger(address);
}

/** The address alone. */
export function bareAddress(address: number): number {
  return isMarked(address) ? address % UNIT : address;
}

/** True for an unmarked address, and for one that was read in the turn of this epoch. */
export function isOfTurn(address: number, epoch: number): boolean {
  return !isMarked(address) || Math.floor(address / UNIT) === markOf(epoch);
}

function markOf(epoch: number): number {
  return (epoch % TURNS) + 1;
}
