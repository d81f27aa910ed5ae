/**
 * What the memory.* files of a cgroup print, of each memory group: what is charged to it and to the groups below it,
 * in bytes, and how often that met its limit.
 *
 *     company/tenant/memory.current:8192      as `grep -r . .` prints the files of a tree of cgroups
 */
import { GRANULE_BYTES, GROUP, GROUP_TABLE, MAX_GROUP_DEPTH, NO_LIMIT } from '../layout/group-record.js';
import { type Geometry, HEADER } from '../layout/heap-header.js';
import type { Words } from '../words/words.js';
import { liesOnPages, readBetween } from './plausible.js';
import { readName } from './record-name.js';

export interface GroupStat {
  /** Its name, behind the names of the groups that it is part of: company/tenant. */
  readonly group: string;
  readonly current: number;
  /** The largest that `current` has been. */
  readonly peak: number;
  /** 'max' where there is no limit. */
  readonly max: number | 'max';
  readonly events: {
    /** Charges that were refused because of the limit. */
    readonly max: number;
    /** Charges that went past the limit because they must not fail. */
    readonly forced: number;
  };
}

/** More groups than this are not walked: a torn list ends here. */
const MAX_GROUPS = 100_000;
const GROUP_WORDS = GROUP.name + 1;

/** All groups that are not closed, by name. */
export function readMemoryStat(words: Words, geometry: Geometry): GroupStat[] {
  const groups: GroupStat[] = [];
  // group-record:P1: observes the table.
  const table = words.load(HEADER.groupTable);
  if (!liesOnPages(geometry, table, 1)) return groups;
  const firsts = table + GROUP_TABLE.firsts;
  const buckets = words.loadPlain(table + GROUP_TABLE.buckets);
  if (buckets < 0 || !liesOnPages(geometry, firsts, buckets)) return groups;
  let seen = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    // group-record:P1: observes the records of the bucket.
    let record = words.load(firsts + bucket);
    for (; seen < MAX_GROUPS && liesOnPages(geometry, record, GROUP_WORDS); seen++) {
      // The usage of a closed group is below 0.
      if (words.loadPlain(record + GROUP.usage) >= 0) groups.push(readGroup(words, geometry, record));
      record = words.loadPlain(record + GROUP.next);
    }
  }
  return groups.sort((a, b) => (a.group < b.group ? -1 : 1));
}

function readGroup(words: Words, geometry: Geometry, record: number): GroupStat {
  const max = readBetween(words, record + GROUP.max, 0, NO_LIMIT);
  return {
    group: readPath(words, geometry, record),
    current: readBetween(words, record + GROUP.usage, 0, NO_LIMIT) * GRANULE_BYTES,
    peak: readBetween(words, record + GROUP.peak, 0, NO_LIMIT) * GRANULE_BYTES,
    max: max === NO_LIMIT ? 'max' : max * GRANULE_BYTES,
    events: {
      max: words.loadPlain(record + GROUP.failures) >>> 0,
      forced: words.loadPlain(record + GROUP.forced) >>> 0,
    },
  };
}

function readPath(words: Words, geometry: Geometry, record: number): string {
  const names: string[] = [];
  let group = record;
  for (let i = 0; i < MAX_GROUP_DEPTH && liesOnPages(geometry, group, GROUP_WORDS); i++) {
    names.unshift(readName(words, geometry, group + GROUP.nameBytes, group + GROUP.name));
    group = words.loadPlain(group + GROUP.parent);
  }
  return names.join('/');
}

export function formatMemoryStat(groups: readonly GroupStat[]): string {
  return groups
    .map(({ group, ...files }) =>
      filesOf(files)
        .map((line) => `${group}/memory.${line}\n`)
        .join(''),
    )
    .join('');
}

function filesOf({ current, peak, max, events }: Omit<GroupStat, 'group'>): string[] {
  const counts = Object.entries(events).map(([event, count]) => `events:${event} ${count}`);
  return [`current:${current}`, `peak:${peak}`, `max:${max}`, ...counts];
}
