/**
 * Runs all repository rules over the working tree: `node dist/tools/repo/check.js`, from the root.
 *
 * Prints each finding as `path:line rule problem (what to do)` and exits 1 where there is any.
 */
import { checkAtomics } from './atomics.js';
import { checkCycles } from './cycles.js';
import { checkDocs, type Known } from './docs.js';
import { checkExports } from './exports.js';
import { compareFindings, formatFinding } from './finding.js';
import { checkLayers } from './layers.js';
import { checkPairs, pairNamesOf } from './pairs.js';
import { checkSizes, medianLines } from './sizes.js';
import { isShipped, parseSource } from './source-file.js';
import { callableNamesOf } from './symbols.js';
import { filesBelow, isCompiled, readText } from './tree.js';

const DOCS = /^(?:README|CONTRIBUTING|bench\/README|docs\/.*)\.md$/;

const root = '.';
const paths = filesBelow(root);
const sources = paths.filter(isCompiled).map((path) => parseSource(path, readText(path)));
const pages = paths.filter((path) => DOCS.test(path)).map((path) => ({ path, text: readText(path) }));

function knownNames(): Known {
  const manifest = JSON.parse(readText('package.json')) as {
    scripts?: Record<string, string>;
    dependencies?: Record<string, string>;
    devDependencies?: Record<string, string>;
  };
  return {
    files: paths,
    callables: callableNamesOf(sources),
    pairs: pairNamesOf(sources),
    scripts: new Set(Object.keys(manifest.scripts ?? {})),
    packages: new Set(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })),
  };
}

const findings = [
  ...checkLayers(sources),
  ...checkExports(sources),
  ...checkCycles(sources),
  ...checkAtomics(sources),
  ...checkSizes(sources),
  ...checkPairs(sources),
  ...checkDocs(pages, knownNames()),
].sort(compareFindings);

for (const finding of findings) console.log(formatFinding(finding));
const median = medianLines(sources.filter((file) => isShipped(file.path)));
console.log(
  `${findings.length} findings in ${sources.length} files and ${pages.length} pages; a file of src/ has ${median} lines in the median`,
);
process.exitCode = findings.length === 0 ? 0 : 1;
