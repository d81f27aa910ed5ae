/**
 * `sharedmap`: a hash table with locks in a SharedArrayBuffer, its sizes fixed when it is made.
 *
 * It gets room for twice the entries, so that its chains stay short. Its values are text, which the subject
 * turns into a number, as a user with numbers would.
 */
import { MAP_ENTRIES } from '../workloads.js';
import { serveMap } from './map-loop.js';

/** The part that is used here; the package's own types do not compile. */
interface TextMap {
  get(key: string): string | undefined;
  set(key: string, value: number | string): void;
}

const KEY_CHARACTERS = 48;
const VALUE_CHARACTERS = 12;

const { default: SharedMap } = (await import('sharedmap' as string)) as {
  default: new (entries: number, keyCharacters: number, valueCharacters: number) => TextMap;
};
const shared = new SharedMap(2 * MAP_ENTRIES, KEY_CHARACTERS, VALUE_CHARACTERS);
await serveMap({
  get: (key) => Number(shared.get(key)),
  set: (key, value) => shared.set(key, value),
});
