/** Tests of audits: one word of an AuditedHeap is changed, the audit names it, the word is changed back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditedHeap } from './audited-heap.js';

/** One word changed, and all that an audit says of it. */
export interface Corruption {
  /** What is wrong, to go on from "balance() reports". */
  readonly what: string;
  readonly word: number;
  readonly value: number;
  readonly problems: readonly string[];
}

/** Makes a test of each corruption. */
export function testCorruptions(heap: AuditedHeap, corruptions: readonly Corruption[]): void {
  const sound = heap.audit();
  for (const { what, word, value, problems } of corruptions) {
    test(`balance() reports ${what}`, () => {
      const before = heap.at(word);
      assert.notEqual(before, value);
      heap.words.storePlain(word, value);
      const found = heap.audit().problems;
      heap.words.storePlain(word, before);
      assert.deepEqual(found, problems);
      assert.notEqual(problems.length, 0);
      assert.deepEqual(heap.audit(), sound);
    });
  }
}
