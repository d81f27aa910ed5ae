/** `lull check`: runs claims and twins, litmus tests, or one schedule again. */
import { resolve } from 'node:path';
import { type Declared, loadClaimFiles } from '../checker/claims/claim-files.js';
import { replayText } from '../checker/claims/replay-text.js';
import { type ClaimResult, runClaim, runTwin, type TwinResult } from '../checker/claims/run-claims.js';
import { checkLitmusFiles } from '../checker/litmus/check-litmus.js';
import type { Bounds } from '../checker/model.js';
import { claimFilesOf } from './check-files.js';
import type { CheckOptions } from './check-options.js';
import { claimLine, counterexampleText, summaryLine, toJson, twinLine } from './check-report.js';
import { EXIT_FAIL, EXIT_PASS, UsageError } from './failures.js';
import type { OutputStreams } from './run-view.js';

/** Checks what the options say. Returns the exit code. */
export async function check(options: CheckOptions, { stdout, stderr }: OutputStreams): Promise<number> {
  const write = (text: string): void => {
    stdout.write(`${text}\n`);
  };
  if (options.litmus) return checkLitmus(options, write);
  const declared = await load(options);
  if (options.replay !== undefined) return replayOne(options.replay, declared, write);
  const say = options.json ? () => {} : write;
  const progress = options.json || !stderr.isTTY ? undefined : stderr;
  const results = await runAll(declared, options, say, progress);
  if (options.json) write(JSON.stringify(toJson(results.claims, results.twins), undefined, 2));
  else write(summaryLine(results.claims, results.twins));
  const holds = results.claims.every(({ result }) => result === 'passed');
  return holds && results.twins.every(({ isCaught }) => isCaught) ? EXIT_PASS : EXIT_FAIL;
}

async function checkLitmus(options: CheckOptions, write: (text: string) => void): Promise<number> {
  const { json, states, storeBuffers, budget } = options;
  const limits = budget === undefined ? {} : { budget };
  return checkLitmusFiles(options.files, { json, states, weak: storeBuffers, ...limits }, write);
}

async function load({ files }: CheckOptions): Promise<Declared> {
  try {
    return await loadClaimFiles(claimFilesOf(files).map((path) => resolve(path)));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw cannotLoad(files, error);
  }
}

/** A file that throws while it is loaded need not say which it is. */
function cannotLoad(files: readonly string[], error: unknown): UsageError {
  const message = error instanceof Error ? error.message : String(error);
  return new UsageError(
    /\.[cm]?[jt]s\b/.test(message) ? message : `cannot load ${files.join(' ')}: ${message}`,
  );
}

/** Runs what may turn out not to be a model that can be run: its setup() throws, or a twin fits nothing. */
async function runOrRefuse<T>(id: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw new UsageError(`cannot run ${id}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function replayOne(text: string, declared: Declared, write: (text: string) => void): Promise<number> {
  try {
    const { report, hasFailed } = await replayText(text, declared);
    write(report);
    return hasFailed ? EXIT_FAIL : EXIT_PASS;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function runAll(
  declared: Declared,
  options: CheckOptions,
  say: (text: string) => void,
  progress: NodeJS.WriteStream | undefined,
): Promise<{ claims: readonly ClaimResult[]; twins: readonly TwinResult[] }> {
  const isWanted = ({ id }: { id: string }): boolean =>
    options.only.length === 0 || options.only.some((part) => id.includes(part));
  const claims: ClaimResult[] = [];
  const twins: TwinResult[] = [];
  for (const claim of declared.claims.filter(isWanted)) {
    progress?.write(`\r\x1b[K${claim.id} ...\r`);
    const result = await runOrRefuse(claim.id, () => runClaim(claim, runOptionsOf(options)));
    claims.push(result);
    progress?.write('\x1b[K');
    say(claimLine(result));
    if (result.counterexample !== undefined)
      say(await counterexampleText(claim.id, result.counterexample, declared, options.files));
  }
  for (const twin of declared.twins.filter(isWanted)) {
    progress?.write(`\r\x1b[K${twin.id} ...\r`);
    const result = await runOrRefuse(twin.id, () => runTwin(twin, declared, runOptionsOf(options)));
    twins.push(result);
    progress?.write('\x1b[K');
    say(twinLine(result));
    if (!result.isCaught && result.counterexample !== undefined) {
      say(await counterexampleText(twin.id, result.counterexample, declared, options.files));
    }
  }
  if (claims.length + twins.length > 0) return { claims, twins };
  throw new UsageError(`no claim and no twin has a name with ${options.only.join(' or ')} in it`);
}

function runOptionsOf(options: CheckOptions): Parameters<typeof runClaim>[1] {
  const { preemptions, samples, depth, seed, isNightly } = options;
  const bounds: Bounds = {
    ...(preemptions === undefined ? {} : { preemptions }),
    ...(options.storeBuffers ? { storeBuffers: true } : {}),
  };
  if (samples === undefined) return { bounds, isNightly };
  return {
    bounds,
    isNightly,
    sampling: { seed, executions: samples, ...(depth === undefined ? {} : { depth }) },
  };
}
