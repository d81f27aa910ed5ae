/** Records of the layout: that no field lies on another, and that the record holds them all. */
import assert from 'node:assert/strict';

/**
 * Asserts that fields share no word and lie inside the record.
 *
 * @param fields offset of each field
 * @param sizes  words of the fields that are longer than one
 */
export function assertFieldsApart(
  fields: Readonly<Record<string, number>>,
  recordWords: number,
  sizes: Readonly<Record<string, number>> = {},
): void {
  const owners = new Map<number, string>();
  for (const [field, start] of Object.entries(fields)) {
    const end = start + (sizes[field] ?? 1);
    assert.ok(start >= 0 && end <= recordWords, `${field} ends at word ${end} of ${recordWords}`);
    for (let word = start; word < end; word++) {
      assert.equal(owners.get(word), undefined, `${field} and ${owners.get(word)} share word ${word}`);
      owners.set(word, field);
    }
  }
}

/** Asserts that no two of the groups have a word on the same 64-byte line. */
export function assertLinesApart(...groups: readonly (readonly number[])[]): void {
  const owners = new Map<number, number>();
  for (const [group, words] of groups.entries()) {
    for (const word of words) {
      const line = word >>> 4;
      const owner = owners.get(line) ?? group;
      assert.equal(owner, group, `words of groups ${owner} and ${group} share line ${line}`);
      owners.set(line, group);
    }
  }
}
