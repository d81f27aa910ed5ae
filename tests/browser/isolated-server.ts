/**
 * IsolatedServer: serves a folder on the loopback interface the way a page needs it that shares memory: with the
 * headers that make it cross-origin isolated. A page answers by POST: /report with its result, /failed with an error.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, resolve, sep } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'Cache-Control': 'no-store',
} as const;

/** What a page has posted. */
export interface Posted {
  readonly path: string;
  readonly body: unknown;
}

/** A page that is one script, and says so when the script does not even load. */
function pageOf(script: string): string {
  return `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<script>
  const fail = (error) => fetch('/failed', { method: 'POST', body: JSON.stringify(String(error)) });
  addEventListener('error', (event) => fail(event.error?.stack ?? event.message ?? 'a script did not load'), true);
  addEventListener('unhandledrejection', (event) => fail(event.reason?.stack ?? event.reason));
</script>
<script type="module" src="${script}"></script>
`;
}

export class IsolatedServer {
  readonly url: string;
  private readonly _server: Server;

  private constructor(server: Server) {
    this._server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /**
   * @param folder   what is served, from its root
   * @param script   path of the one script of the page that is served as /
   * @param onPosted told of each POST, and of a file that is not there as if the page had posted that it failed
   */
  static async start(
    folder: string,
    script: string,
    onPosted: (posted: Posted) => void,
  ): Promise<IsolatedServer> {
    const server = createServer((request, response) => {
      if (request.method === 'POST') void receive(request, response, onPosted);
      else if (request.url === '/') send(response, '.html', pageOf(script));
      else
        void sendFile(response, folder, new URL(request.url ?? '/', 'http://localhost').pathname, onPosted);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new IsolatedServer(server);
  }

  async stop(): Promise<void> {
    this._server.closeAllConnections();
    this._server.close();
    await once(this._server, 'close');
  }
}

function send(response: ServerResponse, extension: string, text: string | Buffer): void {
  response.writeHead(200, { ...ISOLATION, 'Content-Type': TYPES[extension] ?? 'application/octet-stream' });
  response.end(text);
}

async function sendFile(
  response: ServerResponse,
  folder: string,
  path: string,
  onPosted: (posted: Posted) => void,
): Promise<void> {
  const file = resolve(folder, `.${path}`);
  try {
    if (!file.startsWith(resolve(folder) + sep)) throw new Error('outside of the folder');
    send(response, extname(file), await readFile(file));
  } catch {
    response.writeHead(404, ISOLATION);
    response.end();
    onPosted({ path: '/failed', body: `asked for ${path}, which is not there` });
  }
}

async function receive(
  request: IncomingMessage,
  response: ServerResponse,
  onPosted: (posted: Posted) => void,
): Promise<void> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  response.writeHead(204, ISOLATION);
  response.end();
  onPosted({ path: request.url ?? '', body: JSON.parse(text) });
}
