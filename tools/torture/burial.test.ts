import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Heap } from '../../src/index.js';
import { Burial } from './burial.js';
import { Control } from './control.js';
import { Deaths } from './deaths.js';
import { Findings } from './findings.js';
import { Random } from './random.js';

const SEATS = 1;
const HANG_MILLIS = 50;

test('Burial, terminates an undertaker that does not end, and counts it as hanging', {
  timeout: 60_000,
}, async () => {
  const heap = Heap.create({ bytes: 2 ** 23, threads: 4 });
  const findings = new Findings();
  const main = { heap, control: new Control(2 * SEATS), seats: SEATS, findings };
  const burial = new Burial(main, new Deaths(main, []), new Random(1, 1), HANG_MILLIS);
  const start = () => new Worker('for (;;);', { eval: true });
  assert.deepEqual(await burial.byUndertakers(0, [], start), []);
  assert.equal(findings.hangs, 1);
  assert.deepEqual(findings.texts, ['an undertaker did not end within 0.05 s']);
  heap.detach();
});
