/**
 * A subject for tests: answers rounds with the numbers it is given, and notes each round in a file that all
 * stubs of a test share, so that their order can be read.
 *
 *   stub-subject.js NAME FILE ANSWERS     ANSWERS is '10,11,dies': a number for each round, or how the process ends
 */
import { appendFileSync } from 'node:fs';
import { serveRounds } from './subject.js';

const [name, file, answers] = process.argv.slice(2);
const left = answers!.split(',');
process.stdout.write('a line that a library writes\n');
await serveRounds((operations) => {
  appendFileSync(file!, `${name} ${operations}\n`);
  const answer = left.shift();
  if (answer === 'dies') throw new Error('the stub has been told to end');
  return Number(answer);
});
