/**
 * Reads the records of a JSONL file: one JSON object a line. Blank lines are skipped.
 *
 * The bytes are decoded line by line, so the text of the file never stands in memory as one string and the
 * engine's limit on a string's length (512 MiB) does not limit the file.
 */
import { findJsonFault } from './json-scan.js';
import { type RecordSink, requireRecord } from './record-sink.js';
import { faultAt } from './text-place.js';

const NEWLINE = 0x0a;

/**
 * Pushes the record of every line into a sink.
 *
 * @param bytes  the file's bytes, UTF-8 without a byte order mark.
 * @param file   how to call the file in errors.
 * @param sink   takes each record.
 *
 * Errors  UsageError with line and column: a line is not JSON.
 *         UsageError with the line: a line is JSON but no object.
 */
export function readJsonlRecords(bytes: Buffer, file: string, sink: RecordSink): void {
  let line = 0;
  for (let start = 0; start < bytes.length; ) {
    line++;
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline === -1 ? bytes.length : newline;
    const text = bytes.toString('utf8', start, end);
    if (text.trim() !== '') {
      const place = { line };
      sink(requireRecord(parseLine(text, file, line), file, place), place);
    }
    start = end + 1;
  }
}

function parseLine(text: string, file: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const fault = findJsonFault(text);
    if (fault) throw faultAt(file, { line, column: fault.offset + 1 }, fault.what);
    throw faultAt(file, { line }, (error as Error).message);
  }
}
