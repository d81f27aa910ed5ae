/**
 * Which files of dist/ the compiler makes from which sources. The compiler never removes an output whose
 * source is gone, so a deleted test would go on running.
 */

/** Where the compiled file of a source lies. */
export function outputOf(source: string): string {
  return `dist/${source.replace(/\.ts$/, '.js')}`;
}

/** The outputs that no source accounts for: compiled files and their declarations, nothing else. */
export function staleOutputs(sources: readonly string[], outputs: readonly string[]): string[] {
  const expected = new Set(
    sources.flatMap((source) => [outputOf(source), outputOf(source).replace(/\.js$/, '.d.ts')]),
  );
  return outputs.filter((output) => /\.(?:js|d\.ts)$/.test(output) && !expected.has(output));
}
