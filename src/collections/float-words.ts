/** Numbers that are not 32-bit integers, as two words: the low half first. */

const float = new Float64Array(1);
const halves = new Int32Array(float.buffer);

/** Writes the halves of `value` to words `at` and `at + 1`. */
export function splitFloat(value: number, into: Int32Array, at: number): void {
  float[0] = value;
  into[at] = halves[0]!;
  into[at + 1] = halves[1]!;
}

/** The number whose halves these are. */
export function joinFloat(low: number, high: number): number {
  halves[0] = low;
  halves[1] = high;
  return float[0]!;
}
