import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { LiveMoment, RunSubject } from './live-table.js';
import { chooseView, type OutputStreams } from './run-view.js';

const SUBJECT: RunSubject = {
  fileName: 'a.json',
  records: 1000,
  distinctKeys: 990,
  repeatedKeys: 8,
  keyFields: ['id'],
  threads: 2,
  heapBytes: 2 ** 28,
  writeShare: 0.05,
};

const RATE = { readsPerSecond: 5, writesPerSecond: 1, p50Nanos: 400, p99Nanos: 900, badReads: 0 };

const MOMENT: LiveMoment = {
  elapsedMillis: 1000,
  totalMillis: 5000,
  rates: [RATE, RATE],
  counters: {
    gracePeriods: 1,
    freedThroughSheaf: 2,
    freedThroughList: 3,
    objectsWaiting: 4,
    pages: { total: 5 },
  },
};

/** A stream that looks like a terminal, or like a pipe, and keeps what is written. */
function fakeStream(isTTY: boolean, columns = 80, rows = 24) {
  const stream = new PassThrough();
  Object.assign(stream, {
    isTTY,
    columns,
    rows,
    hasColors: () => false,
    cursorTo: () => {},
    clearLine: () => {},
  });
  return { stream: stream as unknown as NodeJS.WriteStream, written: () => String(stream.read() ?? '') };
}

function fakeStreams(stdoutIsTTY: boolean, stderrIsTTY: boolean) {
  const stdout = fakeStream(stdoutIsTTY);
  const stderr = fakeStream(stderrIsTTY);
  const streams: OutputStreams = { stdout: stdout.stream, stderr: stderr.stream };
  return { streams, stdout, stderr };
}

function show(streams: OutputStreams, json: boolean): void {
  const view = chooseView(streams, json);
  view.begin(SUBJECT);
  view.loading(500);
  view.loaded(1000, 250);
  view.moment(MOMENT);
  view.moment(MOMENT);
  view.end();
}

test('chooseView() shows plain lines in a pipe, one a moment, without escape codes', () => {
  const { streams, stdout, stderr } = fakeStreams(false, true);
  show(streams, false);
  const lines = stdout.written().trimEnd().split('\n');
  assert.equal(lines.length, 3 + 1 + 2);
  assert.match(lines[3] ?? '', /loaded 1,000 records in 0\.3 s, 4,000 a second/);
  assert.ok(lines.every((text) => !text.includes('\x1b')));
  assert.equal(stderr.written(), '');
});

test('chooseView() redraws the table in place on a terminal', () => {
  const { streams, stdout } = fakeStreams(true, true);
  show(streams, false);
  const text = stdout.written();
  assert.match(text, /loading/);
  assert.equal(text.split('\x1b[10A\x1b[J').length, 2, 'one redraw, ten rows up');
  assert.equal(text.match(/grace periods/g)?.length, 2);
});

test('chooseView() cuts every row of the table to the width of the terminal', () => {
  const { stream, written } = fakeStream(true, 30);
  const view = chooseView({ stdout: stream, stderr: stream }, false);
  view.moment(MOMENT);
  assert.ok(
    written()
      .split('\n')
      .every((text) => text.length < 30),
  );
});

test('chooseView() keeps the table within the height of the terminal', () => {
  const { stream, written } = fakeStream(true, 80, 14);
  const view = chooseView({ stdout: stream, stderr: stream }, false);
  view.moment({ ...MOMENT, rates: Array.from({ length: 40 }, () => RATE) });
  assert.ok(written().trimEnd().split('\n').length < 14);
});

test('chooseView() with --json writes to standard error only if it is a terminal, and never to output', () => {
  const person = fakeStreams(true, true);
  show(person.streams, true);
  assert.equal(person.stdout.written(), '');
  assert.match(person.stderr.written(), /grace periods/);
  const program = fakeStreams(false, false);
  show(program.streams, true);
  assert.equal(program.stdout.written() + program.stderr.written(), '');
});
