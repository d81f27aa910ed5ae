/** The sub-command `run`, as the command line sees it. The work is in run.ts. */
import type { Command } from 'commander';
import type { AddCommand } from './add-command.js';
import { declareRunOptions, runOptionsOf } from './run-options.js';

export const addRunCommand: AddCommand = (program, streams, finish) => {
  const command: Command = program
    .command('run')
    .summary('load records into a shared map and hammer it')
    .description(
      'Loads the records of a file into one map that all threads share, then looks them up and replaces some of ' +
        'them from all threads at once, checks every value read, and accounts for every page and object at the end.',
    );
  declareRunOptions(command).action(async () => {
    const { run } = await import('./run.js');
    finish(await run(runOptionsOf(command), streams));
  });
};
