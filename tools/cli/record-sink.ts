/**
 * What the three readers (JSON, JSONL, CSV) have in common: they push records into a sink, one by one.
 *
 * The sink throws faultAt() to refuse a record. It gets a place to ask, not a line number, because in a JSON
 * array the line of an element has to be searched for, and is wanted only when something is wrong with it.
 */
import { faultAt } from './text-place.js';

/** One record: an object of JSON values. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** Tells the line on which the record now in the sink begins. Ask before the sink returns. */
export interface RecordPlace {
  readonly line: number;
}

/** Takes one record. Throws a UsageError to end the reading. */
export type RecordSink = (record: JsonRecord, place: RecordPlace) => void;

/**
 * Makes sure that a value is a record.
 *
 * Errors  UsageError: the value is an array, a string, a number, a truth value or null.
 */
export function requireRecord(value: unknown, file: string, place: RecordPlace): JsonRecord {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonRecord;
  const kind = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
  throw faultAt(file, { line: place.line }, `each record is an object, this one is ${kind}`);
}
