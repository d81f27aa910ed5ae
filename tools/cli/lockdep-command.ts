/** The sub-command `lockdep`, as the command line sees it. The work is in lockdep.ts. */
import type { Command } from 'commander';
import type { AddCommand } from './add-command.js';
import { declareLockdepOptions, lockdepOptionsOf } from './lockdep-options.js';

export const addLockdepCommand: AddCommand = (program, streams, finish) => {
  const command: Command = program
    .command('lockdep')
    .summary('show in which order threads take locks')
    .description(
      'Runs three threads on one validating heap and shows which locks they waited for under which: a table, or ' +
        'the graph of lock classes. Fails when an order is against the ranks, or the validator has reported anything.',
    );
  declareLockdepOptions(command).action(async () => {
    const options = lockdepOptionsOf(command);
    const { lockdep } = await import('./lockdep.js');
    finish(await lockdep(options, streams));
  });
};
