import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Findings } from './findings.js';
import { requireZeros } from './must-be-zero.js';

const ZEROS = {
  ...{ hangs: 0, wrongValues: 0, lockTimeouts: 0, pagesLost: 0, objectsLost: 0 },
  ...{ bytesCharged: 0, callbacksOrphaned: 0, callbacksLost: 0, slotsStuck: 0, locksStuck: 0 },
};

test('requireZeros, makes a problem of each number that is not 0, though no sentence told of it', () => {
  for (const name of Object.keys(ZEROS)) {
    const findings = new Findings();
    requireZeros({ ...ZEROS, [name]: 3 }, findings);
    assert.deepEqual(findings.texts, [`${name} is 3, and must be 0`]);
  }
});

test('requireZeros, has nothing to say of zeros, nor where there are sentences', () => {
  const findings = new Findings();
  requireZeros(ZEROS, findings);
  assert.equal(findings.problems, 0);
  findings.problem('seat 1 did not leave');
  requireZeros({ ...ZEROS, hangs: 1 }, findings);
  assert.deepEqual(findings.texts, ['seat 1 did not leave']);
});
