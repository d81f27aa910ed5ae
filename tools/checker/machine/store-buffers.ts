/**
 * Store buffers: plain stores that their thread has done and that memory has not seen. Stores to one word
 * leave in order, stores to different words in any; the thread itself reads its own youngest.
 *
 *     thread 0:  word 4 -> 1, 2     word 9 -> 7          each (thread, word) with something in it is a lane
 *
 * This is the model of SPARC's partial store order: what a missing publication needs to show.
 */

/** A (thread, word) whose stores wait: drained one at a time, as if by a thread of its own. */
export interface Lane {
  readonly thread: number;
  readonly word: number;
  readonly values: number[];
}

export class StoreBuffers {
  /** Lanes in the order of their first use in this execution; an empty one keeps its place. */
  readonly lanes: Lane[] = [];

  reset(): void {
    this.lanes.length = 0;
  }

  /** Keeps a store back. Returns the lane's number. */
  push(thread: number, word: number, value: number): number {
    let number = this.lanes.findIndex((lane) => lane.thread === thread && lane.word === word);
    if (number < 0) number = this.lanes.push({ thread, word, values: [] }) - 1;
    this.lanes[number]!.values.push(value | 0);
    return number;
  }

  /** The youngest store of `thread` to `word`, or undefined: then memory has it. */
  read(thread: number, word: number): number | undefined {
    for (const lane of this.lanes) {
      if (lane.thread === thread && lane.word === word) return lane.values.at(-1);
    }
    return undefined;
  }

  /** Takes the oldest store out of a lane. */
  drain(number: number): number {
    return this.lanes[number]!.values.shift()!;
  }

  /** True when nothing of `thread` waits. */
  isEmpty(thread: number): boolean {
    for (const lane of this.lanes) if (lane.thread === thread && lane.values.length > 0) return false;
    return true;
  }
}
