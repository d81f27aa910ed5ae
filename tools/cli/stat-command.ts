/** The sub-command `stat`, as the command line sees it. The work is in stat.ts. */
import type { Command } from 'commander';
import type { AddCommand } from './add-command.js';
import { declareStatOptions, statOptionsOf } from './stat-options.js';

export const addStatCommand: AddCommand = (program, streams, finish) => {
  // What stands behind the user's program is the program's, options too.
  program.enablePositionalOptions();
  const command: Command = program
    .command('stat')
    .summary('run a program and print what its heaps hold')
    .description(
      'Runs a program and, at its end, prints the statistics of each heap that its main thread has made, as the ' +
        "kernel's files in /proc print the machine's. SIGUSR2 prints them at once, to standard error.",
    );
  declareStatOptions(command).action(async (words: string[]) => {
    const options = statOptionsOf(command, words);
    const { stat } = await import('./stat.js');
    finish(await stat(options, streams));
  });
};
