import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BARN_LOCK, MAP_BUCKET_LOCK } from '../locks/lull-classes.js';
import { OwnWork } from './validated-work.js';

const first = new Error('first');
const second = new Error('second');

function throwing(error: Error): () => never {
  return () => {
    throw error;
  };
}

test('OwnWork, throws at once outside of all work', () => {
  const work = new OwnWork();
  assert.throws(() => work.tell(throwing(first)), first);
  work.tell(() => {});
});

test('whole(), holds back what is thrown until the outermost work is done, undoes it, and throws the first', () => {
  const work = new OwnWork();
  const done: string[] = [];
  const run = () =>
    work.whole(
      () => {
        work.whole(
          () => {
            work.tell(throwing(first));
            done.push('inner');
          },
          () => done.push('undo inner'),
        );
        work.tell(throwing(second));
        done.push('outer');
        return 7;
      },
      (result) => done.push(`undo ${result}`),
    );
  assert.throws(run, first);
  assert.deepEqual(done, ['inner', 'outer', 'undo 7']);
  // It is over.
  assert.equal(
    work.whole(
      () => 8,
      () => assert.fail('there is nothing to undo'),
    ),
    8,
  );
});

test('whole(), whose work fails by itself is over, and what was held back comes with the next', () => {
  const work = new OwnWork();
  const failing = () =>
    work.whole(() => {
      work.tell(throwing(first));
      throw second;
    });
  assert.throws(failing, second);
  assert.throws(() => work.whole(() => {}), first);
  work.whole(() => {});
});

test("scope(), of a user's function throws at once, and one in which the allocator's locks are taken holds back", () => {
  const work = new OwnWork();
  work.scope(() => {
    work.noteLock(MAP_BUCKET_LOCK);
    assert.throws(() => work.tell(throwing(first)), first);
    const inner = () =>
      work.scope(() => {
        work.noteLock(BARN_LOCK);
        work.tell(throwing(second));
        return 'done';
      });
    // Inside a user's scope as well: Lull's own is over.
    assert.throws(inner, second);
    assert.throws(() => work.tell(throwing(first)), first);
  });
  work.noteLock(BARN_LOCK);
  assert.throws(() => work.tell(throwing(first)), first, 'there is no scope to wait for');
});

test('begin() and end(), hold back in between', () => {
  const work = new OwnWork();
  work.begin();
  work.tell(throwing(first));
  assert.throws(() => work.end(), first);
  assert.throws(() => work.tell(throwing(second)), second);
});

test('outside(), throws at once in the middle of work, and leaves what that work holds back as it was', () => {
  const work = new OwnWork();
  const caught: unknown[] = [];
  const run = () =>
    work.whole(() => {
      work.tell(throwing(first));
      try {
        work.outside(() => {
          work.whole(() => work.tell(throwing(second)));
          caught.push('went on');
        });
      } catch (error) {
        caught.push(error);
      }
    });
  assert.throws(run, first);
  assert.deepEqual(caught, [second]);
  assert.equal(
    work.outside(() => 7),
    7,
  );
});
