/** What a sub-command's file exports. */
import type { Command } from 'commander';
import type { OutputStreams } from './run-view.js';

/**
 * Adds a sub-command to the program.
 *
 * @param streams  where the command writes.
 * @param finish   takes the command's exit code.
 */
export type AddCommand = (
  program: Command,
  streams: OutputStreams,
  finish: (exitCode: number) => void,
) => void;
