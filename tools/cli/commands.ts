/**
 * The sub-commands of `lull`. A new one is a file that exports an AddCommand, and a line in COMMANDS.
 *
 * A command's file declares options and help; it imports its work only when it is called, so that `lull --help`
 * and a wrong option are answered without loading a heap.
 */
import type { AddCommand } from './add-command.js';
import { addCheckCommand } from './check-command.js';
import { addLockdepCommand } from './lockdep-command.js';
import { addRunCommand } from './run-command.js';
import { addStatCommand } from './stat-command.js';
import { addTortureCommand } from './torture-command.js';

/** All sub-commands, in the order of the help. */
export const COMMANDS: readonly AddCommand[] = [
  addRunCommand,
  addCheckCommand,
  addLockdepCommand,
  addStatCommand,
  addTortureCommand,
];
