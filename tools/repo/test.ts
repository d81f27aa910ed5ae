/**
 * `npm test`: runs the tests and ends with their counts. Arguments choose files by a part of their path:
 * `npm test -- pages/ heap/`.
 */
import { runTests } from './run-tests.js';

const tally = await runTests(process.argv.slice(2));
console.log(tally.summary());
process.exitCode = tally.failed === 0 && tally.passed > 0 ? 0 : 1;
