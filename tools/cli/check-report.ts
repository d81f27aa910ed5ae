/** What `lull check` prints of claims and twins. */
import type { Declared } from '../checker/claims/claim-files.js';
import { replayText } from '../checker/claims/replay-text.js';
import type { ClaimResult, TwinResult } from '../checker/claims/run-claims.js';
import type { Counterexample } from '../checker/explore/explore.js';
import { formatCounted } from './numbers.js';

/** One claim: what came of it, and how much was looked at. */
export function claimLine(claim: ClaimResult): string {
  const counts = [
    formatCounted(claim.threads, 'thread'),
    formatCounted(claim.executions, 'execution'),
    formatCounted(claim.states, 'state'),
    `${claim.seconds.toFixed(1)} s`,
  ];
  return `${claim.result.padEnd(10)} ${claim.id}: ${claim.name}\n           ${counts.join(', ')}, ${claim.bound}`;
}

/** One twin: how it was caught. */
export function twinLine(twin: TwinResult): string {
  const found = twin.counterexample;
  const how =
    found === undefined
      ? `nothing found in ${formatCounted(twin.executions, 'execution')}`
      : `${found.kind} in ${formatCounted(found.steps, 'step')}, after ${formatCounted(twin.executions, 'execution')}`;
  return `${(twin.isCaught ? 'caught' : 'NOT CAUGHT').padEnd(10)} ${twin.id}: ${twin.name}\n           ${how}`;
}

/** A failing execution, and how to see it again. */
export async function counterexampleText(
  id: string,
  { message, schedule }: Counterexample,
  declared: Declared,
  files: readonly string[],
): Promise<string> {
  const string = `${id}:${schedule}`;
  const { report } = await replayText(string, declared);
  // The replay is to end as the execution did: where it does not, this says so.
  const found = report.includes(message) ? '' : `\nbut it was found as: ${message}`;
  return `\n${report}${found}\nagain: ${['lull check', ...files].join(' ')} --replay '${string}'\n`;
}

/** The last line. */
export function summaryLine(claims: readonly ClaimResult[], twins: readonly TwinResult[]): string {
  const held = claims.filter(({ result }) => result === 'passed').length;
  const caught = twins.filter(({ isCaught }) => isCaught).length;
  const sum = (pick: (claim: ClaimResult) => number) =>
    claims.reduce((total, claim) => total + pick(claim), 0);
  const seconds = sum((claim) => claim.seconds) + twins.reduce((total, twin) => total + twin.seconds, 0);
  const twinsText = twins.length === 0 ? '' : `, ${caught} of ${formatCounted(twins.length, 'twin')} caught`;
  return (
    `${held} of ${formatCounted(claims.length, 'claim')} hold${twinsText}; ` +
    `${formatCounted(
      sum(({ executions }) => executions),
      'execution',
    )}, ` +
    `${formatCounted(
      sum(({ states }) => states),
      'state',
    )}, ${seconds.toFixed(1)} s`
  );
}

/** All of it for programs. */
export function toJson(claims: readonly ClaimResult[], twins: readonly TwinResult[]): object {
  return {
    claims: claims.map(
      ({ id, name, threads, executions, states, bound, seconds, result, counterexample }) => ({
        ...{ name: id, says: name, threads, executions, states, bound, seconds, result },
        ...(counterexample === undefined
          ? {}
          : { replay: `${id}:${counterexample.schedule}`, message: counterexample.message }),
      }),
    ),
    twins: twins.map(({ id, name, claim, isCaught, counterexample, executions, seconds }) => ({
      ...{
        name: id,
        says: name,
        claim,
        caught: isCaught,
        steps: counterexample?.steps ?? 0,
        executions,
        seconds,
      },
      ...(counterexample === undefined
        ? {}
        : { as: counterexample.kind, replay: `${id}:${counterexample.schedule}` }),
    })),
  };
}
