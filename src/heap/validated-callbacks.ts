/** The parts of callbacks in a validating heap (validated-parts.ts). */
import { type CallbackFunction, CallbackFunctions } from '../rcu/callback-functions.js';
import { PlainHeadPlaces } from '../slab/head-places.js';
import type { Validation } from './validated-parts.js';

/** Callbacks run where a turn ends, in the middle of Lull's work: a report in one is thrown there, as its error. */
export class ValidatedCallbackFunctions extends CallbackFunctions {
  private readonly _of: Validation;

  constructor(of: Validation) {
    super();
    this._of = of;
  }

  override set(id: number, name: string, fn: CallbackFunction): void {
    const { work } = this._of;
    super.set(id, name, (head) => work.outside(() => fn(head)));
  }
}

/** Takes marked addresses. */
export class ValidatedHeadPlaces extends PlainHeadPlaces {
  private readonly _of: Validation;

  constructor(of: Validation, ...given: ConstructorParameters<typeof PlainHeadPlaces>) {
    super(...given);
    this._of = of;
  }

  override admit(head: number): number {
    return super.admit(this._of.rules.bareOf(head));
  }
}
