/**
 * Findings: what the checks of one operation have found, written down and told when the operation is complete.
 *
 *     check --> claim the key (once over all threads) --> deliver() --> write the text --> onReport
 *
 * Nothing is written and nobody told while the journal is locked: others wait for it, and who is told may take
 * locks.
 */
import type { ChainFindings, Taking } from './chain-rules.js';
import type { ClassGraph } from './class-graph.js';
import type { HeldLock } from './held-locks.js';
import type { Visit } from './path-search.js';
import type { LockReport, ReportKind } from './report.js';
import { offText } from './report-hold.js';
import { inversionText, sameClassText, unsafePairText, usageText } from './report-order.js';
import { type Scene, shortName, type TakenHere } from './report-text.js';
import type { UsageConflict, UsagePair } from './usage-rules.js';

type Finding = { readonly kind: ReportKind; readonly key: string; readonly text: (scene: Scene) => string };

export class Findings implements ChainFindings {
  private readonly _graph: ClassGraph;
  private readonly _scene: () => Scene;
  private readonly _onReport: (report: LockReport) => void;
  private _found: Finding[] = [];

  constructor(graph: ClassGraph, scene: () => Scene, onReport: (report: LockReport) => void) {
    this._graph = graph;
    this._scene = scene;
    this._onReport = onReport;
  }

  /** A problem, unless it was found before; `subject` says which of its kind it is. */
  add(kind: ReportKind, subject: string, text: (scene: Scene) => string): void {
    const key = `${kind}: ${subject}`;
    if (this._graph.claimReport(key)) this._found.push({ kind, key, text });
  }

  sameClass(prev: HeldLock, next: Taking): void {
    this.add('deadlock', shortName(next.chain.node), (scene) => sameClassText(scene, prev, next));
  }

  inversion(prev: HeldLock, next: Taking, path: Visit): void {
    const subject = `${shortName(prev.chain.node)} > ${shortName(next.chain.node)}`;
    this.add('inversion', subject, (scene) => inversionText(scene, prev, next, path));
  }

  unsafePair(prev: HeldLock, next: Taking, pair: UsagePair): void {
    const subject = `${shortName(pair.safe.node)} > ${shortName(pair.unsafe.node)}`;
    this.add('irq', subject, (scene) => unsafePairText(scene, prev, next, pair));
  }

  usage(lock: TakenHere, conflict: UsageConflict): void {
    const { node } = lock.chain;
    const other = conflict.path?.node ?? node;
    const subject = other === node ? shortName(node) : [node, other].map(shortName).sort().join(' & ');
    this.add('irq', subject, (scene) => usageText(scene, lock, conflict));
  }

  /** That the validator has stopped; claimed from nobody, for the graph may be what has stopped. */
  off(reason: string): void {
    this._found.push({ kind: 'off', key: 'off', text: ({ thread }) => offText(thread, reason) });
  }

  /** Tells all that was found. Throws what the first telling throws, after the others. */
  deliver(): void {
    if (this._found.length === 0) return;
    const found = this._found;
    this._found = [];
    const thrown: unknown[] = [];
    for (const { kind, key, text } of found) {
      try {
        this._onReport({ kind, key, message: text(this._scene()) });
      } catch (error) {
        thrown.push(error);
      }
    }
    if (thrown.length > 0) throw thrown[0];
  }
}
