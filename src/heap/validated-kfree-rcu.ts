/** kfreeRcu of a validating heap: takes marked addresses; what a report makes somebody throw waits until a part is done. */
import type { Gfp } from '../pages/gfp.js';
import { KfreeRcu } from '../slab/kfree-rcu.js';
import type { Validation } from './validated-parts.js';

export class ValidatedKfreeRcu extends KfreeRcu {
  private readonly _of: Validation;

  constructor(of: Validation, ...given: ConstructorParameters<typeof KfreeRcu>) {
    super(...given);
    this._of = of;
  }

  override post(p: number, headOffset: number): void {
    const bare = this._of.rules.bareOf(p);
    this._of.work.whole(() => this._plainPost(bare, headOffset));
  }

  override requireHead(p: number, headOffset: number): void {
    super.requireHead(this._of.rules.bareOf(p), headOffset);
  }

  override postHeadless(p: number): number {
    const bare = this._of.rules.bareOf(p);
    return this._of.work.whole(() => this._plainPostHeadless(bare));
  }

  override takeSheaf(p: number, gfp: Gfp): number {
    return this._of.work.whole(() => this._plainTakeSheaf(p, gfp));
  }

  override postWith(p: number, sheaf: number): void {
    this._of.work.whole(() => this._plainPostWith(p, sheaf));
  }

  override freeWaited(p: number): void {
    this._of.work.whole(() => this._plainFreeWaited(p));
  }

  override shrink(isShort: boolean): number {
    return this._of.work.whole(() => this._plainShrink(isShort));
  }

  override seal(): void {
    this._of.work.whole(() => this._plainSeal());
  }

  override freeDone(): void {
    this._of.work.whole(() => this._plainFreeDone());
  }

  override topUp(): void {
    this._of.work.whole(() => this._plainTopUp());
  }

  override abandon(): boolean {
    return this._of.work.whole(() => this._plainAbandon());
  }

  private _plainPost(p: number, headOffset: number): void {
    super.post(p, headOffset);
  }

  private _plainPostHeadless(p: number): number {
    return super.postHeadless(p);
  }

  private _plainTakeSheaf(p: number, gfp: Gfp): number {
    return super.takeSheaf(p, gfp);
  }

  private _plainPostWith(p: number, sheaf: number): void {
    super.postWith(p, sheaf);
  }

  private _plainFreeWaited(p: number): void {
    super.freeWaited(p);
  }

  private _plainShrink(isShort: boolean): number {
    return super.shrink(isShort);
  }

  private _plainSeal(): void {
    super.seal();
  }

  private _plainFreeDone(): void {
    super.freeDone();
  }

  private _plainTopUp(): void {
    super.topUp();
  }

  private _plainAbandon(): boolean {
    return super.abandon();
  }
}
