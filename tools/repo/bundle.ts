/**
 * The second half of `npm run build`, after the compiler: removes outputs without a source, and bundles the
 * command line and the checker, with the packages they are made of, into dist/bin/, so that the published package depends on none.
 */
import { chmodSync, rmSync } from 'node:fs';
import { type BuildOptions, build } from 'esbuild';
import { staleOutputs } from './outputs.js';
import { filesBelow, isCompiled, SOURCE_ROOTS } from './tree.js';

const ENTRIES = {
  lull: 'tools/cli/lull.ts',
  'run-worker': 'tools/cli/run-worker.ts',
  'torture-worker': 'tools/torture/torture-worker.ts',
  checker: 'tools/checker/checker.ts',
};

// Loaded by the checker as text, to be held: it lies beside the bundle that looks for it.
const HELD_ENTRIES = { 'litmus-model': 'tools/checker/litmus/litmus-model.ts' };

// Bundled packages in CommonJS call require, which a module does not have. The line that makes lull.js a
// program (#!) is lull.ts's own: esbuild puts it before the banner.
const BANNER = `import { createRequire as createRequireForBundle } from 'node:module';
const require = createRequireForBundle(import.meta.url);`;

const sources = filesBelow('.').filter(isCompiled);
const outputs = SOURCE_ROOTS.flatMap((folder) => filesBelow('dist', folder)).map((path) => `dist/${path}`);
for (const output of staleOutputs(sources, outputs)) rmSync(output);

const OPTIONS: BuildOptions = {
  outdir: 'dist/bin',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
};

try {
  await build({ ...OPTIONS, entryPoints: ENTRIES, banner: { js: BANNER } });
  await build({ ...OPTIONS, entryPoints: HELD_ENTRIES });
  chmodSync('dist/bin/lull.js', 0o755);
} catch {
  // esbuild has said why.
  process.exitCode = 1;
}
