import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  alwaysMayHold,
  BUILT_IN_FUNCTIONS,
  isBuiltInMethod,
  isGlobal,
  takesCallbacks,
  takesTasks,
} from './built-ins.js';

test('alwaysMayHold, is true of operations on memory and of what calls what it is given', () => {
  for (const name of ['load', 'storePlain', 'add', 'wait', 'shouldFail', 'call', 'apply']) {
    assert.ok(alwaysMayHold(name), name);
  }
  for (const name of ['push', 'loaded', 'get']) assert.ok(!alwaysMayHold(name), name);
});

test('isBuiltInMethod, finds the methods of all that the language brings', () => {
  for (const name of [
    'push',
    'has',
    'charCodeAt',
    'toFixed',
    'exec',
    'getTime',
    'subarray',
    'getInt32',
    'encode',
  ]) {
    assert.ok(isBuiltInMethod(name), name);
  }
  for (const name of ['kmalloc', 'next', 'length']) assert.ok(!isBuiltInMethod(name), name);
});

test('isGlobal, is true of what is there undeclared, and not of the global object', () => {
  for (const name of ['Math', 'parseInt', 'setTimeout', 'require', 'Atomics'])
    assert.ok(isGlobal(name), name);
  for (const name of ['globalThis', 'words']) assert.ok(!isGlobal(name), name);
});

test('BUILT_IN_FUNCTIONS, has every method that takes callbacks', () => {
  for (const method of ['map', 'forEach', 'sort', 'reduce'] as const) {
    assert.ok(takesCallbacks(method) && BUILT_IN_FUNCTIONS.has(Array.prototype[method]), method);
  }
  assert.ok(takesCallbacks('from') && BUILT_IN_FUNCTIONS.has(Array.from));
  assert.ok(takesCallbacks('then') && BUILT_IN_FUNCTIONS.has(Promise.prototype.then));
  assert.ok(!BUILT_IN_FUNCTIONS.has(takesCallbacks));
});

test('takesTasks, is true of functions and constructors that call what they are given', () => {
  assert.ok(takesTasks('setTimeout') && takesTasks('Promise'));
  assert.ok(!takesTasks('Math'));
});
