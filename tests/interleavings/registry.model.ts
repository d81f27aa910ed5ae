/**
 * Names: a name has one record, which whoever finds it finds whole; and a record that came too late is given
 * back before anybody has seen it.
 *
 * Records are written and read plainly, and one that is given back is used for something else at once: what was
 * not published, or was given back though it was, is a data race on it.
 *
 * Records are never taken away, so the walk needs no turn, and these models have none. In them `dereference`
 * counts as an atomic load; what a plain one rests on is said in docs/memory-model.md and is not explored.
 */
import assert from 'node:assert/strict';
import { Registry } from '../../src/heap/registry.js';
import { HEADER, HEADER_WORDS } from '../../src/layout/heap-header.js';
import { NAME, NAME_KIND } from '../../src/layout/name-record.js';
import { ownerTag } from '../../src/locks/owner.js';
import { RawSpinLock } from '../../src/locks/raw-spin-lock.js';
import type { Words } from '../../src/words/words.js';
import { model, type Stage } from '../../tools/checker/model.js';

const RECORD_WORDS = 16;
const LENGTH_WORDS = HEADER_WORDS + 4 * RECORD_WORDS;
/** Looks at the lock before giving up: more than it changes. */
const ROUNDS = 20;

/** One thread that opens names. */
interface Opener {
  readonly words: Words;
  readonly registry: Registry;
  /** The memory that its alloc() gives, and what its make() makes. */
  readonly record: number;
  readonly target: number;
  /** What it was told that its name stands for; -1: nothing yet. */
  opened: number;
  isGivenBack: boolean;
}

interface Scene {
  readonly words: Words;
  readonly all: readonly Opener[];
}

function openers(count: number): (stage: Stage) => Scene {
  return ({ words }) => {
    const all: Opener[] = [];
    for (let number = 0; number < count; number++) all.push(opener(words, number));
    return { words, all };
  };
}

function opener(words: Words, number: number): Opener {
  const lock = new RawSpinLock(words, HEADER.registryLock, ownerTag(number, 1), ROUNDS, 'registry');
  const record = HEADER_WORDS + number * RECORD_WORDS;
  const registry = new Registry(words, lock);
  return { words, registry, record, target: 100 + number, opened: -1, isGivenBack: false };
}

function nameOf(index: number): string {
  if (index === HEADER.registryHead) return 'header registryHead';
  if (index === HEADER.registryLock) return 'header registryLock';
  if (index < HEADER_WORDS) return `word ${index}`;
  const record = index - HEADER_WORDS;
  return `record ${Math.floor(record / RECORD_WORDS)} + ${record % RECORD_WORDS}`;
}

/** Opens `name`, which is made where it is new. */
function open(thread: Opener, name: string): void {
  const { words, registry } = thread;
  thread.opened = registry.findOrMake(
    NAME_KIND.map,
    name,
    () => thread.record,
    (record) => {
      thread.isGivenBack = true;
      for (let word = 0; word <= NAME.name; word++) words.storePlain(record + word, -1);
    },
    () => thread.target,
  );
}

export const makesANameOnce = model<Scene>({
  name: 'two threads that open one new name get the same, and the record that came too late is given back',
  lengthWords: LENGTH_WORDS,
  nameOf,
  setup: openers(2),
  threads: {
    alpha: ({ all: [alpha] }) => open(alpha!, 'm'),
    beta: ({ all: [, beta] }) => open(beta!, 'm'),
  },
  final({ words, all: [alpha, beta] }) {
    const head = words.loadPlain(HEADER.registryHead);
    const maker = head === alpha!.record ? alpha! : beta!;
    const other = maker === alpha ? beta! : alpha!;
    assert.equal(head, maker.record);
    assert.equal(words.loadPlain(head + NAME.next), 0, 'the name has two records');
    assert.equal(alpha!.opened, maker.target);
    assert.equal(beta!.opened, maker.target);
    assert.equal(maker.isGivenBack, false);
    assert.ok(!other.isGivenBack || words.loadPlain(other.record) === -1);
  },
});

export const keepsAllNames = model<Scene>({
  name: 'of three threads that open different new names none loses the name of another',
  lengthWords: LENGTH_WORDS,
  nameOf,
  setup: openers(3),
  threads: {
    alpha: ({ all: [alpha] }) => open(alpha!, 'a'),
    beta: ({ all: [, beta] }) => open(beta!, 'b'),
    gamma: ({ all: [, , gamma] }) => open(gamma!, 'c'),
  },
  final({ all }) {
    const { registry } = all[0]!;
    const names = ['a', 'b', 'c'];
    for (let number = 0; number < all.length; number++) {
      const { opened, target } = all[number]!;
      assert.equal(opened, target);
      assert.equal(registry.find(NAME_KIND.map, names[number]!), target);
      assert.equal(
        registry.find(NAME_KIND.slabCache, names[number]!),
        0,
        'a name of one kind is none of another',
      );
    }
  },
});

export const findsANameWholeOrNotAtAll = model<Scene>({
  name: 'who looks for a name finds nothing or all of it, wherever the one that makes it was killed',
  lengthWords: LENGTH_WORDS,
  nameOf,
  setup: openers(2),
  threads: {
    maker: ({ all: [maker] }) => open(maker!, 'm'),
    finder({ all: [, finder] }) {
      finder!.opened = finder!.registry.find(NAME_KIND.map, 'm');
    },
  },
  final({ all: [maker, finder] }) {
    assert.ok(finder!.opened === 0 || finder!.opened === maker!.target);
  },
  bounds: { kills: ['maker'] },
});
