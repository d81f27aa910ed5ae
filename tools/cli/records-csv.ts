/**
 * Reads the records of a CSV file (RFC 4180): the first line names the fields, every value is text.
 *
 * Parsing is csv-parse's. Its byte counts are exact, while its line counts are off once a quoted value holds a
 * CRLF; so lines and columns in errors are counted here, from the bytes up to the place.
 */
import { CsvError, parse } from 'csv-parse/sync';
import type { JsonRecord, RecordPlace, RecordSink } from './record-sink.js';
import { faultAt, placeAt, type TextPlace } from './text-place.js';

const LINE_ENDS = ['\r\n', '\n', '\r'];
const CR = 0x0d;
const LF = 0x0a;

/**
 * Pushes the record of every row below the header into a sink.
 *
 * @param bytes  the file's bytes, UTF-8 without a byte order mark.
 * @param file   how to call the file in errors.
 * @param sink   takes each record; the values are strings under the header's names.
 *
 * Errors  UsageError with the line, for quotes with the column too: a row has more or fewer fields than the
 *         header, a quote is misplaced or never closed, the header has an empty or a repeated name.
 */
export function readCsvRecords(bytes: Buffer, file: string, sink: RecordSink): void {
  const rows = new CsvRows(bytes, file, sink);
  try {
    parse(bytes, {
      skip_empty_lines: true,
      record_delimiter: LINE_ENDS,
      on_record: (fields: string[], context) => {
        rows.take(fields, context.bytes);
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw rows.fault(error);
  }
}

class CsvRows {
  readonly #bytes: Buffer;
  readonly #file: string;
  readonly #sink: RecordSink;
  readonly #place: RecordPlace;
  #header: readonly string[] | undefined;
  /** Byte offset behind the last row taken. */
  #taken = 0;

  constructor(bytes: Buffer, file: string, sink: RecordSink) {
    this.#bytes = bytes;
    this.#file = file;
    this.#sink = sink;
    const lineOfRow = () => this.#lineOfRow();
    this.#place = {
      get line() {
        return lineOfRow();
      },
    };
  }

  take(fields: readonly string[], rowEnd: number): void {
    if (this.#header) this.#sink(toRecord(this.#header, fields), this.#place);
    else this.#header = this.#checkHeader(fields);
    this.#taken = rowEnd;
  }

  /** Puts a fault of the parser in this program's words and at its exact place. */
  fault(error: CsvError): Error {
    const line = this.#lineOfRow();
    const fields = error.record as readonly string[] | undefined;
    if (error.code === 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH' && fields && this.#header) {
      const counts = `${fields.length} where the header has ${this.#header.length}`;
      return faultAt(this.#file, { line }, `wrong number of fields: ${counts}`);
    }
    const index = Number(error.index ?? 0);
    const place = this.#placeOfField(Number(error.bytes ?? this.#taken), index);
    const name = this.#header?.[index];
    const field = name === undefined ? `field ${index + 1}` : `field '${name}'`;
    return faultAt(this.#file, place, `${field}: ${QUOTE_FAULTS[error.code] ?? error.message}`);
  }

  #checkHeader(names: readonly string[]): readonly string[] {
    const line = this.#lineOfRow();
    names.forEach((name, index) => {
      if (name.trim() === '')
        throw faultAt(this.#file, { line }, `the header's field ${index + 1} has no name`);
      if (names.indexOf(name) < index)
        throw faultAt(this.#file, { line }, `the header names '${name}' twice`);
    });
    return names;
  }

  #lineOfRow(): number {
    return this.#placeOf(this.#skipLineEnds(this.#taken)).line;
  }

  #placeOfField(delimiter: number, index: number): TextPlace {
    return this.#placeOf(index > 0 ? delimiter + 1 : this.#skipLineEnds(delimiter));
  }

  #skipLineEnds(start: number): number {
    while (this.#bytes[start] === CR || this.#bytes[start] === LF) start++;
    return start;
  }

  #placeOf(offset: number): Required<TextPlace> {
    const before = this.#bytes.toString('utf8', 0, offset);
    return placeAt(before, before.length);
  }
}

const QUOTE_FAULTS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'the quote that begins here is never closed',
  CSV_INVALID_CLOSING_QUOTE: 'text follows the closing quote of the value that begins here',
  INVALID_OPENING_QUOTE: 'a quote inside a value that does not begin with one',
};

function toRecord(header: readonly string[], fields: readonly string[]): JsonRecord {
  const record: Record<string, string> = {};
  header.forEach((name, index) => {
    record[name] = fields[index] ?? '';
  });
  return record;
}
