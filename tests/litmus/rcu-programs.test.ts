/**
 * Generated programs over RCU: the final states that Lull's grace periods and turns let happen are exactly those
 * that the specification allows. More would be memory used after it is freed, fewer a grace period that waits for
 * what it need not. And RCU that is wrong must be found out.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enumerateFinals } from '../../tools/checker/litmus/enumerate-finals.js';
import { exploreTest, type LitmusOptions } from '../../tools/checker/litmus/explore-litmus.js';
import type { RcuKind } from '../../tools/checker/litmus/litmus-model.js';
import {
  programName,
  type RcuProgram,
  rcuPrograms,
  rcuTest,
} from '../../tools/checker/litmus/rcu-programs.js';

/** How many programs reach states that the specification does not allow, and how many miss some that it does. */
interface Differences {
  readonly programs: number;
  readonly more: readonly string[];
  readonly fewer: readonly string[];
}

async function differences(programs: readonly RcuProgram[], options: LitmusOptions): Promise<Differences> {
  const more: string[] = [];
  const fewer: string[] = [];
  for (const program of programs) {
    const subject = rcuTest(program);
    const allowed = new Set(enumerateFinals(subject).finals.lines());
    const reached = new Set((await exploreTest(subject, options)).finals.lines());
    if ([...reached].some((state) => !allowed.has(state))) more.push(programName(program));
    if ([...allowed].some((state) => !reached.has(state))) fewer.push(programName(program));
  }
  return { programs: programs.length, more, fewer };
}

/** Every so many-th program. */
function every(stride: number, programs: readonly RcuProgram[]): RcuProgram[] {
  return programs.filter((_, i) => i % stride === 0);
}

function assertSame({ programs, more, fewer }: Differences): void {
  assert.deepEqual({ more, fewer }, { more: [], fewer: [] });
  console.log(`${programs} programs: the same final states`);
}

/** Programs that tell right from wrong: one updater against one reader, and some with two readers. */
const ONE_READER = rcuPrograms(1, 1);
const TWO_READERS = rcuPrograms(1, 2);

test('Rcu, lets one updater and one reader reach exactly the states that RCU allows', async () => {
  assertSame(await differences(ONE_READER, {}));
});

test('Rcu, lets one updater and two readers reach exactly the states that RCU allows', async () => {
  assertSame(await differences(every(150, TWO_READERS), {}));
});

test('Rcu, lets two updaters and a reader reach exactly the states that RCU allows', async () => {
  // Two grace periods at once have very many schedules; with two preemptions all states are reached.
  assertSame(await differences(every(2000, rcuPrograms(2, 1)), { preemptions: 2 }));
});

test('SpecifiedReadSide, reaches exactly the states that RCU allows', async () => {
  assertSame(await differences(every(5, ONE_READER), { rcu: 'specification' }));
});

const WRONG: readonly [RcuKind, string, readonly RcuProgram[]][] = [
  ['unwaiting', 'a grace period that waits for nobody', every(5, ONE_READER)],
  ['unnested', 'an inner section whose end ends the outer one', every(5, ONE_READER)],
  ['firstSlot', 'a grace period that looks at one thread only', every(500, TWO_READERS)],
];

for (const [rcu, what, programs] of WRONG) {
  test(`differences, finds ${what}`, async () => {
    const { more, fewer } = await differences(programs, { rcu });
    console.log(`${rcu}: ${more.length} of ${programs.length} programs reach what RCU forbids`);
    assert.ok(more.length > 0);
    assert.equal(fewer.length, 0);
  });
}
