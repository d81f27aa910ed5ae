/** A thread that is busy, or asleep, until it is told to stop, and says when it has begun. */
import { setImmediate } from 'node:timers/promises';
import { Heap } from '../../src/index.js';
import { BUSY_MAP, type GracePeriodsBriefing, SIGNAL } from './grace-periods.js';
import { report, takeBriefing } from './team.js';

/** Far less than an allocation waits for. */
const TURN_MILLIS = 3;

const briefing = takeBriefing<GracePeriodsBriefing>();
const heap = Heap.attach(briefing.handle, { name: briefing.role });
const { words } = heap;
const started = briefing.signals + SIGNAL.started;
const stop = briefing.signals + SIGNAL.stop;
let rounds = 0;

switch (briefing.role) {
  case 'gets in one run':
    loopOverGet();
    break;
  case 'gets after a pause': {
    heap.map(BUSY_MAP);
    await setImmediate();
    loopOverGet();
    break;
  }
  case 'sets in one run': {
    const map = heap.map<string, number>(BUSY_MAP);
    until(() => map.set('hot', rounds));
    break;
  }
  case 'iterates in one run': {
    const map = heap.map<string, number>(BUSY_MAP);
    until(() => {
      for (const [, value] of map) if (typeof value !== 'number') throw new Error(`a value is ${value}`);
    });
    break;
  }
  case 'allocates and calls quiesce()':
    until(() => {
      heap.kfree(heap.kmalloc(64));
      heap.quiesce();
    });
    break;
  case 'sleeps in idle()':
    heap.kfree(heap.kmalloc(64));
    heap.idle(sleep);
    break;
  case 'sleeps in idle(), attached twice': {
    const second = Heap.attach(briefing.handle, { name: 'second attachment' });
    second.kfree(second.kmalloc(64));
    heap.kfree(heap.kmalloc(64));
    heap.idle(sleep);
    second.detach();
    break;
  }
  case 'sleeps in a turn':
    heap.turn(sleep);
    break;
  case 'takes turn after turn':
    until(() => heap.turn(() => spin(TURN_MILLIS)));
    break;
  case 'holds addresses in one run':
    heap.kfree(heap.kmalloc(64));
    until(() => {});
}
heap.detach();
report(rounds);

/** As programs do it: the map opened and used in the same run of synchronous code. */
function loopOverGet(): void {
  const map = heap.map<string, number>(BUSY_MAP);
  until(() => map.get('hot'));
}

function spin(millis: number): void {
  const end = performance.now() + millis;
  while (performance.now() < end) words.pause();
}

function until(act: () => unknown): void {
  while (words.load(stop) === 0) {
    act();
    if (++rounds === 1) words.store(started, 1);
  }
}

function sleep(): void {
  words.store(started, 1);
  while (words.load(stop) === 0) words.wait(stop, 0, 60_000);
}
