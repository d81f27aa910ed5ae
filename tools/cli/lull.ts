#!/usr/bin/env node
/** The program `lull`. Everything it does is in command-line.ts; this file connects it to the process. */
import { runCommandLine } from './command-line.js';
import { packageVersion } from './package-version.js';

// A reader that goes away (`lull run | head`) is no fault of the run.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const { stdout, stderr } = process;
process.exitCode = await runCommandLine(process.argv.slice(2), packageVersion(), { stdout, stderr });
