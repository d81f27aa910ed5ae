/** One round of subjects, one after another: for tests of what they measure, which need no more. */
import type { Subject } from './comparison.js';
import { prepare } from './peers.js';
import { RunningSubject } from './running-subject.js';

/**
 * Runs each subject for a round.
 *
 * @param operations  what each is told to do, instead of what its comparison says.
 * @returns           the values, by the subject's name.
 */
export async function oneRound(
  subjects: readonly Subject[],
  operations: number,
): Promise<Map<string, number>> {
  const values = new Map<string, number>();
  for (const each of subjects) {
    const { command } = await prepare(each);
    const subject = await RunningSubject.start(each.name, command);
    try {
      values.set(each.name, await subject.round(operations));
    } finally {
      await subject.stop();
    }
  }
  return values;
}
