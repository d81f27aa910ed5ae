import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BareHeap, formatBareHeap } from '../../tests/support/bare-heap.js';
import { CONFIGURATIONS } from '../../tests/support/configurations.js';
import { FakeHost } from '../../tests/support/fake-host.js';
import { FakeLifeLocks } from '../../tests/support/fake-life-locks.js';
import { SLOT, SLOT_STATE } from '../layout/thread-slot.js';
import { joinHeap, leaveHeap, type Membership } from '../threads/thread-registry.js';
import { LifeWatch } from './life-watch.js';

/** Longer than the time between looks. */
const LOOK = 1000;

/** A thread that has joined, with its own host, and its share of the locks. */
class Member {
  readonly host: FakeHost;
  readonly membership: Membership;
  readonly deaths: number[] = [];
  readonly watch: LifeWatch;
  private readonly _heap: BareHeap;

  constructor(heap: BareHeap, name: string, locks?: FakeLifeLocks) {
    this._heap = heap;
    this.host = Object.assign(new FakeHost(), { lifeLocks: locks?.of(name) });
    this.membership = joinHeap(heap.words, heap.geometry, name);
    const { words, geometry } = heap;
    const parts = { host: this.host, words, geometry, membership: this.membership };
    this.watch = new LifeWatch(parts, (slots) => this.deaths.push(...slots));
    this.watch.start();
  }

  get state(): number {
    return this._heap.words.load(this.membership.start + SLOT.state);
  }

  leave(): void {
    leaveHeap(this._heap.words, this.membership);
    this.watch.stop();
  }
}

function scene(): { heap: BareHeap; locks: FakeLifeLocks } {
  return { heap: formatBareHeap(CONFIGURATIONS[0]!.options), locks: new FakeLifeLocks() };
}

test('LifeWatch, marks the slot of a thread whose lock was let go without leaving, and tells', () => {
  const { heap, locks } = scene();
  const [first, second] = [new Member(heap, 'first', locks), new Member(heap, 'second', locks)];
  locks.settle();
  first.host.advance(LOOK);
  locks.settle();
  assert.deepEqual([first.deaths, second.state], [[], SLOT_STATE.live]);
  locks.die('second');
  locks.settle();
  assert.deepEqual(first.deaths, [second.membership.slot]);
  assert.equal(second.state, SLOT_STATE.zombie);
  assert.equal(first.state, SLOT_STATE.live);
});

test('LifeWatch, takes a thread that leaves for no death, also where the next has its slot already', () => {
  const { heap, locks } = scene();
  const [first, second] = [new Member(heap, 'first', locks), new Member(heap, 'second', locks)];
  locks.settle();
  first.host.advance(LOOK);
  second.leave();
  const third = new Member(heap, 'third', locks);
  assert.equal(third.membership.slot, second.membership.slot);
  locks.settle();
  assert.deepEqual([first.deaths, third.state], [[], SLOT_STATE.live]);
  first.host.advance(LOOK);
  locks.die('third');
  locks.settle();
  assert.deepEqual(first.deaths, [third.membership.slot]);
});

test('LifeWatch, waits for nobody that has not got its lock yet: asking first would be proof of nothing', () => {
  const { heap, locks } = scene();
  const [first, second] = [new Member(heap, 'first', locks), new Member(heap, 'second', locks)];
  first.host.advance(LOOK);
  assert.equal(locks.list().waiting.length, 2, 'each asks for its own');
  locks.die('second');
  locks.settle();
  first.host.advance(LOOK);
  locks.settle();
  assert.deepEqual([first.deaths, second.state], [[], SLOT_STATE.live]);
});

test('LifeWatch, of several watchers exactly one is told of a death', () => {
  const { heap, locks } = scene();
  const members = ['a', 'b', 'c'].map((name) => new Member(heap, name, locks));
  locks.settle();
  for (const member of members) member.host.advance(LOOK);
  locks.die('c');
  locks.settle();
  assert.deepEqual(
    members.flatMap(({ deaths }) => deaths),
    [members[2]!.membership.slot],
  );
});

test('LifeWatch, keeps neither its lock nor a wait nor a timer after stop()', () => {
  const { heap, locks } = scene();
  const [first, second] = [new Member(heap, 'first', locks), new Member(heap, 'second', locks)];
  locks.settle();
  first.host.advance(LOOK);
  first.leave();
  assert.deepEqual(
    locks.list().held.map((held) => held.split(':')[0]),
    ['second'],
  );
  assert.deepEqual([locks.list().waiting, first.host.timers], [[], []]);
  second.leave();
  assert.deepEqual(locks.list(), { held: [], waiting: [] });
});

test('LifeWatch, gives up its wait for a thread that others have reaped', () => {
  const { heap, locks } = scene();
  const [first, second] = [new Member(heap, 'first', locks), new Member(heap, 'second', locks)];
  locks.settle();
  first.host.advance(LOOK);
  assert.equal(locks.list().waiting.length, 1);
  heap.words.store(second.membership.start + SLOT.state, SLOT_STATE.free);
  first.host.advance(LOOK);
  assert.deepEqual(locks.list().waiting, []);
});

test('LifeWatch, does nothing where there are no Web Locks', () => {
  const { heap } = scene();
  const { host, membership } = new Member(heap, 'alone');
  assert.deepEqual(host.timers, []);
  assert.equal(heap.words.load(membership.start + SLOT.lifeLock), 0);
});
