import assert from 'node:assert/strict';
import { test } from 'node:test';
import { model } from './model.js';
import { isTwin, type TwinDefinition, twin } from './twin.js';

const definition: TwinDefinition = {
  name: 'forgets to notify',
  claim: 'lock/excludes',
  patch: { file: 'lock.ts', find: 'notify(word, 1);', replace: '' },
  caughtAs: 'deadlock',
};

test('twin, keeps what it is given, and leaves the definition alone', () => {
  const made = twin(definition);
  const { name, claim, patch, caughtAs } = made;
  assert.deepEqual({ name, claim, patch, caughtAs }, definition);
  assert.equal(isTwin(definition), false);
});

test('isTwin, is true for what twin() returned, and for nothing else', () => {
  assert.equal(isTwin(twin(definition)), true);
  const other = model({ name: 'a claim', setup: () => 0, threads: {} });
  for (const value of [undefined, null, 0, 'twin', () => {}, {}, { ...definition }, other]) {
    assert.equal(isTwin(value), false, String(value));
  }
});

test('twin, takes no caughtAs that is no kind of failure', () => {
  // @ts-expect-error: the build fails here if this compiles.
  const made = twin({ ...definition, caughtAs: 'explosion' });
  assert.equal(isTwin(made), true);
});
