/**
 * Reads the command line and runs the sub-command it names; every wrong option ends in one line and code 2.
 *
 * commander would end the process itself and spread its errors over lines ("Did you mean ...?"); here it throws
 * instead, and the text is folded onto one line like every other error of this program.
 */
import { Command, CommanderError } from 'commander';
import { COMMANDS } from './commands.js';
import { EXIT_FAIL, EXIT_PASS, EXIT_USAGE, oneLine, RunFailure, UsageError } from './failures.js';
import type { OutputStreams } from './run-view.js';

/**
 * Runs `lull` with some arguments.
 *
 * @param args     what stands behind the program's name.
 * @param version  what --version prints.
 * @returns        the exit code.
 *
 * Errors  whatever is neither a usage error nor a failed run: a fault of this program, with its stack.
 */
export async function runCommandLine(
  args: readonly string[],
  version: string,
  streams: OutputStreams,
): Promise<number> {
  let exitCode = EXIT_PASS;
  const program = new Command('lull')
    .description('One heap that many JavaScript threads share.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
      outputError: () => {},
    });
  for (const add of COMMANDS) add(program, streams, (code) => (exitCode = code));
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return exitCodeOf(error, streams);
  }
}

function exitCodeOf(error: unknown, { stderr }: OutputStreams): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT_PASS;
    // The help that commander shows when no command is named is its own explanation.
    if (error.code !== 'commander.help')
      stderr.write(`lull: ${oneLine(error.message.replace(/^error: /, ''))}\n`);
    return EXIT_USAGE;
  }
  if (error instanceof UsageError || error instanceof RunFailure) {
    stderr.write(`lull: ${oneLine(error.message)}\n`);
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAIL;
  }
  throw error;
}
