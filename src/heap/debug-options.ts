/** The debugging hooks of a heap: which a user asks for, as the bits of geometry.debugHooks. */
import { DEBUG_HOOK, type DebugHook } from '../layout/shell-record.js';
import type { Host } from '../words/host.js';

/** Which hooks a debug heap has, in all its threads. Those that are left out are off. */
export interface DebugOptions {
  /** Freed objects and pages, and fresh ones that are not zeroed, hold known bytes, which are checked on reuse. */
  readonly poison?: boolean;
  /** Known bytes on both sides of every object, checked when it is freed. */
  readonly redZones?: boolean;
  /** Reports name the stacks of the allocation and of the free. */
  readonly useAfterFree?: boolean;
  /** Who allocated each object and page: heap.owners(). */
  readonly owner?: boolean;
  /** Free pages hold known bytes, checked when they are handed out again. */
  readonly fillFree?: boolean;
}

const ALL = Object.values(DEBUG_HOOK).reduce((bits, bit) => bits | bit, 0);

/** The hooks that were asked for, else those that the variable LULL_DEBUG asks for. Throws for what names no hooks. */
export function resolveDebug(debug: boolean | DebugOptions | undefined, host: Host): number {
  if (debug === undefined) return fromVariable(host.environment('LULL_DEBUG') ?? '');
  if (typeof debug === 'boolean') return debug ? ALL : 0;
  if (typeof debug !== 'object' || debug === null) {
    throw new TypeError(
      `created a heap with debug: ${String(debug)}; it is true, false, or an object of hooks (${namesOfHooks()})`,
    );
  }
  return bitsOf(debug);
}

function bitsOf(options: DebugOptions): number {
  let bits = 0;
  for (const [name, isOn] of Object.entries(options)) {
    if (!Object.hasOwn(DEBUG_HOOK, name)) {
      throw new TypeError(`created a heap with debug.${name}; the hooks are ${namesOfHooks()}`);
    }
    if (isOn !== undefined && typeof isOn !== 'boolean') {
      throw new TypeError(`created a heap with debug.${name}: ${String(isOn)}; it is true or false`);
    }
    if (isOn === true) bits |= DEBUG_HOOK[name as DebugHook];
  }
  return bits;
}

function namesOfHooks(): string {
  return Object.keys(DEBUG_HOOK).join(', ');
}

function fromVariable(value: string): number {
  if (value === '' || value === '0') return 0;
  if (value === '1') return ALL;
  throw new Error(
    `made a heap with LULL_DEBUG=${value} in the environment; it is 1 for all debugging hooks, or 0 or empty for none`,
  );
}
