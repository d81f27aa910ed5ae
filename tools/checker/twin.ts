/**
 * What a twin is: the code of a claim with one line wrong, which the claim must catch. A claim whose twins are
 * all caught is one that can fail.
 */
import type { Patch } from './hold/patches.js';
import type { FailureKind } from './machine/failure.js';
import type { Bounds } from './model.js';

export interface TwinDefinition {
  /** What is wrong, as a sentence. */
  readonly name: string;
  /** The claim that must catch it: file of the model, without its endings, and name of the export. */
  readonly claim: string;
  /** What is changed of the shipped code. */
  readonly patch: Patch | readonly Patch[];
  /** How it must be caught. */
  readonly caughtAs: FailureKind;
  /** On top of the claim's bounds. */
  readonly bounds?: Bounds;
}

const TWIN = Symbol.for('lull.checker.twin');

export interface Twin extends TwinDefinition {
  readonly [TWIN]: true;
}

/** Declares a twin: a twin file exports what this returns. */
export function twin(definition: TwinDefinition): Twin {
  return { ...definition, [TWIN]: true };
}

/** True for what `twin()` returned. */
export function isTwin(value: unknown): value is Twin {
  return typeof value === 'object' && value !== null && (value as Partial<Twin>)[TWIN] === true;
}
