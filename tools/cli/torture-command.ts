/** The sub-command `torture`, as the command line sees it. The work is in torture.ts beside it. */
import type { Command } from 'commander';
import type { AddCommand } from './add-command.js';
import { declareTortureOptions, tortureRequestOf } from './torture-options.js';

export const addTortureCommand: AddCommand = (program, streams, finish) => {
  const command: Command = program
    .command('torture')
    .summary('kill threads at random while they work, and account for everything')
    .description(
      'Runs all kinds of operations on one heap in several threads, which are killed at random moments and at chosen ' +
        'steps, run out of memory, stall, join and leave; at the end every page and object must be accounted for. ' +
        'docs/torture.md explains each number.',
    );
  declareTortureOptions(command).action(async () => {
    const request = tortureRequestOf(command);
    const { runTorture } = await import('./torture.js');
    finish(await runTorture(request, streams));
  });
};
