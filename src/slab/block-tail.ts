/**
 * The red zone behind a block of pages that kmalloc() of a debug heap returned: from the last byte that was asked for
 * to the block's end.
 */
import { descriptorStart } from '../layout/heap-layout.js';
import { DESCRIPTOR, PAGE_KIND, pageKind, pageOrder } from '../layout/page-descriptor.js';
import { fillBytes, findOtherByte, hexBytes } from '../pages/byte-pattern.js';
import type { DebugTools } from '../pages/debug-tools.js';
import { MemoryCorruptionError } from '../pages/memory-corruption-error.js';
import { PAGE_BYTES, PAGE_SHIFT } from '../words/units.js';
import { RED_ACTIVE } from './object-shell.js';

/** Notes what was asked for of the block that starts at `page`, and fills the rest. */
export function paintTail(tools: DebugTools, page: number, bytes: number): void {
  tools.owner.setBytes(page, bytes);
  if (!tools.has('redZones')) return;
  const from = page * PAGE_BYTES;
  fillBytes(tools.words, from + bytes, from + blockBytes(tools, page), RED_ACTIVE);
}

/** What is wrong behind the block that starts at `page`; undefined where nothing is, or it is no such block. */
export function tailDamage(tools: DebugTools, page: number): MemoryCorruptionError | undefined {
  if (!tools.has('redZones') || pageKind(stateOf(tools, page)) !== PAGE_KIND.allocated) return undefined;
  const { bytes, allocSlot, allocStack } = tools.owner.history(page);
  if (bytes === 0) return undefined;
  const from = page * PAGE_BYTES;
  const wrong = findOtherByte(tools.words, from + bytes, from + blockBytes(tools, page), RED_ACTIVE);
  if (wrong < 0) return undefined;
  const address = page << PAGE_SHIFT;
  return new MemoryCorruptionError({
    kind: 'out-of-bounds',
    address,
    offset: wrong - from,
    message:
      `what lies behind the ${bytes} bytes at address ${address} was overwritten, from byte ${wrong - from} on: ` +
      `${hexBytes(tools.words, wrong, 8)}\n  allocated ${tools.describe(allocSlot, allocStack)}`,
    allocStack: tools.depot.text(allocStack),
    freeStack: '',
  });
}

function blockBytes(tools: DebugTools, page: number): number {
  return PAGE_BYTES << pageOrder(stateOf(tools, page));
}

function stateOf({ words, geometry }: DebugTools, page: number): number {
  return words.loadPlain(descriptorStart(geometry, page) + DESCRIPTOR.state);
}
