/** What is written into memory that is tortured: words that say whose they are, so that a foreign write is seen. */
import type { Words } from '../../src/index.js';
import { mix } from './random.js';

/** So many words from the beginning are written and looked at; what follows would only cost time. */
const LOOKED_AT = 32;

/** @param salt the same for check() */
export function fill(words: Words, p: number, count: number, salt: number): void {
  const end = Math.min(count, LOOKED_AT);
  for (let i = 0; i < end; i++) words.storePlain(p + i, mix(p + i, salt));
  words.storePlain(p + count - 1, mix(p + count - 1, salt));
}

/** True where all is as fill() wrote it. @param from first word to look at */
export function isFilled(words: Words, p: number, count: number, salt: number, from = 0): boolean {
  const end = Math.min(count, LOOKED_AT);
  for (let i = from; i < end; i++) if (words.loadPlain(p + i) !== mix(p + i, salt)) return false;
  return words.loadPlain(p + count - 1) === mix(p + count - 1, salt);
}
