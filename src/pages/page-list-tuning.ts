/**
 * How large the lists of a thread are at the moment, and how much is moved at once: pure, on plain numbers.
 *
 *     refills in a row                 each twice as large as the one before, up to 2^MAX_SCALE batches
 *     a refill, the zone has enough    high grows, up to highMax
 *     frees in a row                   as many go back at once as were freed in the row, and high has room for them
 *     the zone has not enough          high shrinks, down to highMin
 *     nothing happens (decay)          high shrinks by an eighth
 *
 * Where highMin = highMax the sizes were given: high and what is moved at once stay as they are.
 *
 * Follows mm/page_alloc.c (nr_pcp_alloc, nr_pcp_high, nr_pcp_free, decay_pcp_high).
 */

/** At most 2^MAX_SCALE batches are moved at once: CONFIG_PCP_BATCH_SCALE_MAX. */
export const MAX_SCALE = 5;
/** decay() takes 1 / 2^DECAY_SHIFT off. */
const DECAY_SHIFT = 3;

/** What tuning depends on, and what it changes. Sizes in pages. */
export interface Tuning {
  readonly batch: number;
  readonly highMin: number;
  readonly highMax: number;
  /** Pages that the lists hold. */
  count: number;
  /** Pages that they may hold now. */
  high: number;
  /** log2 of how many batches the next refill asks for. */
  allocFactor: number;
  /** Pages freed in a row. */
  freeCount: number;
}

/** True where the sizes were given, and stay. */
export function isFixed({ highMin, highMax }: Pick<Tuning, 'highMin' | 'highMax'>): boolean {
  return highMin === highMax;
}

/**
 * The lists are empty: how many blocks of 2^order pages to take, at least 1. Raises high and allocFactor.
 *
 * @param isLow the zone is below its high mark
 */
export function refillBlocks(tuning: Tuning, order: number, isLow: boolean): number {
  const { batch, highMin, highMax, count } = tuning;
  if (isFixed(tuning)) return Math.max(1, batch >> order);
  tuning.high = clamp(tuning.high, highMin, highMax);
  const wanted = order === 0 ? batch << tuning.allocFactor : batch;
  if (!isLow) tuning.high = Math.min(tuning.high + wanted, highMax);
  // Two at least, so that not every allocation of a large block meets the zone; one where nothing is kept in advance.
  if (order !== 0) return batch === 1 ? 1 : Math.max(2, batch >> order);
  // Room stays for a batch of frees.
  const most = Math.max(tuning.high - count - batch, batch);
  if (wanted <= most && tuning.allocFactor < MAX_SCALE) tuning.allocFactor++;
  return Math.max(1, Math.min(wanted, most));
}

/** What freeCount is after a block was handed out. */
export function freeCountAfterAlloc(freeCount: number): number {
  return freeCount >> 1;
}

/** What freeCount is after a block of 2^order pages was put on its list. */
export function freeCountAfterFree(freeCount: number, order: number, batch: number): number {
  return freeCount < batch << MAX_SCALE ? freeCount + (1 << order) : freeCount;
}

/** What allocFactor is after a block was put on its list. */
export function allocFactorAfterFree(allocFactor: number): number {
  return allocFactor >> 1;
}

/** A block was put on its list: how many pages to give back now; 0 for none. Changes high. */
export function pagesToGiveBack(tuning: Tuning, isLow: boolean): number {
  const { batch, count, freeCount, highMin, highMax } = tuning;
  if (isFixed(tuning)) return count > highMax ? moved(batch, count - highMax, batch) : 0;
  const high = clamp(tuning.high, highMin, highMax);
  tuning.high = high;
  if (isLow) tuning.high = Math.max(high - Math.max(freeCount, batch), highMin);
  else if (count > high) tuning.high = clamp(Math.max(high, freeCount + batch), highMin, highMax);
  if (count <= (isLow ? highMin : high)) return 0;
  const room = (isLow ? count : high) - batch;
  return moved(room < batch ? 1 : clamp(freeCount, batch, room), count - tuning.high, batch);
}

/** Nothing has happened for a while: lowers high, and says how many pages are too many now. */
export function decayed(tuning: Tuning): number {
  const { batch, count, highMin } = tuning;
  if (isFixed(tuning)) return 0;
  const high = clamp(tuning.high, highMin, tuning.highMax);
  // One at least, or what is below 8 would stay for ever.
  const less = Math.max(1, high >> DECAY_SHIFT);
  tuning.high = Math.max(count - (batch << MAX_SCALE), high - less, highMin);
  return Math.max(0, count - tuning.high);
}

/** What frees that may not spin have left above high goes back too, but not more than the largest burst at once. */
function moved(wanted: number, above: number, batch: number): number {
  return Math.max(wanted, Math.min(above, batch << MAX_SCALE));
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
