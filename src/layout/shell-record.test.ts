import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAGE_KIND, pageState } from './page-descriptor.js';
import {
  DEBUG_HOOK,
  hasShells,
  SHELL,
  SHELL_HEAD_WORDS,
  SHELL_TAIL_WORDS,
  SHELL_WORDS,
  shellHeadWords,
} from './shell-record.js';

test('SHELL, keeps the alignment of objects, and its last words in front of the object are the red zone', () => {
  assert.equal(SHELL_HEAD_WORDS % 2, 0);
  assert.equal(SHELL_TAIL_WORDS % 2, 0);
  assert.equal(SHELL_WORDS, SHELL_HEAD_WORDS + SHELL_TAIL_WORDS);
  assert.equal(SHELL.leftRedZone + 1, SHELL_HEAD_WORDS);
});

test('hasShells, is true for hooks round objects and false for hooks round pages', () => {
  for (const hook of ['poison', 'redZones', 'useAfterFree', 'owner'] as const) {
    assert.equal(hasShells({ debugHooks: DEBUG_HOOK[hook] }), true, hook);
  }
  assert.equal(hasShells({ debugHooks: DEBUG_HOOK.fillFree }), false);
  assert.equal(hasShells({ debugHooks: 0 }), false);
});

test('shellHeadWords, is 0 for sheaves, for blocks of pages and in plain heaps', () => {
  const slab = pageState(PAGE_KIND.slab, 0, 5);
  assert.equal(shellHeadWords({ debugHooks: DEBUG_HOOK.poison }, slab, 5), SHELL_HEAD_WORDS);
  assert.equal(shellHeadWords({ debugHooks: DEBUG_HOOK.poison }, pageState(PAGE_KIND.slab, 0, 0), 0), 0);
  assert.equal(shellHeadWords({ debugHooks: DEBUG_HOOK.poison }, pageState(PAGE_KIND.allocated, 0, 0), 0), 0);
  assert.equal(shellHeadWords({ debugHooks: 0 }, slab, 5), 0);
});
