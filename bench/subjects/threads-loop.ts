/** One or two worker threads that read one map at full speed, and the parent of them that counts (team.ts). */
import { serveRounds } from '../subject.js';
import { ratePerSecond, Team, workInTeam } from '../team.js';
import { mapKeys } from '../workloads.js';
import { keyReader, type NumberMap, ShuffledOrder } from './map-loop.js';

/**
 * The thread's side: reads when told to, and says what the values add up to.
 *
 * @param openMap  makes or attaches the map that this thread reads; entries are mapKeys('plain').
 */
export function readInThread<T>(openMap: (subject: T) => NumberMap): void {
  workInTeam<T, number>((subject) => {
    const map = openMap(subject);
    const keys = mapKeys('plain');
    const order = new ShuffledOrder();
    const read = keyReader(
      map,
      order.positions.map((position) => keys[position]!),
    );
    return (operations) => {
      let sum = 0;
      order.walk(operations, (from, to) => {
        sum = (sum + read(from, to)) | 0;
      });
      return sum;
    };
  });
}

/**
 * The parent's side: serves rounds; the value is reads a second, all threads together.
 *
 * @param script   module that calls readInThread().
 * @param subject  given to openMap() in every thread.
 * @param threads  1 or 2, from the command line.
 */
export async function serveThreads<T>(
  script: URL,
  subject: T,
  threads = Number(process.argv[2]),
): Promise<void> {
  const team = new Team<T, number>(script, new Array<T>(threads).fill(subject));
  const order = new ShuffledOrder();
  await serveRounds(async (operations) => {
    const expected = order.expectedSum(operations);
    order.walk(operations, () => {});
    const stretches = await team.round(operations);
    for (const { result } of stretches) {
      if (result !== expected) throw new Error(`the values read add up to ${result}, expected ${expected}`);
    }
    return ratePerSecond(operations * threads, stretches);
  });
  await team.stop();
}
