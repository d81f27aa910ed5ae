import assert from 'node:assert/strict';
import { test } from 'node:test';
import { thrownReport, ValidatedHeap } from '../../tests/support/validated-heap.js';
import { markAddress } from './marked-address.js';
import { TurnRules } from './turn-rules.js';

test('TurnRules, says the address without its mark, and once for each place', () => {
  const subjects: string[] = [];
  let place = 'at f (f.js:1:1)';
  const rules = new TurnRules(
    (subject) => subjects.push(subject),
    () => place,
    10,
  );
  assert.equal(rules.bareOf(markAddress(40, 3)), 40);
  assert.deepEqual([...subjects], [], 'there is no turn to hold it against');
  rules.noteDereferenceOutside(12);
  place = 'at g (g.js:1:1)';
  rules.noteDereferenceOutside(12);
  assert.deepEqual(subjects, ['outside at f (f.js:1:1)', 'outside at g (g.js:1:1)']);
});

test('a turn, that lasts longer than longestTurnMillis is reported at its end', (t) => {
  const stage = new ValidatedHeap(t, { validate: { longestTurnMillis: 100 } });
  const { heap, host } = stage;
  const lasting = (millis: number) => {
    heap.turn(() => host.advance(millis));
    return stage.take();
  };
  assert.deepEqual(lasting(100), []);
  assert.equal(lasting(101).length, 1);
  // Another place.
  heap.turn(() => host.advance(5000));
  assert.match(stage.takeOne().message, /a turn lasted 5000 ms, more than 100/);
});

test('a turn, that quiesce(), idle(fn) or a renewal ends in time is not reported', (t) => {
  const stage = new ValidatedHeap(t, { heap: { turnOperations: 1 }, validate: { longestTurnMillis: 100 } });
  const { heap, host } = stage;
  const p = heap.kmalloc(8);
  for (let i = 0; i < 5; i++) {
    // Not advance(): the microtasks would end the turn.
    skip(host, 60);
    heap.quiesce();
  }
  heap.idle(() => skip(host, 500));
  const map = heap.map<string, number>('m');
  for (let i = 0; i < 6; i++) {
    map.get('a');
    skip(host, 40);
  }
  stage.endTurn();
  assert.deepEqual(stage.take(), []);
  heap.kmalloc(8);
  skip(host, 150);
  stage.endTurn();
  assert.match(stage.takeOne().message, /a turn lasted 150 ms/);
  heap.kfree(p);
});

test('a turn, lasts two seconds unless told, in all threads as the maker said', (t) => {
  const stage = new ValidatedHeap(t);
  stage.heap.turn(() => skip(stage.host, 2000));
  assert.deepEqual(stage.take(), []);
  stage.heap.turn(() => skip(stage.host, 2001));
  assert.equal(stage.take().length, 1);
});

test('a turn, whose report is thrown has ended all the same', (t) => {
  const stage = new ValidatedHeap(t, { validate: { longestTurnMillis: 1, onReport: 'throw' } });
  const { heap, host } = stage;
  const { message } = thrownReport(() => heap.turn(() => skip(host, 9)));
  assert.match(message, /a turn lasted 9 ms/);
  heap.mutex('m').lockSync().release();
  heap.turn(() => assert.throws(() => heap.detach(), /inside turn/));
  const thrown = thrownReport(() => {
    heap.kmalloc(8);
    skip(host, 9);
    heap.quiesce();
  });
  assert.equal(thrown.kind, 'turn');
  assert.equal(heap.stats().threads.length, 1);
});

test('lockSync(), inside turn(fn) is reported, in the turn of a plain run it is not', (t) => {
  const stage = new ValidatedHeap(t);
  const { heap } = stage;
  heap.kfree(heap.kmalloc(24));
  heap.mutex('m').lockSync().release();
  assert.deepEqual(stage.take(), []);
  heap.turn(() => heap.mutex('m').lockSync().release());
  const report = stage.takeOne();
  assert.equal(report.key, 'wait-context: rcu read section > mutex m');
  assert.match(report.message, /turn-rules\.test/);
  heap.turn(() => heap.mutex('m').tryLock()!.release());
  heap.turn(() => heap.turn(() => heap.kfree(heap.kmalloc(24))));
  heap.map<string, number>('map').update('a', () => 1);
  assert.deepEqual(stage.take(), []);
});

/** Lets the fake clock go on, without the microtasks that end turns. */
function skip(host: ValidatedHeap['host'], millis: number): void {
  const clock = host as unknown as { _now: number };
  clock._now += millis;
}
