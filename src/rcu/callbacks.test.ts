import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '../../tests/support/fake-host.js';
import { CALLBACK_LIST, FIRST_CALLBACK_ID, RCU_HEAD, RCU_HEAD_WORDS, SLOT } from '../layout/thread-slot.js';
import { ThreadContext } from '../threads/context.js';
import type { Turn } from '../threads/turn.js';
import type { WaitRight } from '../words/host.js';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { CallbackFunctions } from './callback-functions.js';
import { CallbackList } from './callback-list.js';
import {
  BLIMIT,
  Callbacks,
  type CallbacksParts,
  floodMark,
  MAX_BLIMIT,
  QHIMARK,
  QLOWMARK,
} from './callbacks.js';
import type { GracePeriod } from './grace-period.js';
import { RcuEvents } from './rcu-events.js';
import { endOf, isDone, snapOf } from './sequence.js';

const SLOT_START = 1024;
const FIRST_HEAD = 4096;
const ID = FIRST_CALLBACK_ID;
const OTHER_ID = FIRST_CALLBACK_ID + 1;

/** A clock that goes on by as much as a callback takes. */
class SlowHost extends FakeHost {
  now = 0;
  looks = 0;

  override nowMillis(): number {
    this.looks++;
    return this.now;
  }
}

/** Callbacks of one slot over bare words, with a grace period that ends when the test says so. */
class Scene {
  readonly words = new NativeWords(reserveBuffer(512 * 1024));
  readonly host: SlowHost;
  readonly context: ThreadContext;
  readonly functions = new CallbackFunctions();
  readonly events = new RcuEvents();
  readonly list = new CallbackList(this.words, SLOT_START + SLOT.callbacks);
  readonly parts: CallbacksParts;
  readonly callbacks: Callbacks;
  /** Heads in the order of their calls. */
  readonly called: number[] = [];
  readonly released: number[] = [];
  posts = 0;
  sequence = -8;
  /** Cookies that a grace period was driven for. */
  readonly driven: number[] = [];
  private _nextHead = FIRST_HEAD;

  constructor(right: WaitRight = 'may-wait') {
    this.host = new SlowHost(right);
    this.context = new ThreadContext(this.host);
    const gracePeriod = {
      sequence: () => this.sequence,
      snap: () => snapOf(this.sequence),
      drive: (cookie: number, asks: boolean) => {
        assert.equal(asks, true, 'a flood asks who holds it up');
        this.driven.push(cookie);
        return false;
      },
    } as unknown as GracePeriod;
    this.parts = {
      words: this.words,
      slot: SLOT_START,
      host: this.host,
      context: this.context,
      turn: { isReading: () => false } as Turn,
      gracePeriod,
      list: this.list,
      functions: this.functions,
      places: { admit: (head) => head, release: (head) => void this.released.push(head) },
      events: this.events,
      onPosted: () => void this.posts++,
      qhimark: QHIMARK,
    };
    this.callbacks = new Callbacks(this.parts);
    this.functions.set(ID, 'note', (head) => void this.called.push(head));
  }

  /** Queues one for a fresh head. Returns the head. */
  call(id = ID): number {
    const head = this._nextHead;
    this._nextHead += RCU_HEAD_WORDS;
    this.callbacks.call(head, id);
    return head;
  }

  callMany(count: number, id = ID): number[] {
    const heads: number[] = [];
    for (let i = 0; i < count; i++) heads.push(this.call(id));
    return heads;
  }

  /** Lets all that is queued now have had its grace period. */
  passGracePeriod(): void {
    const cookie = snapOf(this.sequence);
    this.callbacks.accelerate(cookie);
    while (!isDone(this.sequence, cookie)) this.sequence = endOf(this.sequence);
  }

  counter(word: number): number {
    return this.words.loadPlain(SLOT_START + word);
  }
}

test('call() queues a head that is called once, with the head, when its grace period is over', () => {
  const scene = new Scene();
  const head = scene.call();
  assert.deepEqual([scene.posts, scene.callbacks.isWaiting(), scene.callbacks.hasDone()], [1, true, false]);
  scene.callbacks.invoke();
  assert.deepEqual(scene.called, []);
  scene.passGracePeriod();
  assert.equal(scene.callbacks.hasDone(), true);
  scene.callbacks.invoke();
  scene.callbacks.invoke();
  assert.deepEqual(scene.called, [head]);
  assert.deepEqual(scene.released, [head]);
  assert.deepEqual([scene.callbacks.isWaiting(), scene.callbacks.hasDone()], [false, false]);
});

test('call() refuses an id of which this thread has no function, and what can be no id, and queues nothing', () => {
  const scene = new Scene();
  assert.throws(() => scene.call(OTHER_ID), {
    name: 'TypeError',
    message: /callback 4097, for which this thread has no function; pass what rcu.register/,
  });
  for (const id of [0, 4095, -1, 4096.5, Number.NaN, '4096', undefined, null, 4096n, {}, 2 ** 40 + 0.5]) {
    assert.throws(
      () => scene.callbacks.call(FIRST_HEAD, id as number),
      { name: 'RangeError', message: /4096 or more$/ },
      String(id),
    );
  }
  assert.deepEqual([scene.callbacks.isWaiting(), scene.posts], [false, 0]);
});

test('call() refuses a head that its place refuses, and queues nothing', () => {
  const scene = new Scene();
  const refusing = new Callbacks({
    ...scene.parts,
    places: {
      admit: () => {
        throw new RangeError('no place');
      },
      release: () => {},
    },
  });
  assert.throws(() => refusing.call(FIRST_HEAD, ID), /no place/);
  assert.deepEqual([refusing.isWaiting(), scene.posts], [false, 0]);
});

test('callbacks are called in the order of their call(), over several grace periods', () => {
  const scene = new Scene();
  const heads: number[] = [];
  for (let round = 0; round < 7; round++) {
    heads.push(...scene.callMany(round));
    scene.passGracePeriod();
    scene.callbacks.invoke();
  }
  assert.deepEqual(scene.called, heads);
});

test('each id is called through its own function, the last that was set for it', () => {
  const scene = new Scene();
  const seen: string[] = [];
  scene.functions.set(OTHER_ID, 'other', () => void seen.push('first'));
  scene.call(OTHER_ID);
  const noted = scene.call(ID);
  scene.functions.set(OTHER_ID, 'other', () => void seen.push('second'));
  scene.passGracePeriod();
  scene.callbacks.invoke();
  assert.deepEqual([seen, scene.called], [['second'], [noted]]);
});

test('invoke() calls blimit callbacks, and looks at no clock for so few', () => {
  const scene = new Scene();
  const heads = scene.callMany(3 * BLIMIT + 1);
  scene.passGracePeriod();
  for (let pass = 1; pass <= 3; pass++) {
    scene.callbacks.invoke();
    assert.deepEqual(scene.called, heads.slice(0, pass * BLIMIT));
    assert.equal(scene.callbacks.hasDone(), true);
  }
  scene.callbacks.invoke();
  assert.deepEqual(scene.called, heads);
  assert.equal(scene.host.looks, 0);
});

test('invoke() calls a 128th of the backlog where that is more than blimit', () => {
  const scene = new Scene();
  scene.callMany(128 * 20 + 127);
  scene.passGracePeriod();
  scene.callbacks.invoke();
  assert.equal(scene.called.length, 20);
});

test('invoke() counts what waits as backlog, and calls what is done alone', () => {
  const scene = new Scene();
  scene.callMany(15);
  scene.passGracePeriod();
  scene.callMany(128 * 20 - 15);
  scene.callbacks.invoke();
  assert.equal(scene.called.length, 15);
});

test('a backlog that has grown by more than qhimark starts its grace period at once, and lifts the limit', () => {
  const scene = new Scene();
  scene.callMany(QHIMARK);
  assert.deepEqual(scene.driven, []);
  scene.callMany(1);
  assert.deepEqual(scene.driven, [snapOf(scene.sequence)]);
  // All have their number already.
  scene.sequence = snapOf(scene.sequence);
  scene.callbacks.invoke();
  assert.equal(scene.called.length, MAX_BLIMIT);
});

test('a flood that goes on starts one grace period for each qhimark callbacks', () => {
  const scene = new Scene();
  scene.callMany(3 * (QHIMARK + 1));
  assert.equal(scene.driven.length, 3);
});

test('the limit is lifted until qlowmark are left, and stays low then', () => {
  const scene = new Scene();
  scene.callMany(QHIMARK + 1 + QLOWMARK);
  scene.passGracePeriod();
  scene.callbacks.invokeUpTo(1, Number.POSITIVE_INFINITY);
  scene.callbacks.invoke();
  assert.equal(scene.list.length(), QLOWMARK);
  scene.callbacks.invoke();
  assert.equal(scene.list.length(), QLOWMARK - BLIMIT);
});

test('a limit that was lifted stays so while more than qlowmark are left', () => {
  const scene = new Scene();
  scene.callMany(QHIMARK + 1 + QLOWMARK);
  scene.passGracePeriod();
  scene.callbacks.invoke();
  assert.equal(scene.list.length(), QLOWMARK + 1);
  scene.callMany(500);
  scene.passGracePeriod();
  scene.callbacks.invoke();
  assert.equal(scene.list.length(), 0);
});

test('after a flood that is over the next one is a growth by qhimark again', () => {
  const scene = new Scene();
  scene.callMany(2 * QHIMARK + 2);
  assert.equal(scene.driven.length, 2);
  scene.passGracePeriod();
  while (scene.callbacks.hasDone()) scene.callbacks.invoke();
  scene.callMany(QHIMARK);
  assert.equal(scene.driven.length, 2);
  scene.callMany(1);
  assert.equal(scene.driven.length, 3);
});

test('a backlog that has shrunk by more than qhimark is reckoned from where it is', () => {
  const scene = new Scene();
  scene.callMany(3 * (QHIMARK + 1));
  scene.passGracePeriod();
  scene.callbacks.invoke();
  scene.callbacks.invoke();
  assert.equal(scene.list.length(), QHIMARK + 3);
  scene.callMany(QHIMARK);
  assert.equal(scene.driven.length, 3);
  scene.callMany(1);
  assert.equal(scene.driven.length, 4);
});

test('a long pass ends after 3 ms, looked at each 32 callbacks', () => {
  const scene = new Scene();
  scene.functions.set(ID, 'slow', (head) => {
    scene.called.push(head);
    scene.host.now += 0.05;
  });
  scene.callMany(QHIMARK + 1);
  scene.passGracePeriod();
  const looks = scene.host.looks;
  scene.callbacks.invoke();
  // 60 callbacks take 3 ms: the next look after them is at 64.
  assert.equal(scene.called.length, 64);
  assert.equal(scene.host.looks - looks, 3);
});

test('where the thread may not spin a pass is never longer than blimit', () => {
  const scene = new Scene('may-neither');
  scene.callMany(QHIMARK + 1);
  scene.passGracePeriod();
  scene.callbacks.invoke();
  assert.equal(scene.called.length, BLIMIT);
});

test('no callback is called in a hook or a raw lock', () => {
  const scene = new Scene();
  scene.call();
  scene.passGracePeriod();
  scene.context.enterAtomic('a hook');
  assert.equal(scene.callbacks.hasDone(), false);
  scene.callbacks.invoke();
  assert.deepEqual(scene.called, []);
  scene.context.exitAtomic('a hook');
  scene.callbacks.invoke();
  assert.equal(scene.called.length, 1);
});

test('what a callback throws becomes an event, is counted, and the next are called', () => {
  const scene = new Scene();
  const mistake = new Error('mistake');
  scene.functions.set(OTHER_ID, 'thrower', () => {
    throw mistake;
  });
  const events: unknown[] = [];
  scene.events.on('callbackError', (event) => void events.push(event));
  const before = scene.call();
  const bad = scene.call(OTHER_ID);
  const after = scene.call();
  scene.passGracePeriod();
  scene.callbacks.invoke();
  assert.deepEqual(scene.called, [before, after]);
  assert.deepEqual(events, [{ error: mistake, name: 'thrower', id: OTHER_ID, head: bad }]);
  assert.deepEqual([scene.counter(SLOT.callbacksInvoked), scene.counter(SLOT.callbackErrors)], [3, 1]);
});

test('without a listener what a callback throws goes to the console', (t) => {
  const scene = new Scene();
  const error = t.mock.method(console, 'error', () => {});
  scene.functions.set(ID, 'thrower', () => {
    throw new Error('mistake');
  });
  scene.call();
  scene.passGracePeriod();
  scene.callbacks.invoke();
  assert.equal(error.mock.callCount(), 1);
  assert.match(String(error.mock.calls[0]!.arguments[0]), /the RCU callback 'thrower' threw/);
});

test('a callback that returns a promise is reported', () => {
  const scene = new Scene();
  const errors: unknown[] = [];
  scene.events.on('callbackError', ({ error }) => void errors.push(error));
  scene.functions.set(ID, 'async', async () => {});
  scene.call();
  scene.passGracePeriod();
  scene.callbacks.invoke();
  assert.match(String(errors[0]), /^TypeError: the RCU callback 'async' returned a promise/);
  assert.equal(errors.length, 1);
});

test('what the promise of a callback rejects with is reported, and ends nothing', async () => {
  const scene = new Scene();
  const errors: unknown[] = [];
  scene.events.on('callbackError', ({ error }) => void errors.push(String(error)));
  scene.functions.set(ID, 'async', async () => {
    await undefined;
    throw new Error('later');
  });
  scene.call();
  scene.passGracePeriod();
  scene.callbacks.invoke();
  await new Promise(setImmediate);
  assert.deepEqual(errors.slice(1), ['Error: later']);
});

test('a head whose func was overwritten is called through no function, and reported', () => {
  const scene = new Scene();
  const errors: unknown[] = [];
  scene.events.on('callbackError', ({ error, name }) => void errors.push([String(error), name]));
  const head = scene.call();
  const next = scene.call();
  scene.words.storePlain(head + RCU_HEAD.func, 4711);
  scene.passGracePeriod();
  scene.callbacks.invoke();
  assert.deepEqual(scene.called, [next]);
  assert.match(String(errors[0]), /RcuHead at address 4096 asks for callback 4711.*overwritten/);
});

test('a callback that calls itself again is called once a grace period, and ends no pass late', () => {
  const scene = new Scene();
  let calls = 0;
  scene.functions.set(ID, 'again', (head) => {
    calls++;
    scene.callbacks.call(head, ID);
  });
  scene.callMany(3);
  for (let round = 1; round <= 4; round++) {
    scene.passGracePeriod();
    scene.callbacks.invoke();
    assert.equal(calls, 3 * round);
    scene.callbacks.invoke();
    assert.equal(calls, 3 * round);
  }
});

test('a head is counted as finished when its callback has ended, and is in hand until then', () => {
  const scene = new Scene();
  const finished = () => scene.words.loadPlain(SLOT_START + SLOT.callbacks + CALLBACK_LIST.finished);
  const seen: unknown[] = [];
  scene.functions.set(ID, 'look', (head) => {
    seen.push([finished(), scene.counter(SLOT.rcuInHand) === head, scene.callbacks.isInvoking()]);
    if (seen.length === 2) throw new Error('mistake');
  });
  scene.events.on('callbackError', () => {});
  scene.callMany(3);
  scene.passGracePeriod();
  scene.callbacks.invoke();
  assert.deepEqual(seen, [
    [0, true, true],
    [1, true, true],
    [2, true, true],
  ]);
  assert.deepEqual([finished(), scene.counter(SLOT.rcuInHand), scene.callbacks.isInvoking()], [3, 0, false]);
});

test('stop() in a callback ends the pass, and counts the callback as finished', () => {
  const scene = new Scene();
  scene.functions.set(ID, 'leave', (head) => {
    scene.called.push(head);
    scene.callbacks.stop();
    // Another thread has the slot from here on.
    for (let word = 0; word < SLOT.caches; word++) scene.words.storePlain(SLOT_START + word, 99);
  });
  scene.callMany(2);
  scene.passGracePeriod();
  scene.callbacks.invoke();
  assert.equal(scene.called.length, 1);
  assert.equal(scene.callbacks.hasDone(), false);
  for (let word = 0; word < SLOT.caches; word++) assert.equal(scene.counter(word), 99, `word ${word}`);
});

test('invokeUpTo() calls so many at most, and none for which a grace period ends meanwhile', () => {
  const scene = new Scene();
  const heads = scene.callMany(50);
  scene.passGracePeriod();
  const late = scene.callMany(5);
  scene.callbacks.accelerate(snapOf(scene.sequence));
  scene.functions.set(ID, 'end', (head) => {
    scene.called.push(head);
    scene.sequence = snapOf(scene.sequence);
  });
  scene.callbacks.invokeUpTo(20, Number.POSITIVE_INFINITY);
  assert.deepEqual(scene.called, heads.slice(0, 20));
  scene.callbacks.invokeUpTo(1000, Number.POSITIVE_INFINITY);
  assert.deepEqual(scene.called, [...heads, ...late]);
});

test("floodMark() is the kernel's from 160 MiB on, and a quarter of the pages below", () => {
  const pages = (mebibytes: number): number => mebibytes * 256;
  assert.deepEqual([1, 8, 64, 256, 4096].map(pages).map(floodMark), [QLOWMARK, 512, 4096, QHIMARK, QHIMARK]);
});
