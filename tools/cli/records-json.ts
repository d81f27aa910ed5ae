/**
 * Reads the records of a JSON file: one array of objects.
 *
 * The whole text is parsed at once by JSON.parse, which is several times faster than any parser that could
 * stop between elements; the lines of faults and of records are searched for afterwards, only when needed.
 */
import { UsageError } from './failures.js';
import { elementOffset, findJsonFault } from './json-scan.js';
import { type RecordPlace, type RecordSink, requireRecord } from './record-sink.js';
import { faultAt, placeAt } from './text-place.js';

/**
 * Pushes every element of a JSON array into a sink.
 *
 * @param text  the file's text, without a byte order mark.
 * @param file  how to call the file in errors.
 * @param sink  takes each record.
 *
 * Errors  UsageError with line and column: the text is not JSON.
 *         UsageError: the outermost value is no array, or an element is no object.
 */
export function readJsonRecords(text: string, file: string, sink: RecordSink): void {
  const elements = parseJson(text, file);
  if (!Array.isArray(elements)) {
    const place = placeAt(text, text.search(/\S/));
    throw faultAt(
      file,
      place,
      'expected an array of records; one record a line is JSONL, a file named .jsonl',
    );
  }
  let index = 0;
  const place: RecordPlace = {
    get line() {
      return placeAt(text, elementOffset(text, index)).line;
    },
  };
  for (const element of elements) {
    sink(requireRecord(element, file, place), place);
    index++;
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const fault = findJsonFault(text);
    if (fault) throw faultAt(file, placeAt(text, fault.offset), fault.what);
    throw new UsageError(`${file}: ${(error as Error).message}`);
  }
}
