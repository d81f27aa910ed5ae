/** Writes docs/mutants.md anew. Run from the root of the repository, after a build. */
import { writeFileSync } from 'node:fs';
import { mutantsPage } from './mutants-page.js';

writeFileSync('docs/mutants.md', await mutantsPage());
