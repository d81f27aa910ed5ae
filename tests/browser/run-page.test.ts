/** The machinery round the browsers, with small programs in the place of a browser. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Browser, CHROMIUM, FIREFOX, findProgram, launch } from './browsers.js';
import { IsolatedServer, type Posted } from './isolated-server.js';
import { runPage } from './run-page.js';

/** A browser that is Node with one script, which finds the page's address in `url` and its profile in `profile`. */
function browserOf(script: string): Browser {
  return {
    ...CHROMIUM,
    prepare: (profile, url) => [
      '--input-type=module',
      '-e',
      `const url = ${JSON.stringify(url)}; const profile = ${JSON.stringify(profile)};\n${script}`,
    ],
  };
}

const REPORT = "await fetch(url + 'report', { method: 'POST', body: JSON.stringify({ n: 7 }) });";

test('runPage, returns what the page reports and what the browser has printed, and ends the browser', async () => {
  const browser = browserOf(`console.log('hello ' + process.pid); ${REPORT} setInterval(() => {}, 1000);`);
  const { result, output } = await runPage<{ n: number }>(browser, process.execPath, '/none.js');
  assert.deepEqual(result, { n: 7 });
  const pid = Number(/^hello (\d+)\n/.exec(output)![1]);
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});

test('runPage, fails with what the page says, and with a file that is not there', async () => {
  const failing = browserOf("await fetch(url + 'failed', { method: 'POST', body: JSON.stringify('oh') });");
  await assert.rejects(runPage(failing, process.execPath, '/none.js'), /the page failed in Chromium: oh/);
  const asking = browserOf("await fetch(url + 'none.js'); setInterval(() => {}, 1000);");
  await assert.rejects(
    runPage(asking, process.execPath, '/none.js'),
    /asked for \/none\.js, which is not there/,
  );
});

test('runPage, fails with what the browser has printed when it ends before the page reports', async () => {
  const browser = browserOf("console.error('no screen');");
  await assert.rejects(
    runPage(browser, process.execPath, '/none.js'),
    /Chromium ended before its page reported: no screen/,
  );
});

test('launch, ends the processes that the browser has started, and removes its profile', async () => {
  const child = "const child = spawn('sleep', ['60']); console.log(child.pid + ' ' + profile);";
  const browser = browserOf(`import { spawn } from 'node:child_process'; ${child}`);
  const running = launch(browser, process.execPath, 'http://localhost/');
  while (!running.output().endsWith('\n')) await new Promise((resolve) => setTimeout(resolve, 5));
  const [pid, profile] = running.output().trim().split(' ');
  assert.ok(existsSync(profile!));
  await running.end();
  assert.equal(existsSync(profile!), false);
  assert.ok(hasEnded(Number(pid)), `process ${pid} still runs`);
});

/** True for one that nobody has collected yet, too: it can still be signalled, but runs no more. */
function hasEnded(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

test('launch, says so when there is no such program', async () => {
  const running = launch(CHROMIUM, '/nowhere/chromium', 'http://localhost/');
  await running.ended;
  assert.match(running.output(), /ENOENT/);
  await running.end();
});

test('findProgram, finds nothing where no folder of PATH has the program', () => {
  const saved = process.env.PATH;
  const folder = mkdtempSync(join(tmpdir(), 'lull-path-'));
  try {
    process.env.PATH = folder;
    assert.equal(findProgram(FIREFOX), undefined);
    writeFileSync(join(folder, 'firefox'), '');
    assert.equal(findProgram(FIREFOX), undefined);
    rmSync(join(folder, 'firefox'));
    writeFileSync(join(folder, 'firefox'), '', { mode: 0o755 });
    assert.equal(findProgram(FIREFOX), join(folder, 'firefox'));
  } finally {
    process.env.PATH = saved;
    rmSync(folder, { recursive: true });
  }
});

test('IsolatedServer, serves a folder with the headers of isolation, and nothing outside of it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lull-served-'));
  const posted: Posted[] = [];
  const server = await IsolatedServer.start(folder, '/page.js', (one) => posted.push(one));
  try {
    writeFileSync(join(folder, 'page.js'), '1;');
    const page = await fetch(`${server.url}/`);
    assert.match(await page.text(), /<script type="module" src="\/page\.js">/);
    const script = await fetch(`${server.url}/page.js`);
    assert.equal(await script.text(), '1;');
    for (const { headers } of [page, script]) {
      assert.equal(headers.get('Cross-Origin-Opener-Policy'), 'same-origin');
      assert.equal(headers.get('Cross-Origin-Embedder-Policy'), 'require-corp');
    }
    assert.match(script.headers.get('Content-Type')!, /^text\/javascript/);
    assert.equal((await fetch(`${server.url}/%2e%2e%2fsecret`)).status, 404);
    assert.deepEqual(
      posted.map(({ path }) => path),
      ['/failed'],
    );
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
});
