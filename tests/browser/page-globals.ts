/**
 * What the pages use of a browser, as types: the project is compiled without those of the DOM, so that src/ cannot
 * come to depend on them. Each function is looked up where it is called; a context that lacks it never calls it.
 */

export interface MessagePortLike {
  onmessage: ((event: { data: unknown }) => void) | null;
  postMessage(message: unknown): void;
}

export interface PageWorker extends MessagePortLike {
  onerror: ((event: { message?: string }) => void) | null;
  terminate(): void;
}

export interface WorkletNode {
  readonly port: MessagePortLike;
  onprocessorerror: ((event: { message?: string }) => void) | null;
  connect(destination: unknown): void;
}

export interface OfflineContext {
  readonly destination: unknown;
  readonly audioWorklet: { addModule(url: string): Promise<void> };
  startRendering(): Promise<unknown>;
}

interface PageGlobals {
  Worker: new (url: URL, options: { type: 'module'; name?: string }) => PageWorker;
  OfflineAudioContext: new (channels: number, frames: number, hertz: number) => OfflineContext;
  AudioWorkletNode: new (
    context: OfflineContext,
    name: string,
    options: { processorOptions: unknown },
  ) => WorkletNode;
  crossOriginIsolated: boolean;
}

/** The global scope of a page. */
export const page = globalThis as unknown as PageGlobals;

/** The global scope of a worker. */
export const workerScope = globalThis as unknown as MessagePortLike;

/** Tells the test what came out. */
export async function report(result: unknown): Promise<void> {
  await fetch('/report', { method: 'POST', body: JSON.stringify(result) });
}

/** Tells the test what went wrong. */
export async function fail(error: unknown): Promise<void> {
  const text = error instanceof Error ? `${error.name}: ${error.message}\n${error.stack}` : String(error);
  await fetch('/failed', { method: 'POST', body: JSON.stringify(text) });
}
