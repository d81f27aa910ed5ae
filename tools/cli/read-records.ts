/**
 * Reads a file of records, whatever its format, into a table that all threads share.
 *
 * The ending of the name decides the format; guessing from the content would turn a fault on line 1 into
 * another format's strange success. Everything a file can do wrong comes out of here as a UsageError of one
 * line, before any thread or heap exists.
 */
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { UsageError } from './failures.js';
import { KeyRule } from './record-key.js';
import type { RecordSink } from './record-sink.js';
import { RecordTableBuilder, type RecordTableParts } from './record-table.js';
import { readCsvRecords } from './records-csv.js';
import { readJsonRecords } from './records-json.js';
import { readJsonlRecords } from './records-jsonl.js';
import { faultAt, placeAt } from './text-place.js';

/** The records of one file. */
export interface RecordSet {
  readonly file: string;
  readonly table: RecordTableParts;
  readonly records: number;
  /** Fields the key is made of. */
  readonly keyFields: readonly string[];
  /** How many different keys there are: what the map must hold in the end. */
  readonly distinctKeys: number;
  /** How many of these keys stand in more than one record; the record read last wins, or any in a parallel load. */
  readonly repeatedKeys: number;
}

const READERS: Readonly<Record<string, (bytes: Buffer, file: string, sink: RecordSink) => void>> = {
  '.json': (bytes, file, sink) => readJsonRecords(wholeText(bytes, file), file, sink),
  '.jsonl': readJsonlRecords,
  '.ndjson': readJsonlRecords,
  '.csv': readCsvRecords,
};

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Reads and checks a whole file.
 *
 * @param file       path of a .json, .jsonl, .ndjson or .csv file.
 * @param keyFields  fields that make the key; undefined takes the first field of the first record.
 *
 * Errors  UsageError: the file cannot be read, is empty, is malformed (line and column), or its records have
 *         no such key.
 */
export function readRecords(file: string, keyFields: readonly string[] | undefined): RecordSet {
  const read = READERS[extname(file).toLowerCase()];
  if (!read) {
    const endings = Object.keys(READERS).join(', ');
    throw new UsageError(`${file}: cannot tell the format; the name must end in one of ${endings}`);
  }
  const bytes = readText(file);
  const rule = new KeyRule(keyFields, file);
  const builder = new RecordTableBuilder();
  const timesSeen = new Map<string, number>();
  read(bytes, file, (record, place) => {
    const key = rule.take(record, place);
    if (key === undefined) return;
    timesSeen.set(key, (timesSeen.get(key) ?? 0) + 1);
    builder.add(key, JSON.stringify(record));
  });
  rule.finish();
  let repeatedKeys = 0;
  for (const times of timesSeen.values()) if (times > 1) repeatedKeys++;
  const counts = { records: builder.length, distinctKeys: timesSeen.size, repeatedKeys };
  return { file, table: builder.finish(), keyFields: rule.fields, ...counts };
}

/** The bytes of a file that holds text in UTF-8, without the byte order mark. */
function readText(file: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new UsageError(`${file}: ${readFault(error as NodeJS.ErrnoException)}`);
  }
  if (bytes.subarray(0, 3).equals(BYTE_ORDER_MARK)) bytes = bytes.subarray(3);
  if (bytes.length === 0) throw new UsageError(`${file}: the file is empty`);
  requireUtf8(bytes, file);
  if (!hasText(bytes)) throw new UsageError(`${file}: the file is empty but for white space`);
  return bytes;
}

function hasText(bytes: Buffer): boolean {
  return bytes.some((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
}

function readFault(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ENOENT':
      return 'no such file';
    case 'EISDIR':
      return 'is a directory, not a file';
    case 'EACCES':
      return 'may not be read (permission denied)';
    case 'ERR_FS_FILE_TOO_LARGE':
      return 'larger than 2 GiB, the most that can be read at once';
    default:
      return error.message;
  }
}

function requireUtf8(bytes: Buffer, file: string): void {
  if (isUtf8(bytes)) return;
  let sound = 0;
  for (let end = bytes.length; sound < end; ) {
    const middle = sound + Math.ceil((end - sound) / 2);
    if (decodesUpTo(bytes, middle)) sound = middle;
    else end = middle - 1;
  }
  // Streaming leaves out a character that the prefix has only begun: the fault is where that one begins.
  const before = new TextDecoder().decode(bytes.subarray(0, sound), { stream: true });
  throw faultAt(file, placeAt(before, before.length), 'not text in UTF-8');
}

/** Whether the first `end` bytes are UTF-8, but for a character cut off at the end. */
function decodesUpTo(bytes: Buffer, end: number): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end), { stream: true });
    return true;
  } catch {
    return false;
  }
}

function wholeText(bytes: Buffer, file: string): string {
  try {
    return bytes.toString('utf8');
  } catch {
    throw new UsageError(
      `${file}: too large for one JSON text; one record a line (.jsonl) has no such limit`,
    );
  }
}
