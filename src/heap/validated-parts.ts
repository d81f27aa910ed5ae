/**
 * The parts of a validating heap: each does what its plain namesake does, and tells the validator. What a report makes
 * somebody throw waits until the part is done (OwnWork).
 */
// What runs inside of whole() is a named method: an arrow function that says `super` cannot be held by the checker.
import { Validator, type ValidatorOptions } from '../lockdep/validator.js';
import { type LockClass, TAKEN } from '../locks/lock-class.js';
import { RCU_READ } from '../locks/lull-classes.js';
import { allowBlocking, type Gfp } from '../pages/gfp.js';
import { PageAllocator } from '../pages/page-allocator.js';
import { KfreeRcu } from '../slab/kfree-rcu.js';
import { Kmalloc } from '../slab/kmalloc.js';
import { Turn } from '../threads/turn.js';
import type { Host } from '../words/host.js';
import type { Address } from '../words/units.js';
import type { TurnRules } from './turn-rules.js';
import type { OwnWork } from './validated-work.js';

type Given<T extends abstract new (...given: never[]) => unknown> = ConstructorParameters<T>;

/** What the parts of one thread have in common. */
export interface Validation {
  readonly validator: HeapValidator;
  readonly rules: TurnRules;
  readonly work: OwnWork;
  readonly clock: Host;
}

/** The validator of one thread of a heap. */
export class HeapValidator extends Validator {
  private readonly _work: OwnWork;

  constructor(work: OwnWork, { onReport, ...options }: ValidatorOptions) {
    super({ ...options, onReport: (report) => work.tell(() => onReport(report)) });
    this._work = work;
  }

  override lockAcquire(lock: LockClass, instance: number, how: number, nestLock?: number): void {
    this._work.noteLock(lock);
    super.lockAcquire(lock, instance, how, nestLock);
  }

  override enterReclaim(): void {
    super.enterReclaim();
    // What a shrinker allocates does not reclaim: it fails instead.
    this.enterNoReclaim();
    this._work.begin();
  }

  override exitReclaim(): void {
    this.exitNoReclaim();
    super.exitReclaim();
    this._work.end();
  }
}

/** turn(fn) is a read section; every turn is timed. */
export class ValidatedTurn extends Turn {
  private readonly _of: Validation;
  private _beganMillis = 0;

  constructor(of: Validation, ...given: Given<typeof Turn>) {
    super(...given);
    this._of = of;
    of.rules.watch(this);
  }

  override run<T>(fn: () => T): T {
    return this._of.work.scope(() => this._runRead(fn));
  }

  protected override enter(): void {
    super.enter();
    this._beganMillis = this._of.clock.nowMillis();
  }

  protected override end(): void {
    const millis = this._of.clock.nowMillis() - this._beganMillis;
    this._of.work.whole(() => this._plainEnd());
    this._of.rules.noteLength(millis);
  }

  protected override runEnded(): void {
    super.runEnded();
    this._of.validator.turnEnded();
  }

  private _runRead<T>(fn: () => T): T {
    const { validator } = this._of;
    validator.lockAcquire(RCU_READ, 0, TAKEN.recursiveRead);
    try {
      return super.run(fn);
    } finally {
      validator.lockRelease(RCU_READ, 0);
    }
  }

  private _plainEnd(): void {
    super.end();
  }
}

/** An allocation that may reclaim says so, also where there is memory enough. Marked addresses are taken. */
export class ValidatedKmalloc extends Kmalloc {
  private readonly _of: Validation;

  constructor(of: Validation, ...given: Given<typeof Kmalloc>) {
    super(...given);
    this._of = of;
  }

  override allocFrom(id: number, gfp: Gfp): number {
    if (allowBlocking(gfp)) this._of.validator.mayReclaim();
    return this._of.work.whole(
      () => this._plainAllocFrom(id, gfp),
      (p) => {
        if (p !== 0) this._plainFree(p);
      },
    );
  }

  override allocCharged(bytes: number, gfp: Gfp, record: number): number {
    if (allowBlocking(gfp)) this._of.validator.mayReclaim();
    return this._of.work.whole(
      () => this._plainAllocCharged(bytes, gfp, record),
      (p) => {
        if (p !== 0) this._plainFree(p);
      },
    );
  }

  override free(p: number): void {
    const bare = this._of.rules.bareOf(p);
    this._of.work.whole(() => this._plainFree(bare));
  }

  override freeNolock(p: number): void {
    const bare = this._of.rules.bareOf(p);
    this._of.work.whole(() => this._plainFreeNolock(bare));
  }

  override cacheOf(p: number): number {
    return super.cacheOf(this._of.rules.bareOf(p));
  }

  private _plainAllocFrom(id: number, gfp: Gfp): number {
    return super.allocFrom(id, gfp);
  }

  private _plainAllocCharged(bytes: number, gfp: Gfp, record: number): number {
    return super.allocCharged(bytes, gfp, record);
  }

  private _plainFree(p: number): void {
    super.free(p);
  }

  private _plainFreeNolock(p: number): void {
    super.freeNolock(p);
  }
}

/** As ValidatedKmalloc. */
export class ValidatedPages extends PageAllocator {
  private readonly _of: Validation;

  constructor(of: Validation, ...given: Given<typeof PageAllocator>) {
    super(...given);
    this._of = of;
  }

  override allocPages(order: number, gfp: Gfp): Address {
    if (allowBlocking(gfp)) this._of.validator.mayReclaim();
    return this._of.work.whole(
      () => this._plainAllocPages(order, gfp),
      (start) => {
        if (start !== 0) this._plainFreePagesNolock(start);
      },
    );
  }

  override freePages(start: number): void {
    const bare = this._of.rules.bareOf(start);
    this._of.work.whole(() => this._plainFreePages(bare));
  }

  override freePagesNolock(start: number): void {
    const bare = this._of.rules.bareOf(start);
    this._of.work.whole(() => this._plainFreePagesNolock(bare));
  }

  override drain(): void {
    this._of.work.whole(() => this._plainDrain());
  }

  private _plainAllocPages(order: number, gfp: Gfp): Address {
    return super.allocPages(order, gfp);
  }

  private _plainFreePages(start: number): void {
    super.freePages(start);
  }

  private _plainFreePagesNolock(start: number): void {
    super.freePagesNolock(start);
  }

  private _plainDrain(): void {
    super.drain();
  }
}

/** Takes marked addresses. */
export class ValidatedKfreeRcu extends KfreeRcu {
  private readonly _of: Validation;

  constructor(of: Validation, ...given: Given<typeof KfreeRcu>) {
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

  override seal(): void {
    this._of.work.whole(() => this._plainSeal());
  }

  override drive(): boolean {
    return this._of.work.whole(() => this._plainDrive());
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

  private _plainSeal(): void {
    super.seal();
  }

  private _plainDrive(): boolean {
    return super.drive();
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
