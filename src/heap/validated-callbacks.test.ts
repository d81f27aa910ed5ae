import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ValidatedHeap } from '../../tests/support/validated-heap.js';
import type { Address } from '../words/units.js';

const BYTES = 64;

test('rcu.call(), takes a marked address with an offset, and gives its callback the address alone', (t) => {
  const stage = new ValidatedHeap(t);
  const { heap } = stage;
  const heads: number[] = [];
  const id = heap.rcu.register('note', (head) => void heads.push(head));
  const place = heap.kmalloc(8);
  const p = heap.kmalloc(BYTES);
  heap.words.store(place, p);
  const marked = heap.turn(() => {
    const address = heap.words.dereference(place);
    heap.rcu.call(address + 4, id);
    return address;
  });
  stage.endTurn();
  stage.host.advance(10);
  assert.deepEqual([heads, stage.take()], [[p + 4], []]);
  heap.rcu.call(marked + 6, id);
  assert.match(stage.takeOne().message, /was read in a turn that has ended/);
  stage.endTurn();
});

test('a callback, that breaks a rule of turns throws there, as its own error', (t) => {
  const stage = new ValidatedHeap(t, { validate: { onReport: 'throw' } });
  const { heap } = stage;
  const errors: unknown[] = [];
  heap.rcu.on('callbackError', ({ error }) => void errors.push(error));
  const place = heap.kmalloc(8);
  heap.words.store(place, 0);
  const done: string[] = [];
  const bad = heap.rcu.register('bad', () => {
    heap.words.dereference(place);
    done.push('went on');
  });
  const good = heap.rcu.register('good', () => void done.push('good'));
  heap.rcu.call(heap.kmalloc(BYTES), bad);
  heap.rcu.call(heap.kmalloc(BYTES), good);
  heap.quiesce();
  assert.match(String(errors[0]), /outside of a turn/);
  assert.deepEqual([errors.length, done], [1, ['good']]);
});

test('a callback, may take locks, allocate, and wait for a grace period: nothing is reported', (t) => {
  const stage = new ValidatedHeap(t);
  const { heap } = stage;
  const mutex = heap.mutex('m');
  const map = heap.map<string, number>('map');
  const done: unknown[] = [];
  const id = heap.rcu.register('work', (head) => {
    const guard = mutex.lockSync();
    map.set('key', 1);
    guard.release();
    heap.synchronizeRcuSync();
    heap.turn(() => done.push(map.get('key')));
    heap.kfree(head as Address);
  });
  heap.rcu.call(heap.kmalloc(BYTES), id);
  stage.endTurn();
  assert.deepEqual([done, stage.take(), heap.stats().callbackErrors], [[1], [], 0]);
});
