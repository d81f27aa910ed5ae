/**
 * The audio worklet's module. Its processor joins the page's heap in its constructor and works on it in each call of
 * process(). Wherever the engine would let it wait, a trap stands.
 */
import { Heap, type HeapHandle } from '../../src/index.js';
import { CONTROL, MEASURED_AT } from './audio-control.js';
import { AudioWork } from './audio-work.js';
import type { MessagePortLike } from './page-globals.js';
import { trapWait, trapWaitAsync } from './wait-traps.js';

/** What the page gives the processor. */
export interface ProcessorOptions {
  readonly handle: HeapHandle;
  readonly control: SharedArrayBuffer;
}

declare class AudioWorkletProcessor {
  readonly port: MessagePortLike;
}
declare function registerProcessor(name: string, processor: unknown): void;

/** Chromium's, with --expose-gc. */
const { gc } = globalThis as { gc?: () => void };

/** What makes Chromium write out its notes of collections, which it keeps back until they fill 4 KiB. */
const NOTES_TO_FLUSH = 4;
const LAST_MEASURED = MEASURED_AT[MEASURED_AT.length - 1];

class HeapProcessor extends AudioWorkletProcessor {
  private readonly _control: Int32Array;
  private readonly _work: AudioWork;

  constructor(options: { processorOptions: ProcessorOptions }) {
    super();
    const { handle, control } = options.processorOptions;
    this._control = new Int32Array(control);
    trapWait(() => this._control[CONTROL.waits]!++);
    trapWaitAsync(() => this._control[CONTROL.waitAsyncs]!++);
    this._work = new AudioWork(Heap.attach(handle, { name: 'worklet' }), this._control);
  }

  process(): boolean {
    const control = this._control;
    // The last call ends by one error: what it found is told once.
    if (control[CONTROL.errors] !== 0) return true;
    try {
      this._work.call();
    } catch (error) {
      control[CONTROL.errors]!++;
      this.port.postMessage(error instanceof Error ? `${error.message}\n${error.stack}` : String(error));
      return true;
    }
    const calls = ++control[CONTROL.calls]!;
    if (gc !== undefined && isMeasured(calls)) gc();
    if (gc !== undefined && calls === LAST_MEASURED) for (let i = 0; i < NOTES_TO_FLUSH; i++) gc();
    return true;
  }
}

function isMeasured(calls: number): boolean {
  for (let i = 0; i < MEASURED_AT.length; i++) if (calls === MEASURED_AT[i]) return true;
  return false;
}

registerProcessor('lull-heap', HeapProcessor);
