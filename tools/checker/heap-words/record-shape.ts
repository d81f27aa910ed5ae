/**
 * Names for the words of a record, made from the record that `src/layout/` declares: what a word is called is
 * the key that has its offset.
 *
 *     { main: 0, spare: 1 }             word 1 -> 'spare'        word 3 -> 'unused 3'
 *     name: part('name', 16)            word 5 of it -> 'name 5'
 *     caches: part('cache', 66, shape)  -> 'cache 3 main'
 *
 * I1  Every offset from 0 on has a name, and no two offsets of a record have the same.
 */

/** The words of one record. */
export interface RecordShape {
  /** Offset of each field, as the layout declares it. */
  readonly fields: Readonly<Record<string, number>>;
  /** The fields that are longer than a word. */
  readonly parts: Readonly<Record<string, Part>>;
}

/** A field that is an array, or a record inside the record. */
export interface Part {
  readonly label: string;
  readonly count: number;
  /** What one element is; undefined where it is a word. */
  readonly element: RecordShape | undefined;
  readonly elementWords: number;
}

/** An array of single words. */
export function wordsPart(label: string, count: number): Part {
  return { label, count, element: undefined, elementWords: 1 };
}

/** An array of records; of one, the record itself. */
export function recordsPart(label: string, count: number, element: RecordShape, elementWords: number): Part {
  return { label, count, element, elementWords };
}

export function shapeOf(
  fields: Readonly<Record<string, number>>,
  parts: Readonly<Record<string, Part>> = {},
): RecordShape {
  return { fields, parts };
}

/** What the word at `offset` of a record is called. */
export function nameInRecord(shape: RecordShape, offset: number): string {
  for (const [field, start] of Object.entries(shape.fields)) {
    const part = shape.parts[field];
    const end = start + (part === undefined ? 1 : part.count * part.elementWords);
    if (offset < start || offset >= end) continue;
    return part === undefined ? field : nameInPart(part, offset - start);
  }
  return `unused ${offset}`;
}

function nameInPart({ label, count, element, elementWords }: Part, offset: number): string {
  const numbered = count === 1 ? label : `${label} ${Math.floor(offset / elementWords)}`;
  return element === undefined ? numbered : `${numbered} ${nameInRecord(element, offset % elementWords)}`;
}
