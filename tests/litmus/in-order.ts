/** Runs a litmus test without the checker: its processes one after the other, over real words. */

import { NativeWords, reserveBuffer } from '../../src/words/native-words.js';
import { FinalStates, stateLine } from '../../tools/checker/litmus/final-states.js';
import { planLitmusMemory } from '../../tools/checker/litmus/litmus-memory.js';
import { litmusModel } from '../../tools/checker/litmus/litmus-model.js';
import { parseLitmus } from '../../tools/checker/litmus/parse-litmus.js';
import type { Stage } from '../../tools/checker/model.js';
import { FakeHost } from '../support/fake-host.js';

/** What the test whose text this is ends with: `0:r1=1; x=1;`. */
export function runInOrder(text: string): string {
  const test = parseLitmus(text, 'in-order.litmus');
  const { lengthWords, cellsStart } = planLitmusMemory(test);
  const words = new NativeWords(reserveBuffer(lengthWords * 4));
  const subject = litmusModel(test);
  subject.prepare?.(words);
  const stage = { words, host: () => new FakeHost() } as unknown as Stage;
  const state = subject.setup(stage);
  for (const run of Object.values(subject.threads)) run(state);
  const finals = new FinalStates(test);
  finals.note(state.processes, words, cellsStart);
  return finals.all().map(stateLine).join('');
}

/** A test of one process with this body, whose parameters are x, y and z. */
export function processOf(body: string, initial = ''): string {
  return `C test\n{ ${initial} }\nP0(int *x, int *y, int *z)\n{\n${body}\n}\nexists (true)\n`;
}
