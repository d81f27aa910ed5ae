/** A member of a team for tests: its result is the operations times a factor. */
import { workInTeam } from './team.js';

export interface Role {
  readonly factor: number;
  /** Works until the round is over. */
  readonly untilOver?: boolean;
  readonly fails?: boolean;
}

workInTeam<Role, number>(({ factor, untilOver = false, fails = false }) => (operations, isOver) => {
  if (fails) throw new Error('the stub has been told to fail');
  while (untilOver && !isOver()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  return operations * factor;
});
