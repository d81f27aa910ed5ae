/** Litmus results as text: a line each, aligned, and a summary of them all. */
import { stateLine } from './final-states.js';
import type { LitmusOutcome, UnsupportedLitmus } from './run-litmus.js';

/** One line, and under it every final state that the result lists. */
export function formatOutcome(outcome: LitmusOutcome, nameWidth: number): string[] {
  const { name, result, states, bound, expected } = outcome;
  const notes = [`${states} state${states === 1 ? '' : 's'}`];
  if (bound !== undefined) notes.push(bound);
  if (agreement(outcome) === 'differs') notes.push(`the file expects ${expected}`);
  const line = `${name.padEnd(nameWidth)}  ${result.padEnd('Sometimes'.length)}  (${notes.join(', ')})`;
  return [line, ...(outcome.finals ?? []).map((state) => `    ${stateLine(state)}`)];
}

export function formatUnsupported({ file, unsupported }: UnsupportedLitmus, nameWidth: number): string {
  return `${file.padEnd(nameWidth)}  unsupported  (${unsupported})`;
}

/** Whether a result is what the file's own comment expects; undefined where it expects nothing definite. */
export function agreement({ result, expected }: LitmusOutcome): 'agrees' | 'differs' | undefined {
  if (expected === undefined || !/^(Never|Sometimes|Always|DEADLOCK)$/.test(expected)) return undefined;
  return expected === result ? 'agrees' : 'differs';
}

/** True where the file says that a state is never reached, and it was. */
export function isContradicted({ result, expected }: LitmusOutcome): boolean {
  return expected === 'Never' && (result === 'Sometimes' || result === 'Always');
}

/** The last line: how many came to what. */
export function summaryLine(outcomes: readonly LitmusOutcome[], unsupported: number): string {
  const counts = ['Never', 'Sometimes', 'Always', 'DEADLOCK'].map(
    (result) => `${outcomes.filter((outcome) => outcome.result === result).length} ${result}`,
  );
  if (unsupported > 0) counts.push(`${unsupported} unsupported`);
  const agreeing = outcomes.filter((outcome) => agreement(outcome) === 'agrees').length;
  const differing = outcomes.filter((outcome) => agreement(outcome) === 'differs').length;
  const contradicted = outcomes.filter(isContradicted).length;
  const files = outcomes.length + unsupported;
  return (
    `${files} file${files === 1 ? '' : 's'}: ${counts.join(', ')}. Results that the files state: ` +
    `${agreeing} agree, ${differing} differ, ${contradicted} of them reached what should be Never.`
  );
}
