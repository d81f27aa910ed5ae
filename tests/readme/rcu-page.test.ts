/** The examples of docs/rcu.md, run against the built package: each prints what the page says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Heap } from '../../src/index.js';
import { examplesOf, runExample } from './examples.js';

/** The package's folder, seen from the compiled test. */
const PACKAGE_FOLDER = fileURLToPath(new URL('../../../', import.meta.url));

const page = readFileSync(`${PACKAGE_FOLDER}docs/rcu.md`, 'utf8');
const examples = examplesOf(page);

test('docs/rcu.md, has an example of each classic use', () => {
  const programs = examples.map(({ files }) => [...files.values()].join('\n'));
  for (const call of [
    'exchange',
    'compareExchange',
    'mutex',
    'typesafeByRcu',
    'rcu.call',
    'condSynchronize',
  ]) {
    assert.ok(
      programs.some((program) => program.includes(call)),
      `no example of ${call}`,
    );
  }
});

for (const example of examples) {
  test(`docs/rcu.md line ${example.line}, prints what the page says`, async () => {
    assert.equal(await runExample(example, PACKAGE_FOLDER), `${example.prints}\n`);
  });
}

test('docs/rcu.md, names calls that there are', () => {
  const heap = Heap.create({ bytes: 2 ** 22, threads: 2 });
  const named = new Set([...page.matchAll(/heap\.(rcu\.)?(\w+)\(/g)].map(([, rcu = '', name]) => rcu + name));
  assert.ok(named.size > 20);
  for (const name of named) {
    const owner = name.startsWith('rcu.') ? heap.rcu : heap;
    const call: unknown = Reflect.get(owner, name.replace('rcu.', ''));
    assert.equal(typeof call, 'function', `heap.${name}()`);
  }
  heap.detach();
});
