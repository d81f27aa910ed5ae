/** Runs in an audio worklet: the API where a thread may neither wait nor spin. Posts each check by name. */
import { ContextError, GFP_KERNEL, GFP_NOWAIT, Heap, type HeapHandle } from '../../src/index.js';
import { Checks } from './checks.js';
import type { MessagePortLike } from './page-globals.js';
import { trapWait, trapWaitAsync } from './wait-traps.js';

declare class AudioWorkletProcessor {
  readonly port: MessagePortLike;
}
declare function registerProcessor(name: string, processor: unknown): void;

const WHERE = 'in an audio worklet';

function checkMemory(checks: Checks, heap: Heap): void {
  checks.run('kmalloc without gfp, and kfree', () => heap.kfree(heap.kmalloc(100)));
  checks.run('kmalloc with GFP_NOWAIT', () => heap.kfree(heap.kmalloc(100, GFP_NOWAIT)));
  checks.throws('kmalloc with GFP_KERNEL', ContextError, WHERE, () => heap.kmalloc(100, GFP_KERNEL));
  checks.throws('allocPages with GFP_KERNEL', ContextError, WHERE, () => heap.allocPages(0, GFP_KERNEL));
  checks.run('kmallocNolock, kfreeNolock and kfreeRcu', () => {
    heap.kfreeNolock(heap.kmallocNolock(64));
    heap.kfreeRcu(heap.kmallocNolock(64));
  });
  checks.run('allocPagesNolock and freePagesNolock', () => heap.freePagesNolock(heap.allocPagesNolock(2)));
}

function checkMap(checks: Checks, heap: Heap): void {
  const map = heap.map<string, string | number>('of the page');
  checks.equal(map.get('ключ'), 'värde 𝄞');
  checks.throws('map set', ContextError, WHERE, () => map.set('from', 'a worklet'));
  checks.throws('map delete', ContextError, WHERE, () => map.delete('from'));
  checks.run('map trySet, get and tryDelete', () => {
    checks.equal(map.trySet('gone', 1), true);
    checks.equal(map.get('gone'), 1);
    checks.equal(map.tryDelete('gone'), true);
    checks.equal(map.has('gone'), false);
    checks.equal(map.trySet('from', 'a worklet ©'), true);
  });
}

function checkLocks(checks: Checks, heap: Heap): void {
  const mutex = heap.mutex('of the page');
  checks.run('mutex.tryLock()', () => mutex.tryLock()!.release());
  checks.throws('mutex.lockSync()', ContextError, WHERE, () => mutex.lockSync());
  checks.throws('synchronizeRcuSync()', ContextError, WHERE, () => heap.synchronizeRcuSync());
}

function check(handle: HeapHandle): Readonly<Record<string, string>> {
  const checks = new Checks();
  let waits = 0;
  trapWait(() => waits++);
  trapWaitAsync(() => waits++);
  checks.run('attach, work and detach', () => {
    const heap = Heap.attach(handle, { name: 'worklet ©' });
    const names = heap.stats().threads.map(({ name }) => name);
    checks.equal(names.join(), 'page,worklet ©');
    checkMemory(checks, heap);
    checkMap(checks, heap);
    checkLocks(checks, heap);
    heap.detach();
    checks.equal(waits, 0);
  });
  const cells = new Int32Array(new SharedArrayBuffer(4));
  checks.throws('the trap over Atomics.wait', Error, 'may not wait', () => Atomics.wait(cells, 0, 0, 0));
  checks.run('the trap counts', () => checks.equal(waits, 1));
  return checks.results;
}

class ApiProcessor extends AudioWorkletProcessor {
  constructor(options: { processorOptions: { handle: HeapHandle } }) {
    super();
    this.port.postMessage(check(options.processorOptions.handle));
  }

  process(): boolean {
    return false;
  }
}

registerProcessor('lull-api', ApiProcessor);
