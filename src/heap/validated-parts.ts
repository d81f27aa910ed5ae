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
import { GracePeriod } from '../rcu/grace-period.js';
import { Kmalloc } from '../slab/kmalloc.js';
import { Turn } from '../threads/turn.js';
import type { Host } from '../words/host.js';
import type { Address } from '../words/units.js';
import type { TurnRules } from './turn-rules.js';
import type { TurnStacks } from './turn-stacks.js';
import type { OwnWork } from './validated-work.js';

type Given<T extends abstract new (...given: never[]) => unknown> = ConstructorParameters<T>;

/** What the parts of one thread have in common. */
export interface Validation {
  readonly validator: HeapValidator;
  readonly rules: TurnRules;
  readonly work: OwnWork;
  readonly clock: Host;
  readonly stacks: TurnStacks;
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

/** turn(fn) is a read section, as those of the user are; every turn is timed. */
export class ValidatedTurn extends Turn {
  private readonly _of: Validation;
  private _beganMillis = 0;
  /** The user marks what it reads in this turn. */
  private _hasSections = false;
  /** Where the outermost section began. */
  private _sectionStack = '';
  /** Where a section began that is over, and was not ended. */
  private _leftOpen: string | undefined;

  constructor(of: Validation, ...given: Given<typeof Turn>) {
    super(...given);
    this._of = of;
    of.rules.watch(this);
  }

  override run<T>(fn: () => T, call?: string): T {
    return this._of.work.scope(() => this._runRead(fn, call));
  }

  override read<T>(fn: () => T): T {
    this._hasSections = true;
    return super.read(fn);
  }

  override readLock(): void {
    const { validator, rules } = this._of;
    validator.lockAcquire(RCU_READ, 0, TAKEN.recursiveRead);
    try {
      super.readLock();
    } catch (error) {
      validator.lockRelease(RCU_READ, 0);
      throw error;
    }
    this._hasSections = true;
    if (this.sections === 1) this._sectionStack = rules.captureStack();
  }

  override readUnlock(): void {
    super.readUnlock();
    this._of.validator.lockRelease(RCU_READ, 0);
  }

  override endScopes(): void {
    super.endScopes();
    // Nobody is left to end a section.
    this._leftOpen = undefined;
  }

  /** True where the user reads outside of every section, in a turn of which it has marked others. */
  isOutsideSections(): boolean {
    return this._hasSections && !this.isReading();
  }

  protected override enter(): void {
    super.enter();
    this._beganMillis = this._of.clock.nowMillis();
    this.noteStack(this._of.stacks.capture(this._beganMillis));
  }

  protected override end(): void {
    const millis = this._of.clock.nowMillis() - this._beganMillis;
    this._hasSections = false;
    this._of.work.whole(() => this._plainEnd());
    this._tellLeftOpen();
    this._of.rules.noteLength(millis);
  }

  protected override cutSections(kept: number): void {
    for (let open = this.sections; open > kept; open--) this._of.validator.lockRelease(RCU_READ, 0);
    super.cutSections(kept);
    // Told when what goes on here is done: what is told may throw.
    this._leftOpen = this._sectionStack;
  }

  protected override runEnded(): void {
    super.runEnded();
    this._of.validator.turnEnded();
  }

  private _runRead<T>(fn: () => T, call?: string): T {
    const { validator } = this._of;
    validator.lockAcquire(RCU_READ, 0, TAKEN.recursiveRead);
    try {
      return super.run(fn, call);
    } finally {
      validator.lockRelease(RCU_READ, 0);
      this._tellLeftOpen();
    }
  }

  private _tellLeftOpen(): void {
    const began = this._leftOpen;
    this._leftOpen = undefined;
    if (began !== undefined) this._of.rules.noteSectionLeftOpen(began);
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

/** Reports wait until a step is done. */
export class ValidatedGracePeriod extends GracePeriod {
  private readonly _of: Validation;

  constructor(of: Validation, ...given: Given<typeof GracePeriod>) {
    super(...given);
    this._of = of;
  }

  override drive(cookie: number, asks?: boolean): boolean {
    return this._of.work.whole(() => this._plainDrive(cookie, asks));
  }

  override holdouts(): number[] {
    return this._of.work.whole(() => this._plainHoldouts());
  }

  private _plainHoldouts(): number[] {
    return super.holdouts();
  }

  private _plainDrive(cookie: number, asks: boolean | undefined): boolean {
    return super.drive(cookie, asks);
  }
}
