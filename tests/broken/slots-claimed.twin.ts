/** The fault that tests/regressions/slots-claimed.model.ts is about. */
import { twin } from '../../tools/checker/twin.js';

export const looksPlainly = twin({
  name: 'the second look of who drives a grace period reads the number of slots plainly',
  claim: 'slots-claimed/joinsWhileAnotherDrives',
  patch: {
    file: 'src/rcu/grace-period.ts',
    find: 'words.load(HEADER.slotsClaimed); let quiescent',
    replace: 'words.loadPlain(HEADER.slotsClaimed); let quiescent',
  },
  caughtAs: 'race',
});
