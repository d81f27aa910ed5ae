import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockStage, RecordingObserver } from '../../tests/support/lock-stage.js';
import { LOCK, LOCK_KIND } from '../layout/lock-record.js';
import { LockTimeoutError, OwnerDiedError } from './lock-errors.js';
import { SeqLock } from './seq-lock.js';

/** A seqlock of three words, and two threads that use it, the first of them `mine`. */
function makeLocks(observer = new RecordingObserver()) {
  const stage = new LockStage({ kind: LOCK_KIND.seqLock, size: 3 }, observer);
  // A whole bound of looks takes seconds.
  const geometry = { ...stage.geometry, spinRounds: 100 };
  const [mine, others] = stage.threads.map(
    (thread) => new SeqLock(Object.assign(Object.create(thread), { geometry }), stage.record, 'position'),
  );
  const sequence = stage.record + LOCK.sequence;
  const first = stage.record + LOCK.waiters + 2;
  return { stage, observer, words: stage.words, mine: mine!, others: others!, sequence, first };
}

/** Leaves the words as a writer of slot 1 does that dies after the first of them. */
function dieWriting({ stage, words, sequence, first }: ReturnType<typeof makeLocks>): void {
  words.store(stage.record + LOCK.owner, stage.threads[1]!.tag);
  words.add(sequence, 1);
  words.store(first, 99);
  stage.kill(1);
}

test('write() of values, and read() and tryRead() of them', () => {
  const { words, mine, others, sequence } = makeLocks();
  mine.write([1, -2, 3]);
  assert.deepEqual([...others.read()], [1, -2, 3]);
  const into = new Int32Array(3);
  assert.equal(others.tryRead(into), true);
  assert.deepEqual([...into], [1, -2, 3]);
  assert.equal(others.read(into), into);
  assert.equal(words.load(sequence), 2);
});

test('write() and tryWrite() refuse what is neither words nor a function, and write nothing', () => {
  const { mine, words, sequence } = makeLocks();
  const wrong: [unknown, string][] = [
    [undefined, 'undefined'],
    [null, 'null'],
    [5, '5'],
    ['123', "'123'"],
    [{}, 'an object of class Object'],
  ];
  for (const [change, what] of wrong) {
    for (const operation of ['write', 'tryWrite'] as const) {
      assert.throws(() => mine[operation](change as number[]), {
        name: 'TypeError',
        message:
          `called ${operation}() of seqlock 'position' with ${what}; pass an array of its 3 words, or a function that ` +
          'changes them',
      });
    }
  }
  assert.equal(words.load(sequence), 0);
});

test('tryRead() and read() refuse what is no Int32Array', () => {
  const { mine } = makeLocks();
  const message = (operation: string, what: string): string =>
    `called ${operation} of seqlock 'position' with ${what}; pass an Int32Array of 3 words`;
  const tryRead = (into: unknown) => mine.tryRead(into as Int32Array);
  const read = (into: unknown) => mine.read(into as Int32Array);
  assert.throws(() => tryRead(undefined), { name: 'TypeError', message: message('tryRead()', 'undefined') });
  assert.throws(() => tryRead([0, 0, 0]), {
    name: 'TypeError',
    message: message('tryRead()', 'an object of class Array'),
  });
  assert.throws(() => read(null), { name: 'TypeError', message: message('read()', 'null') });
});

test('write() of a callback changes the words in place, and says that they are whole', () => {
  const { mine, others } = makeLocks();
  mine.write([1, 2, 3]);
  others.write((current, ownerDied) => {
    assert.deepEqual([[...current], ownerDied], [[1, 2, 3], false]);
    current[1] = 20;
  });
  assert.deepEqual([...mine.read()], [1, 20, 3]);
});

test('write() whose callback throws writes nothing, and lets the lock go', () => {
  const { words, mine, others, sequence } = makeLocks();
  mine.write([1, 2, 3]);
  const failing = (current: Int32Array): void => {
    current[0] = 9;
    throw new Error('changed my mind');
  };
  assert.throws(() => mine.write(failing), /changed my mind/);
  assert.deepEqual([[...others.read()], words.load(sequence)], [[1, 2, 3], 2]);
  others.write([4, 5, 6]);
});

test('write() of an async callback is refused, and writes nothing', () => {
  const { mine } = makeLocks();
  mine.write([1, 2, 3]);
  const late = async (current: Int32Array): Promise<void> => void current.fill(9);
  assert.throws(
    () => mine.write(late),
    /write\(\) of seqlock 'position' with a function that returns a promise/,
  );
  assert.deepEqual([...mine.read()], [1, 2, 3]);
});

test('write() of another number of words, and a read into another number, are refused', () => {
  const { mine } = makeLocks();
  assert.throws(() => mine.write([1, 2]), /write\(\) of seqlock 'position' with 2 words; it has 3/);
  assert.throws(() => mine.tryWrite(new Int32Array(4)), RangeError);
  assert.throws(() => mine.read(new Int32Array(2)), RangeError);
  assert.throws(() => mine.tryRead(new Int32Array(9)), RangeError);
});

test('read() inside of the writer’s own callback finds what was there before; write() there is refused', () => {
  const { mine } = makeLocks();
  mine.write([1, 2, 3]);
  mine.write((current) => {
    current[0] = 7;
    assert.deepEqual([...mine.read()], [1, 2, 3]);
    assert.throws(() => mine.write([0, 0, 0]), /seqlock 'position' in the thread that holds it/);
    assert.equal(mine.tryWrite([0, 0, 0]), false);
  });
  assert.deepEqual([...mine.read()], [7, 2, 3]);
});

test('tryWrite() writes where no other writer is inside', () => {
  const { mine, others } = makeLocks();
  assert.equal(mine.tryWrite([1, 2, 3]), true);
  others.write(() => assert.equal(mine.tryWrite([4, 5, 6]), false));
  assert.deepEqual([...mine.read()], [1, 2, 3]);
});

test('write() waits for another writer', () => {
  const { stage, mine, others } = makeLocks();
  let writes = 0;
  others.write((current) => {
    stage.words.whileAsleep.push(() => {
      writes++;
    });
    assert.throws(() => mine.write([1, 1, 1]), LockTimeoutError);
    current.fill(5);
  });
  assert.deepEqual([writes, [...mine.read()]], [1, [5, 5, 5]]);
});

test('tryRead() is false where a write came in between, and while a writer is inside', () => {
  const { words, mine, others, sequence, first } = makeLocks();
  const load = words.load.bind(words);
  words.load = (index) => {
    if (index === first + 2) others.write([4, 5, 6]);
    return load(index);
  };
  assert.equal(mine.tryRead(new Int32Array(3)), false);
  words.load = load;
  words.add(sequence, 1);
  assert.equal(mine.tryRead(new Int32Array(3)), false);
});

test('read() reads again where a write came in between', () => {
  const { words, mine, others, first } = makeLocks();
  const load = words.load.bind(words);
  words.load = (index) => {
    if (index === first + 2) {
      words.load = load;
      others.write([4, 5, 6]);
    }
    return load(index);
  };
  assert.deepEqual([[...mine.read()], words.pauses], [[4, 5, 6], 1]);
});

test('read() gives up where a writer stays inside, and names it', () => {
  const stage = makeLocks();
  const { words, mine, sequence } = stage;
  words.store(stage.stage.record + LOCK.owner, stage.stage.threads[1]!.tag);
  words.add(sequence, 1);
  assert.throws(
    () => mine.read(),
    (error: LockTimeoutError) => {
      assert.ok(error instanceof LockTimeoutError);
      assert.deepEqual([error.lockName, error.ownerSlot], ["seqlock 'position'", 1]);
      assert.match(error.message, /after 100 rounds: thread slot 1 holds it/);
      return true;
    },
  );
});

test('read() throws OwnerDiedError where the last writer died inside, until the next write is through', () => {
  const stage = makeLocks();
  const { mine, sequence, words } = stage;
  mine.write([1, 2, 3]);
  dieWriting(stage);
  assert.throws(
    () => mine.read(),
    (error: OwnerDiedError) => {
      assert.ok(error instanceof OwnerDiedError);
      assert.equal(error.lockName, "seqlock 'position'");
      assert.match(error.message, /some of its words are new, some old\. Write it again/);
      return true;
    },
  );
  assert.equal(mine.tryRead(new Int32Array(3)), false);
  mine.write([4, 5, 6]);
  assert.deepEqual([[...mine.read()], words.load(sequence)], [[4, 5, 6], 4]);
});

test('write() tells its callback that the last writer died inside; one that throws leaves it torn', () => {
  const stage = makeLocks();
  const { mine } = stage;
  mine.write([1, 2, 3]);
  dieWriting(stage);
  const refusing = (_current: Int32Array, ownerDied: boolean): void => {
    assert.equal(ownerDied, true);
    throw new Error('beyond repair');
  };
  assert.throws(() => mine.write(refusing), /beyond repair/);
  assert.throws(() => mine.read(), OwnerDiedError);
  mine.write((current, ownerDied) => {
    assert.deepEqual([[...current], ownerDied], [[99, 2, 3], true]);
    current[0] = 1;
  });
  assert.deepEqual([...mine.read()], [1, 2, 3]);
  mine.write((_current, ownerDied) => assert.equal(ownerDied, false));
});

test('write() after a writer that died between the lock and its first word finds everything whole', () => {
  const { stage, words, mine } = makeLocks();
  mine.write([1, 2, 3]);
  words.store(stage.record + LOCK.owner, stage.threads[1]!.tag);
  stage.kill(1);
  assert.deepEqual([...mine.read()], [1, 2, 3]);
  mine.write((_current, ownerDied) => assert.equal(ownerDied, false));
});

test('the sequence wraps', () => {
  const { words, mine, sequence } = makeLocks();
  for (const start of [0x7ffffffe, -2]) {
    words.store(sequence, start);
    mine.write([start, 0, 0]);
    assert.equal(words.load(sequence), (start + 2) | 0);
    assert.equal(mine.read()[0], start);
  }
});

test('forgetDead() wakes a writer that sleeps, abandon() has nothing to give up', () => {
  const { stage, words, mine } = makeLocks();
  mine.forgetDead(1);
  assert.deepEqual(words.notified, [stage.record + LOCK.owner]);
  mine.abandon();
});

test('write() tells the observer, read() does not', () => {
  const { observer, words, mine, sequence } = makeLocks();
  mine.write([1, 2, 3]);
  mine.read();
  assert.deepEqual(observer.take(), ['acquire seqlock position 0', 'release seqlock position']);
  observer.refused = 'acquire';
  assert.throws(() => mine.write([4, 5, 6]), /refused/);
  assert.throws(() => mine.tryWrite([4, 5, 6]), /refused/);
  assert.equal(words.load(sequence), 2);
});
