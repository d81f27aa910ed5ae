import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { allocSitesOf } from './alloc-sites.js';

const FOLDER = resolve('app');
const MAIN = pathToFileURL(resolve('app/main.mjs')).href;

test('allocSitesOf(), adds up what one place allocated for different callers, the most first', () => {
  const owners = [
    { stack: `    at ${MAIN}:5:46\n    at run (node:internal/main:1:1)`, objects: 1, bytes: 60 },
    { stack: `    at take (${MAIN}:3:32)\n    at ${MAIN}:7:1`, objects: 2, bytes: 50 },
    { stack: `    at take (${MAIN}:3:32)\n    at ${MAIN}:8:1`, objects: 1, bytes: 100 },
  ];
  assert.deepEqual(allocSitesOf(owners, FOLDER), [
    { size: 150, calls: 3, tag: 'main.mjs:3 func:take' },
    { size: 60, calls: 1, tag: 'main.mjs:5' },
  ]);
});

test('allocSitesOf(), names methods and files elsewhere in full, and keeps what is no place', () => {
  const elsewhere = resolve('other/lib.mjs');
  const owners = [
    { stack: `    at Store.set (${pathToFileURL(elsewhere).href}:9:3)`, objects: 1, bytes: 3 },
    { stack: '    at node:vm:12:5', objects: 1, bytes: 2 },
    { stack: 'unknown stack', objects: 1, bytes: 1 },
  ];
  assert.deepEqual(
    allocSitesOf(owners, FOLDER).map(({ tag }) => tag),
    [`${elsewhere}:9 func:Store.set`, 'node:vm:12', 'unknown stack'],
  );
});
