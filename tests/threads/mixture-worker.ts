/** One thread of a mixture: random operations on memory and maps, and an end that leaves nothing behind. */
import { setImmediate } from 'node:timers/promises';
import { Heap } from '../../src/index.js';
import { MapMixture } from './map-mixture.js';
import { MemoryMixture } from './memory-mixture.js';
import type { MixtureBriefing, MixtureResult, Site } from './mixture.js';
import { Random } from './seed.js';
import { report, takeBriefing } from './team.js';

const OPERATIONS_A_TURN = 64;
const OPERATIONS_A_RUN = 4096;
/** With more than this waiting, this thread waits: one that the system keeps from its turn's end holds up all. */
const MAX_WAITING = 2000;

const briefing = takeBriefing<MixtureBriefing>();
const random = new Random(briefing.seed, briefing.worker);

/** This thread's part in one heap: one or more attachments, which take turns. */
class Stay {
  readonly memory: MemoryMixture;
  readonly maps = new MapMixture(random, briefing.worker);
  private readonly _site: Site;
  private _heaps: readonly Heap[] = [];

  constructor(site: Site) {
    this._site = site;
    this.memory = new MemoryMixture(random, site.mailbox, briefing.mailboxWords);
    this.join();
  }

  join(): void {
    const name = `mixture ${briefing.worker}`;
    this._heaps = Array.from({ length: briefing.attachments }, () =>
      Heap.attach(this._site.handle, { name }),
    );
    this._enterOne();
  }

  leave(): void {
    for (const heap of this._heaps) heap.detach();
  }

  step(): void {
    if (random.oneIn(2)) this.memory.step();
    else this.maps.step();
  }

  /** Ends the turns of all attachments and goes on with one of them. */
  endTurn(): void {
    for (const heap of this._heaps) heap.quiesce();
    const heap = this._enterOne();
    if (heap.stats().objectsWaiting > MAX_WAITING) heap.synchronizeRcuSync();
  }

  /** Now to the event loop, now through a wait of each kind, now through the emptying of all that is kept. */
  async betweenRuns(): Promise<void> {
    const heap = this._enterOne();
    switch (random.below(4)) {
      case 0:
        heap.synchronizeRcuSync();
        return;
      case 1:
        await heap.synchronizeRcu();
        return;
      case 2:
        heap.shrink();
        return;
      default:
        await setImmediate();
    }
  }

  private _enterOne(): Heap {
    const heap = this._heaps[random.below(this._heaps.length)]!;
    this.memory.enter(heap);
    this.maps.enter(heap);
    return heap;
  }
}

const stays = briefing.sites.map((site) => new Stay(site));
for (let operation = 1; operation <= briefing.operations; operation++) {
  const stay = stays[random.below(stays.length)]!;
  stay.step();
  if (operation % OPERATIONS_A_TURN === 0) for (const each of stays) each.endTurn();
  if (operation % OPERATIONS_A_RUN === 0) await stay.betweenRuns();
  if (briefing.rejoinAfter > 0 && operation % briefing.rejoinAfter === 0) {
    stay.leave();
    stay.join();
  }
}
for (const stay of stays) {
  stay.memory.freeAll();
  stay.maps.checkOwn();
  stay.leave();
}
const results: MixtureResult[] = stays.map(({ memory, maps }) => ({
  operations: briefing.operations / stays.length,
  taken: memory.taken,
  received: memory.received,
  refused: memory.refused,
  increments: maps.increments,
}));
report(results);
