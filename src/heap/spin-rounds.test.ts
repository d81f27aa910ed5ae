import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockTimeoutError } from '../locks/lock-errors.js';
import { RawSpinLock } from '../locks/raw-spin-lock.js';
import { engineHost } from '../words/host.js';
import { NativeWords, reserveBuffer } from '../words/native-words.js';
import { PAGE_BYTES } from '../words/units.js';
import { measuredSpinRounds } from './spin-rounds.js';

const WORD = 4;
const OWNER = 7;
const OWN = 9;

test('measuredSpinRounds, makes a waiter give up after about two seconds', () => {
  const rounds = measuredSpinRounds(engineHost);
  assert.equal(measuredSpinRounds(engineHost), rounds);
  const words = new NativeWords(reserveBuffer(PAGE_BYTES));
  words.storePlain(WORD, OWNER);
  const begun = process.cpuUsage();
  assert.throws(() => new RawSpinLock(words, WORD, OWN, rounds, 'held').acquire(), LockTimeoutError);
  // Of the processor, which others may use meanwhile. So they may have when it was measured.
  const { user, system } = process.cpuUsage(begun);
  const millis = (user + system) / 1000;
  assert.ok(millis > 500 && millis < 8000, `gave up after ${millis.toFixed(0)} ms, of ${rounds} rounds`);
});
