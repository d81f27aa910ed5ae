/**
 * Sizes in bytes as people write them: `256M`, `1G`, `65536`.
 *
 * The suffixes K, M and G are powers of 1024, as in every tool that sizes memory; `MiB` and `MB` are
 * accepted and mean the same.
 */

const SUFFIX_BYTES: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };
const SIZE_PATTERN = /^(\d+(?:\.\d+)?)(?:\s*([KMG])(?:I?B)?)?$/i;

/**
 * Reads a size.
 *
 * @param text  digits, a fraction if wanted, and K, M or G if wanted: `64M`, `1.5G`, `1048576`.
 * @returns     bytes, a whole number above 0.
 *
 * Errors  RangeError: the text is not a size, or not a whole number of bytes above 0.
 */
export function parseByteSize(text: string): number {
  const match = SIZE_PATTERN.exec(text.trim());
  const bytes = match ? Number(match[1]) * (SUFFIX_BYTES[(match[2] ?? '').toUpperCase()] ?? Number.NaN) : 0;
  if (!Number.isSafeInteger(bytes) || bytes <= 0) {
    throw new RangeError(`a size is a number of bytes with K, M or G behind it if wanted, such as 64M or 1G`);
  }
  return bytes;
}

/** Writes a size the way parseByteSize() reads it back, as `MiB`: `64 MiB`, `1.5 GiB`, `1000 B`. */
export function formatByteSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const unit = bytes >= 2 ** 30 ? 'G' : bytes >= 2 ** 20 ? 'M' : 'K';
  const amount = bytes / (SUFFIX_BYTES[unit] ?? 1);
  return `${Number.isInteger(amount) ? amount : amount.toFixed(1)} ${unit}iB`;
}
