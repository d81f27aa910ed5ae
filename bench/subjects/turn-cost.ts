/**
 * What a turn costs its thread, in nanoseconds, with nothing done in it.
 *
 *     turn-cost.js turn|read|lock|quiesce
 *
 *     turn      `heap.turn(fn)`: enter and exit
 *     read      `heap.rcu.read(fn)`: the same, as a read section
 *     lock      `readLock()` and `readUnlock()`, inside of a turn
 *     quiesce   `heap.quiesce()`: exit and enter
 */
import { Heap } from '../../src/index.js';
import { nanosPerOperation, serveRounds } from '../subject.js';

const heap = Heap.create();
const nothing = () => {};

function operation(): () => void {
  switch (process.argv[2]) {
    case 'turn':
      return () => heap.turn(nothing);
    case 'read':
      return () => heap.rcu.read(nothing);
    case 'lock':
      return () => {
        heap.rcu.readLock();
        heap.rcu.readUnlock();
      };
    case 'quiesce':
      return () => heap.quiesce();
    default:
      throw new Error(`asked for ${process.argv[2]}; there is turn, read, lock and quiesce`);
  }
}

const isInTurn = process.argv[2] === 'lock' || process.argv[2] === 'quiesce';
const call = operation();
await serveRounds((operations) => {
  // Begins a turn that lasts until this round does.
  if (isInTurn) heap.kfree(heap.kmalloc(1));
  return nanosPerOperation(operations, () => {
    for (let i = 0; i < operations; i++) call();
  });
});
