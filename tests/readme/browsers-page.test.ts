/** The example of docs/browsers.md, served and opened as the page says: it shows what the page says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BROWSERS } from '../browser/browsers.js';
import { pageExampleOf, runPageExample } from '../browser/page-example.js';
import { browserTest } from '../browser/run-page.js';

/** The package's folder, seen from the compiled test. */
const PACKAGE_FOLDER = fileURLToPath(new URL('../../../', import.meta.url));

const example = pageExampleOf(readFileSync(`${PACKAGE_FOLDER}docs/browsers.md`, 'utf8'));

test('docs/browsers.md, has a server, a page, a worker and an audio worklet', () => {
  const names = ['server.mjs', 'index.html', 'page.js', 'keys.js', 'worker.js', 'processor.js'];
  assert.deepEqual([...example.files.keys()], names);
});

test('pageExampleOf, refuses files without the text that they show', () => {
  assert.throws(() => pageExampleOf('```js\n// page.js\n```\n'), /files \[page\.js\] and no text/);
});

for (const browser of BROWSERS) {
  browserTest(browser, 'docs/browsers.md, shows what the page says', async (program) => {
    assert.equal(await runPageExample(browser, program, example, PACKAGE_FOLDER), `${example.shows}\n`);
  });
}
