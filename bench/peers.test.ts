import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMPARISONS } from './comparisons.js';
import { buildNative, MissingPeerError, prepare, requirePackage } from './peers.js';

test('buildNative() without a compiler says in one line what to install', async () => {
  const expected = {
    name: 'MissingPeerError',
    message: /^mimalloc skipped: install [^\n]*libmimalloc-dev[^\n]*$/,
  };
  await assert.rejects(buildNative('mimalloc', 'no-such-compiler'), expected);
});

test('buildNative() knows every program that a comparison names', async () => {
  const native = COMPARISONS.flatMap(({ subjects }) => subjects.filter((subject) => !('script' in subject)));
  assert.ok(native.length > 0);
  for (const { peer } of native)
    await assert.rejects(buildNative(peer!, 'no-such-compiler'), MissingPeerError);
});

test('requirePackage() of a package that is not there says in one line what to install', () => {
  assert.throws(() => requirePackage('no-such-package'), {
    name: 'MissingPeerError',
    message: /^no-such-package skipped: run npm install[^\n]*$/,
  });
});

test('prepare() runs a script with this Node and its arguments', async () => {
  const subject = { name: 'Map', script: 'map-own', given: ['get', 'plain'], operations: 5 };
  const { name, operations, command } = await prepare(subject);
  assert.deepEqual(
    { name, operations, program: command.program },
    { name: 'Map', operations: 5, program: process.execPath },
  );
  assert.match(command.given[0]!, /subjects[/\\]map-own\.js$/);
  assert.deepEqual(command.given.slice(1), ['get', 'plain']);
});

test('prepare() for a quick run takes the fewer operations of a subject that has them', async () => {
  const subject = { name: 'Map', script: 'map-own', given: ['get', 'plain'], operations: 5 };
  assert.equal((await prepare(subject, true)).operations, 5);
  assert.equal((await prepare({ ...subject, quickOperations: 2 }, true)).operations, 2);
  assert.equal((await prepare({ ...subject, quickOperations: 2 })).operations, 5);
});
