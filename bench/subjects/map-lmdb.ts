/**
 * `lmdb`: a memory-mapped B+ tree that several threads may open, without its per-thread cache of decoded values.
 * The file lies in a temporary folder that goes away with this process.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { serveMap } from './map-loop.js';

const folder = mkdtempSync(join(tmpdir(), 'lull-bench-lmdb-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const store = open<number, string>({ path: join(folder, 'store'), cache: false, noSync: true });
await serveMap(
  { get: (key) => store.get(key), set: (key, value) => store.putSync(key, value) },
  undefined,
  (keys) => {
    store.transactionSync(() => {
      keys.forEach((key, value) => void store.putSync(key, value));
    });
  },
);
await store.close();
