/**
 * The peers that may be missing: how each is looked for or built, and what to install where it is not there.
 *
 * Programs in C are compiled with `cc -O2` into .build beside the sources, TLSF with AssemblyScript's compiler;
 * packages are looked up as Node would. A peer that is not there ends in a MissingPeerError, whose message is
 * the one line that the table shows.
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Subject } from './comparison.js';
import type { Runner } from './rounds.js';
import type { Command } from './running-subject.js';
import { allocationSizes } from './workloads.js';

const run = promisify(execFile);

/** The sources are not compiled into dist/, so their folder is found from there. */
const SOURCES = new URL('../../bench/', import.meta.url);

/** A peer is not installed. The message is one line: the peer, and what to install. */
export class MissingPeerError extends Error {
  override readonly name = 'MissingPeerError';

  constructor(peer: string, install: string) {
    super(`${peer} skipped: ${install}`);
  }
}

/** A program in C: its source in peers/, what the compiler is given beside it, and where to get that. */
interface NativePeer {
  readonly source: string;
  readonly flags: readonly string[];
  readonly install: string;
  readonly takesSizes: boolean;
}

const NATIVE_PEERS: Readonly<Record<string, NativePeer>> = {
  glibc: alloc('alloc-glibc.c', [], 'a C compiler'),
  mimalloc: alloc('alloc-mimalloc.c', ['-lmimalloc'], 'a C compiler and libmimalloc-dev'),
  jemalloc: alloc('alloc-jemalloc.c', ['-ljemalloc'], 'a C compiler and libjemalloc-dev'),
  liburcu: defer(['-lurcu-qsbr'], 'a C compiler and liburcu-dev'),
  'liburcu-mimalloc': defer(['-lurcu-qsbr', '-lmimalloc'], 'a C compiler, liburcu-dev and libmimalloc-dev'),
};

function alloc(source: string, flags: readonly string[], packages: string): NativePeer {
  return { source, flags, install: `install ${packages} (Debian's names)`, takesSizes: true };
}

function defer(flags: readonly string[], packages: string): NativePeer {
  return {
    source: 'defer-liburcu.c',
    flags,
    install: `install ${packages} (Debian's names)`,
    takesSizes: false,
  };
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(name, SOURCES));
}

async function writeSizes(): Promise<string> {
  const path = pathOf('.build/alloc-sizes.txt');
  await writeFile(path, `${allocationSizes().join('\n')}\n`);
  return path;
}

/**
 * Compiles a program of peers/.
 *
 * @param name      a key of NATIVE_PEERS.
 * @param compiler  the compiler's name; the default is the system's.
 * @returns         the command that runs it.
 *
 * Errors    MissingPeerError: the compiler or a library is not there.
 */
export async function buildNative(name: string, compiler = 'cc'): Promise<Command> {
  const peer = NATIVE_PEERS[name];
  if (peer === undefined) throw new RangeError(`no program for ${name}; ${Object.keys(NATIVE_PEERS)} exist`);
  await mkdir(pathOf('.build'), { recursive: true });
  const program = pathOf(`.build/${name}`);
  const source = pathOf(`peers/${peer.source}`);
  try {
    // Libraries are named even where a program calls none of their functions by name, as malloc's stand-ins are.
    await run(compiler, ['-O2', '-fno-builtin', '-o', program, source, '-Wl,--no-as-needed', ...peer.flags]);
  } catch {
    throw new MissingPeerError(name, peer.install);
  }
  return { program, given: peer.takesSizes ? [await writeSizes()] : [] };
}

function isInstalled(specifier: string): boolean {
  try {
    import.meta.resolve(specifier);
    return true;
  } catch {
    return false;
  }
}

/** Throws a MissingPeerError unless Node finds the package. */
export function requirePackage(name: string): void {
  if (!isInstalled(name))
    throw new MissingPeerError(name, `run npm install, or npm install --no-save ${name}`);
}

/** Pages of 64 KiB that TLSF starts with: it never has to grow, which would detach the views on its memory. */
const TLSF_PAGES = 256;

/** Compiles peers/tlsf.as.ts for speed and returns the path of the module. */
export async function buildTlsf(): Promise<string> {
  requirePackage('assemblyscript');
  const compiler = fileURLToPath(new URL('../bin/asc.js', import.meta.resolve('assemblyscript')));
  await mkdir(pathOf('.build'), { recursive: true });
  const module = pathOf('.build/tlsf.wasm');
  const options = ['--runtime', 'minimal', '-O3', '--noAssert', '--initialMemory', String(TLSF_PAGES)];
  await run(process.execPath, [compiler, pathOf('peers/tlsf.as.ts'), '-o', module, ...options]);
  return module;
}

/**
 * Makes a subject ready to run, building what has to be built.
 *
 * @param isQuick  whether it does fewer operations, where it says so.
 *
 * Errors    MissingPeerError: what it needs is not installed.
 */
export async function prepare(subject: Subject, isQuick = false): Promise<Runner> {
  const { name } = subject;
  if (!('script' in subject))
    return { name, operations: subject.operations, command: await buildNative(subject.peer) };
  const operations = isQuick ? (subject.quickOperations ?? subject.operations) : subject.operations;
  const script = fileURLToPath(new URL(`subjects/${subject.script}.js`, import.meta.url));
  const given = [...subject.given];
  if (subject.peer === 'tlsf') given.push(await buildTlsf());
  else if (subject.peer !== undefined) requirePackage(subject.peer);
  return { name, operations, command: { program: process.execPath, given: [script, ...given] } };
}
