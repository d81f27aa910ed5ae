/** The sub-command `check`, as the command line sees it. The work is in check.ts. */
import type { Command } from 'commander';
import type { AddCommand } from './add-command.js';
import { checkOptionsOf, declareCheckOptions } from './check-options.js';

export const addCheckCommand: AddCommand = (program, streams, finish) => {
  const command: Command = program
    .command('check')
    .summary('run models under every interleaving, or litmus tests')
    .description(
      'Runs the models that files export under every interleaving of their threads, and the broken twins of the ' +
        'code that they must catch. Without files: those in tests/interleavings/ and tests/broken/. With --litmus ' +
        "the files are litmus tests in C, run on Lull's own RCU and locks.",
    );
  declareCheckOptions(command).action(async (files: readonly string[]) => {
    const { check } = await import('./check.js');
    finish(await check(checkOptionsOf(files, command), streams));
  });
};
