/** One schedule of a claim or a twin, run again and told: `turn/keepsWhatItReads:A5B3A9`. */
import { DEFAULT_STEPS } from '../explore/explore.js';
import { replay } from '../explore/replay.js';
import { parseSchedule } from '../explore/schedule.js';
import { Machine } from '../machine/machine.js';
import type { Model } from '../model.js';
import { interleavingTable } from '../report/interleaving-table.js';
import { type Declared, loadPatched } from './claim-files.js';

/** A replay for people. */
export interface ReplayReport {
  readonly report: string;
  readonly hasFailed: boolean;
}

/** Runs `text` again. Throws Error where it names nothing that is there, or is no schedule of it. */
export async function replayText(text: string, declared: Declared): Promise<ReplayReport> {
  const colon = text.lastIndexOf(':');
  const id = text.slice(0, Math.max(colon, 0));
  const model = await modelOf(id, text, declared);
  const schedule = parseSchedule(text.slice(colon + 1));
  const storeBuffers = schedule.buffered.length > 0;
  const machine = new Machine(model, { ...model.bounds, ...(storeBuffers ? { storeBuffers } : {}) });
  const { fault } = schedule;
  if (fault.kind !== 'none' && fault.thread >= machine.threads.length) {
    throw new Error(`replayed '${text}', whose fault befalls a thread that ${id} does not have`);
  }
  const { traces, failure } = replay(machine, schedule, Math.max(DEFAULT_STEPS, model.bounds?.steps ?? 0));
  const table = interleavingTable(traces, {
    threads: Object.keys(model.threads),
    nameOf: (word) => machine.nameOf(word),
  });
  const verdict = failure === undefined ? 'nothing fails in this schedule' : failure.message;
  return { report: `${id}: ${model.name}\n\n${table}\n\n${verdict}`, hasFailed: failure !== undefined };
}

async function modelOf(id: string, text: string, { claims, twins }: Declared): Promise<Model> {
  const claim = claims.find((candidate) => candidate.id === id);
  if (claim !== undefined) return claim.model;
  const named = twins.find((candidate) => candidate.id === id);
  if (named !== undefined) {
    const of = claims.find((candidate) => candidate.id === named.twin.claim);
    if (of === undefined)
      throw new Error(`replayed twin ${id} without the file of its claim ${named.twin.claim}`);
    const model = await loadPatched(of, named.twin.patch);
    return { ...model, bounds: { ...model.bounds, ...named.twin.bounds } };
  }
  throw new Error(
    `replayed '${text}', which names no claim and no twin of these files; a replay looks like ${claims[0]?.id ?? 'lock/excludes'}:A5B3A9`,
  );
}
