/**
 * Random programs for several threads of one heap, all played by one: each has a host of its own, with a right to wait of
 * its own, and each call is made with a gfp drawn for it, at times while another thread holds some lock.
 *
 *     new Program(options, random).run(steps) -> calls, patterns looked at before each free -> end(): all is given back
 *     hookIn(n)                               -> further calls in the middle of these, in one of n holds of a lock
 *
 * A call may succeed, refuse, or throw what its documentation says: everything else is a problem.
 */
import type { Mempool } from '../../src/heap/mempool.js';
import {
  __GFP_HIGH,
  __GFP_NOMEMALLOC,
  __GFP_NORETRY,
  __GFP_RETRY_MAYFAIL,
  __GFP_ZERO,
  type Address,
  ContextError,
  GFP_ATOMIC,
  GFP_KERNEL,
  GFP_NOLOCK,
  GFP_NOWAIT,
  Heap,
  type HeapOptions,
  OutOfMemoryError,
} from '../../src/index.js';
import { CACHE, SHEAF_CACHE } from '../../src/layout/cache-record.js';
import { HEADER } from '../../src/layout/heap-header.js';
import { cacheStart, zoneStart } from '../../src/layout/heap-layout.js';
import { ZONE } from '../../src/layout/zone-record.js';
import type { WaitRight } from '../../src/words/host.js';
import { FakeHost } from '../support/fake-host.js';
import { LockHook } from '../support/hooked-locks.js';
import { partsOf } from '../support/stage.js';
import { HEAD_OFFSET, Patterns } from '../threads/pattern.js';
import type { Random } from '../threads/seed.js';

const PAGE_WORDS = 1024;
const SIZES = [16, 24, 64, 200, 1000, 4096, 8192, 20_000];
const GFPS = [
  ...[undefined, GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT, GFP_NOLOCK, GFP_KERNEL | __GFP_HIGH],
  ...[GFP_KERNEL | __GFP_NORETRY, GFP_KERNEL | __GFP_RETRY_MAYFAIL, GFP_KERNEL | __GFP_NOMEMALLOC],
];
const RIGHTS: readonly WaitRight[] = ['may-wait', 'may-spin', 'may-neither'];
const MAX_HELD = 400;
/** What another thread's owner tag looks like: of a slot that nobody has. */
const FOREIGN_TAG = 250;

/** A host on which time goes by whenever somebody asks for it, so that no wait lasts. */
class PassingHost extends FakeHost {
  private _millis = 0;

  override nowMillis(): number {
    this._millis += 10;
    return this._millis;
  }
}

interface Actor {
  readonly heap: Heap;
  readonly host: PassingHost;
  /** Opened by its first call that is not in a hook. */
  pool?: Mempool;
}

interface Held {
  readonly p: Address;
  readonly words: number;
  readonly isBlock: boolean;
}

export class Program {
  readonly problems: string[] = [];
  /** How often each call was served, refused, or threw. */
  readonly outcomes = new Map<string, number>();
  readonly heap: Heap;
  private readonly _random: Random;
  private readonly _actors: Actor[];
  private readonly _patterns: Patterns;
  private readonly _held: Held[] = [];
  private readonly _ofPool: Held[] = [];
  private readonly _threads: number;
  private readonly _spinsRaw: boolean;
  private readonly _hook = new LockHook();
  private _trace: string[] = [];
  /** The lock word that somebody else has; 0 for none. */
  private _busy = 0;
  /** The thread in the middle of whose call a hook may run. */
  private _acting: Actor | undefined;

  constructor(options: HeapOptions, random: Random) {
    this._random = random;
    this._threads = options.threads ?? 4;
    this._spinsRaw = options.pointerPageSource === 'raw-lock';
    const host = new PassingHost();
    this.heap = Heap.create(options, { host, lockMaker: this._hook.lockMaker });
    this._actors = [{ heap: this.heap, host }];
    this._patterns = new Patterns(this.heap.words);
  }

  run(steps: number): void {
    for (let step = 0; step < steps && this.problems.length === 0; step++) this._step();
  }

  /** From now on calls that neither wait nor spin come in the middle of others, wherever a lock is held. */
  hookIn(oneIn: number): void {
    this._hook.run = (region) => {
      if (this.problems.length > 0 || !this._random.oneIn(oneIn)) return;
      const actor = this._actors[this._random.below(this._actors.length)]!;
      const { context } = partsOf(actor.heap);
      context.enterAtomic('a hook');
      this._actInHook(actor, ` in a hook of ${region}`);
      context.exitAtomic('a hook');
    };
  }

  /** Gives everything back, and lets all but the first thread leave; the books are the caller's to look at. */
  end(): void {
    this._hook.run = () => {};
    this._unlock();
    for (const held of this._held.splice(0)) this._giveBack(this.heap, held);
    const pool = this._pool(this._actors[0]!);
    for (const { p } of this._ofPool.splice(0)) this._try('Mempool.free', () => pool!.free(p));
    for (const { heap, host } of this._actors.splice(1)) {
      host.runMicrotasks();
      this._try('detach', () => heap.detach());
    }
    const { host } = this._actors[0]!;
    for (let i = 0; i < 20; i++) host.advance(100);
    this.heap.shrink();
    host.runMicrotasks();
    this.heap.shrink();
    host.runMicrotasks();
  }

  /** What this program held, for balance(). */
  held(): Address[] {
    return [...this._held, ...this._ofPool].map(({ p }) => p);
  }

  /** The last calls, for the message of a failure. */
  trace(): string {
    return this._trace.slice(-12).join('\n');
  }

  private _step(): void {
    const random = this._random;
    const actor = this._actors[random.below(this._actors.length)]!;
    this._acting = actor;
    const locked = random.oneIn(6) ? this._lockOne() : '';
    const right = locked === '' ? '' : ` while ${locked} is busy`;
    try {
      this._act(actor, random.below(100), locked !== '', right);
    } finally {
      if (locked !== '') this._unlock();
    }
  }

  private _act(actor: Actor, dice: number, isBusy: boolean, note: string): void {
    if (dice < 25) this._takeObject(actor, isBusy, note);
    else if (dice < 40) this._takeBlock(actor, isBusy, note);
    else if (dice < 75) this._give(actor, isBusy, note);
    else if (dice < 80) this._poolCall(actor, isBusy, note);
    else if (isBusy) return;
    else if (dice < 90) this._try('end of turn', () => actor.host.runMicrotasks());
    else if (dice < 93) this._try('time', () => actor.host.advance(this._random.below(2000)));
    else if (dice < 95) this._try('shrink', () => actor.heap.shrink());
    else if (dice < 97) this._come();
    else this._go();
  }

  private _actInHook(actor: Actor, note: string): void {
    const { host } = actor;
    const dice = this._random.below(10);
    const isNolock = this._random.oneIn(2);
    if (dice < 3) this._takeObject(actor, isNolock, note);
    else if (dice < 5) this._takeBlock(actor, isNolock, note);
    else if (dice < 8) this._give(actor, isNolock, note);
    else if (dice < 9) this._poolCall(actor, isNolock, note);
    // Of another thread: of one that does not spin there either.
    else if (host.waitRight === 'may-neither' && actor !== this._acting)
      this._try(`end of turn${note}`, () => host.runMicrotasks());
  }

  private _takeObject({ heap }: Actor, isBusy: boolean, note: string): void {
    const bytes = SIZES[this._random.below(SIZES.length)]!;
    const gfp = this._gfp();
    const isNolock = isBusy || this._random.oneIn(3);
    const name = isNolock ? `kmallocNolock(${bytes})` : `kmalloc(${bytes}, ${gfp})`;
    const p = this._try(`${name}${note}`, () =>
      isNolock ? heap.kmallocNolock(bytes) : heap.kmalloc(bytes, gfp),
    );
    this._keep(p, bytes / 4, false);
  }

  private _takeBlock({ heap }: Actor, isBusy: boolean, note: string): void {
    const order = this._random.oneIn(3) ? this._random.below(6) : 0;
    const gfp = this._gfp();
    const isNolock = isBusy || this._random.oneIn(3);
    const name = isNolock ? `allocPagesNolock(${order})` : `allocPages(${order}, ${gfp})`;
    const p = this._try(`${name}${note}`, () =>
      isNolock ? heap.allocPagesNolock(order) : heap.allocPages(order, gfp),
    );
    this._keep(p, PAGE_WORDS << order, true);
  }

  private _give({ heap }: Actor, isBusy: boolean, note: string): void {
    if (this._held.length === 0) return;
    const [held] = this._held.splice(this._random.below(this._held.length), 1);
    this._look(held!);
    const { p, isBlock } = held!;
    const dice = this._random.below(3);
    // From where kfreeRcu spins it must not come while a lock is busy.
    if (dice === 0 && !(note !== '' && this._spinsRaw))
      this._try(`kfreeRcu${note}`, () => heap.kfreeRcu(p, HEAD_OFFSET));
    else if (isBlock && (isBusy || dice === 1))
      this._try(`freePagesNolock${note}`, () => heap.freePagesNolock(p));
    else if (isBusy || dice === 1) this._try(`kfreeNolock${note}`, () => heap.kfreeNolock(p));
    else this._giveBack(heap, held!);
  }

  private _giveBack(heap: Heap, { p, isBlock }: Held): void {
    if (isBlock) this._try('freePages', () => heap.freePages(p));
    else this._try('kfree', () => heap.kfree(p));
  }

  private _poolCall(actor: Actor, isBusy: boolean, note: string): void {
    const pool = isBusy || note !== '' ? actor.pool : this._pool(actor);
    if (pool === undefined) return;
    if (this._random.oneIn(2)) {
      const p = this._try(`Mempool.alloc${note}`, () =>
        pool.alloc(isBusy ? GFP_NOLOCK : undefined, { timeoutMillis: 0 }),
      );
      if (p !== undefined && p !== 0) this._ofPool.push(this._written(p, 16, false));
      return;
    }
    const held = this._ofPool.pop();
    if (held === undefined) return;
    this._look(held);
    const isNolock = isBusy || this._random.oneIn(2);
    this._try(`Mempool.free${note}`, () => (isNolock ? pool.freeNolock(held.p) : pool.free(held.p)));
  }

  private _pool(actor: Actor): Mempool | undefined {
    const pool = this._try('mempool', () => actor.heap.mempool('pool', 2, { bytes: 64 }));
    if (pool !== undefined) actor.pool = pool;
    return pool;
  }

  private _come(): void {
    if (this._actors.length >= this._threads) return;
    const host = new PassingHost(RIGHTS[this._random.below(RIGHTS.length)]);
    const isolated = this._random.oneIn(3);
    const heap = this._try('attach', () =>
      Heap.attach(this.heap.handle, { name: 'guest', isolated }, { host, lockMaker: this._hook.lockMaker }),
    );
    if (heap !== undefined) this._actors.push({ heap, host });
  }

  private _go(): void {
    if (this._actors.length < 2) return;
    const [actor] = this._actors.splice(1 + this._random.below(this._actors.length - 1), 1);
    if (this._random.oneIn(2)) actor!.host.runMicrotasks();
    this._try('detach', () => actor!.heap.detach());
  }

  private _gfp(): number | undefined {
    const gfp = GFPS[this._random.below(GFPS.length)];
    return gfp !== undefined && this._random.oneIn(4) ? gfp | __GFP_ZERO : gfp;
  }

  private _keep(p: Address | undefined, words: number, isBlock: boolean): void {
    if (p === undefined || p === 0) return;
    const held = this._written(p, words, isBlock);
    this._held.push(held);
    if (this._held.length <= MAX_HELD) return;
    this._giveBack(this.heap, this._held.shift()!);
  }

  private _written(p: Address, words: number, isBlock: boolean): Held {
    this._patterns.write(p, words, this._random.next() | 0);
    return { p, words, isBlock };
  }

  private _look({ p }: Held): void {
    const problem = this._patterns.problemAt(p);
    if (problem !== '') this.problems.push(problem);
  }

  /** Has a lock taken by nobody that is here; the calls until _unlock() may only try it. */
  private _lockOne(): string {
    const { words, geometry } = this.heap;
    const locks = [
      HEADER.gracePeriodLock,
      HEADER.orphanLock,
      cacheStart(geometry, SHEAF_CACHE) + CACHE.listLock,
    ];
    for (let zone = 0; zone < geometry.zones; zone++) locks.push(zoneStart(geometry, zone) + ZONE.lock);
    for (let id = 1; id < 64; id += 3) {
      locks.push(cacheStart(geometry, id) + CACHE.listLock, cacheStart(geometry, id) + CACHE.barnLock);
    }
    const lock = locks[this._random.below(locks.length)]!;
    words.store(lock, FOREIGN_TAG);
    this._busy = lock;
    return `word ${lock}`;
  }

  private _unlock(): void {
    if (this._busy !== 0) this.heap.words.and(this._busy, ~FOREIGN_TAG);
    this._busy = 0;
  }

  private _try<T>(name: string, call: () => T): T | undefined {
    this._trace.push(name);
    if (this._trace.length > 200) this._trace = this._trace.slice(-20);
    const kind = `${name.replace(/\(.*| while .*| in a hook .*/, '')}${name.includes(' in a hook') ? ' in a hook' : ''}`;
    try {
      const result = call();
      this._count(`${kind} ${result === 0 ? 'refused' : 'served'}`);
      return result;
    } catch (error) {
      if (error instanceof OutOfMemoryError || error instanceof ContextError) {
        this._count(`${kind} ${(error as Error).name}`);
        return undefined;
      }
      this.problems.push(`${name}: ${String((error as Error).stack)}`);
      return undefined;
    }
  }

  private _count(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }
}
