/**
 * Calls from any context, as the kernel tests its own: a hook inside each locked region of a thread takes and gives
 * back pages and objects, while another thread allocates and frees at full speed. No call spins, none takes more steps
 * than its bound, nothing is handed out twice, nothing is lost.
 *
 * The thread with the hooks is isolated, as a worklet is: so nobody uses its lists, and its turns begin at once.
 *
 * LULL_LONG=1 makes it 1,000 rounds of 1,000 allocations and frees.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type Address, Heap, type HeapOptions, TINY } from '../../src/index.js';
import { LULL_CLASSES } from '../../src/locks/lull-classes.js';
import { nolockStepBound } from '../../src/pages/nolock-steps.js';
import { nolockObjectStepBound } from '../../src/slab/nolock-object-steps.js';
import { countAccesses } from '../support/counting-words.js';
import { LockHook } from '../support/hooked-locks.js';
import { partsOf } from '../support/stage.js';
import { type HammerBriefing, type HammerResult, KEYS, SHARED_MAP, valueFor } from './any-context.js';
import { HookCaller, type NolockCall } from './any-context-caller.js';
import { HEAD_OFFSET, Patterns } from './pattern.js';
import { requireBalance, settle } from './rest.js';
import { Random, SEED, SEED_NOTE } from './seed.js';
import { startTeam } from './team.js';

const ROUNDS = process.env.LULL_LONG === '1' ? 1000 : 100;
/** One lock hold in so many has its hook make a call. */
const HOOK_ONE_IN = 3;
const SIZES = [16, 32, 64, 200, 1000, 4000];
const CONFIGURATIONS: readonly (readonly [string, HeapOptions])[] = [
  ['default sizes', { bytes: 64 * 2 ** 20 }],
  // One zone, so that its lock being taken tells; slabs of more than two objects, or it would not hold what is needed.
  ['TINY sizes', { ...TINY, pages: 12_000, maxCaches: 200, maxSlabObjects: 32 }],
];
/** Stands for no lock that is made of words, or for one that these calls do not come near. */
const NO_REGION = new Set(['rcu read section', 'reclaim', 'mempool']);
const REGIONS = LULL_CLASSES.map(({ name }) => name).filter((name) => !NO_REGION.has(name));
const CALLS: readonly NolockCall[] = [
  ...(['allocPagesNolock', 'freePagesNolock', 'kmallocNolock', 'kfreeNolock', 'kfreeRcu'] as const),
  ...(['trySet', 'tryDelete'] as const),
];

/** The ordinary work of the thread with the hooks: something of everything that takes a lock. */
class OrdinaryWork {
  private readonly _heap: Heap;
  private readonly _random: Random;
  private readonly _patterns: Patterns;
  private _round = 0;
  readonly problems: string[] = [];

  constructor(heap: Heap, random: Random) {
    this._heap = heap;
    this._random = random;
    this._patterns = new Patterns(heap.words);
  }

  round(): void {
    this._round++;
    this._objects();
    this._pages();
    this._entries();
    this._heap.quiesce();
    if (this._round % 10 === 0) this._orphans();
    if (this._round % 10 === 5) this._heap.shrink();
    if (this._round % 20 === 0) this._names();
  }

  private _objects(): void {
    const held: Address[] = [];
    for (let i = 0; i < 150; i++) {
      const bytes = SIZES[this._random.below(SIZES.length)]!;
      const p = this._heap.kmalloc(bytes);
      this._patterns.write(p, bytes / 4, this._random.next() | 0);
      held.push(p);
    }
    for (const p of held) {
      this._look(p);
      if (this._random.oneIn(2)) this._heap.kfree(p);
      else this._heap.kfreeRcu(p, HEAD_OFFSET);
    }
  }

  private _pages(): void {
    const held: Address[] = [];
    for (let i = 0; i < 20; i++) {
      const order = this._random.below(5);
      const block = this._heap.allocPages(order);
      this._patterns.write(block, 1024 << order, this._random.next() | 0);
      held.push(block);
    }
    for (const block of held) {
      this._look(block);
      this._heap.freePages(block);
    }
  }

  private _entries(): void {
    const shared = this._heap.map<number, number>(SHARED_MAP);
    // A new map grows from its first size on.
    const own = this._heap.map<number, number>(`own ${this._round % 8}`);
    for (let i = 0; i < 40; i++) {
      const key = this._random.below(KEYS);
      shared.set(key, valueFor(key, i));
      shared.delete(this._random.below(KEYS));
      own.set(this._random.below(5000), i);
    }
    this._heap.quiesce();
  }

  /** What a thread that leaves has waiting is for others. */
  private _orphans(): void {
    const guest = Heap.attach(this._heap.handle, { name: 'guest' });
    for (let i = 0; i < 5; i++) guest.kfreeRcu(guest.kmalloc(64));
    guest.detach();
  }

  private _names(): void {
    this._heap.mutex(`mutex ${this._round % 200}`);
    this._heap.slabCache(`cache ${this._round % 200}`, 48);
  }

  private _look(p: Address): void {
    const problem = this._patterns.problemAt(p);
    if (problem !== '') this.problems.push(problem);
  }
}

function printTable(title: string, caller: HookCaller, bounds: ReadonlyMap<NolockCall, number>): void {
  const lines = CALLS.map((call) => {
    const [served, refused] = [caller.served.get(call) ?? 0, caller.refused.get(call) ?? 0];
    const bound = bounds.get(call);
    const steps = `${caller.mostSteps.get(call)} steps at most${bound === undefined ? '' : `, of ${bound}`}`;
    return `${call.padEnd(18)} ${String(served).padStart(8)} served ${String(refused).padStart(7)} refused   ${steps}`;
  });
  const regions = [...caller.regions].map(([name, n]) => `${name} ${n}`).join(', ');
  console.log(['', `table: ${title}, seed ${SEED}`, ...lines, `in ${regions}`, ''].join('\n'));
}

for (const [name, options] of CONFIGURATIONS) {
  test(`Heap, serves the calls of any context in hooks of every lock while another thread hammers (${name})`, async () => {
    const hook = new LockHook();
    const heap = Heap.create({ ...options, isolated: true, threads: 4 }, { lockMaker: hook.lockMaker });
    const { words, context, geometry } = partsOf(heap);
    const random = new Random(SEED, 100);
    const caller = new HookCaller(heap, random, countAccesses(words));
    hook.run = (region) => {
      if (!random.oneIn(HOOK_ONE_IN)) return;
      context.enterAtomic('a hook');
      caller.call(region);
      context.exitAtomic('a hook');
    };
    const briefing: HammerBriefing = { handle: heap.handle, rounds: ROUNDS };
    const team = startTeam<HammerResult>('any-context-worker', [briefing]);
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    team.results.then(over, over);
    const work = new OrdinaryWork(heap, random);
    while (!isOver) {
      work.round();
      await setImmediate();
    }
    const [result] = await team.results;
    hook.run = () => {};
    caller.freeAll();

    const { alloc, free } = nolockStepBound(geometry);
    const ofObjects = nolockObjectStepBound(geometry);
    const bounds = new Map<NolockCall, number>([
      ['allocPagesNolock', alloc],
      ['freePagesNolock', free],
      ['kmallocNolock', ofObjects.alloc],
      ['kfreeNolock', ofObjects.free],
      ['kfreeRcu', ofObjects.freeRcu],
    ]);
    printTable(`calls from hooks in locked regions (${name})`, caller, bounds);
    assert.deepEqual([...result!.problems, ...work.problems, ...caller.problems], [], SEED_NOTE);
    assert.deepEqual([result!.allocated, result!.freed >= result!.allocated], [ROUNDS * 1000, true]);
    for (const region of REGIONS)
      assert.ok(caller.regions.has(region), `no hook ran in ${region} ${SEED_NOTE}`);
    for (const call of CALLS) assert.ok((caller.served.get(call) ?? 0) > 0, `${call} ${SEED_NOTE}`);
    for (const call of ['allocPagesNolock', 'kmallocNolock', 'trySet', 'tryDelete'] as const) {
      assert.ok((caller.refused.get(call) ?? 0) > 0, `no ${call} was refused ${SEED_NOTE}`);
    }
    for (const [call, bound] of bounds) {
      assert.ok(caller.mostSteps.get(call)! <= bound, `${call} took more than ${bound} steps ${SEED_NOTE}`);
    }
    await settle(heap);
    requireBalance(heap, []);
    heap.detach();
  });
}
