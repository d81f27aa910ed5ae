/** What is thrown where a memory group refuses, and what such an error says. */
import { isClosed } from '../groups/group-counter.js';
import { GRANULE_BYTES, GROUP } from '../layout/group-record.js';
import { counted } from '../words/counted.js';
import type { Words } from '../words/words.js';
import { nameOfGroup } from './group-table.js';
import { noneToBeHad } from './heap-errors.js';

/** A memory group, or one that it is part of, has no room, and reclaiming in it brought none. Nothing has changed. */
export class GroupLimitError extends Error {
  override readonly name = 'GroupLimitError';
  /** The group that has no room. */
  readonly group: string;
  readonly maxBytes: number;
  readonly usageBytes: number;
  readonly requestedBytes: number;

  constructor(message: string, group: string, maxBytes: number, usageBytes: number, requestedBytes: number) {
    super(message);
    this.group = group;
    this.maxBytes = maxBytes;
    this.usageBytes = usageBytes;
    this.requestedBytes = requestedBytes;
  }
}

/** The error of an allocation that was to be charged to group `record` and that `refuser` has refused. */
export function refusalError(words: Words, record: number, refuser: number, requestedBytes: number): Error {
  const name = nameOfGroup(words, refuser);
  if (isClosed(words, refuser)) {
    return new Error(
      `allocated ${counted(requestedBytes, 'byte')} in group ${name}, which is closed; open it again with heap.group('${name}')`,
    );
  }
  // Counter only.
  const maxBytes = words.load(refuser + GROUP.max) * GRANULE_BYTES;
  const usageBytes = words.load(refuser + GROUP.usage) * GRANULE_BYTES;
  const where = record === refuser ? '' : `, which group ${nameOfGroup(words, record)} is part of`;
  const message =
    `${noneToBeHad(requestedBytes)} in group ${name}${where}: ${usageBytes} of at most ${maxBytes} bytes are ` +
    'charged, and reclaiming brought none. Free something of the group, or give it more with setMaxBytes().';
  return new GroupLimitError(message, name, maxBytes, usageBytes, requestedBytes);
}
