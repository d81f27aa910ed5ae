/**
 * Where the progress of a run is shown: redrawn in place on a terminal, as plain lines into a pipe or a file,
 * or nowhere.
 *
 * With --json, standard output belongs to the JSON object; progress then goes to standard error, and only if a
 * person is looking at it.
 */
import cliProgress from 'cli-progress';
import { type LiveMoment, liveLines, plainMoment, type RunSubject, subjectLines } from './live-table.js';
import { formatCount, formatCounted, formatSeconds } from './numbers.js';
import { line, paint, type StyledLine, showsColor } from './styled-line.js';

/** Shows a run, from load to last look-up. */
export interface RunView {
  /** How often it wants to see a moment of the look-ups. */
  readonly periodMillis: number;
  begin(subject: RunSubject): void;
  loading(records: number): void;
  /** The load is over; `millis` is how long it took. */
  loaded(records: number, millis: number): void;
  moment(moment: LiveMoment): void;
  end(): void;
}

/** The streams a command writes to. */
export interface OutputStreams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** Chooses the view that suits the streams. */
export function chooseView({ stdout, stderr }: OutputStreams, json: boolean): RunView {
  if (json) return stderr.isTTY ? new TerminalView(stderr) : new SilentView();
  return stdout.isTTY ? new TerminalView(stdout) : new PlainView(stdout);
}

/** Lines that the table needs beside the rows of the threads. */
const ROWS_BESIDE_THREADS = 10;

class TerminalView implements RunView {
  readonly periodMillis = 250;
  readonly #stream: NodeJS.WriteStream;
  readonly #color: boolean;
  readonly #bar: InstanceType<typeof cliProgress.SingleBar>;
  #drawnRows = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#color = showsColor(stream);
    this.#bar = new cliProgress.SingleBar(
      {
        format: '  loading {bar} {percentage} %  {value} of {total} records',
        stream,
        hideCursor: true,
        clearOnComplete: true,
        barsize: 32,
        formatValue: (value, _options, kind) => (kind === 'percentage' ? String(value) : formatCount(value)),
      },
      cliProgress.Presets.shades_classic,
    );
  }

  begin(subject: RunSubject): void {
    this.#write(subjectLines(subject));
    this.#bar.start(subject.records, 0);
  }

  loading(records: number): void {
    this.#bar.update(records);
  }

  loaded(records: number, millis: number): void {
    this.#bar.stop();
    this.#write([line(loadedText(records, millis), 'quiet'), line('')]);
  }

  moment(moment: LiveMoment): void {
    if (this.#drawnRows > 0) this.#stream.write(`\x1b[${this.#drawnRows}A\x1b[J`);
    const lines = liveLines(moment, Math.max(1, (this.#stream.rows || 24) - ROWS_BESIDE_THREADS));
    this.#write(lines);
    this.#drawnRows = lines.length;
  }

  end(): void {
    this.#bar.stop();
    this.#drawnRows = 0;
  }

  /** Writes lines cut to the terminal's width: a line that wraps would break the redrawing. */
  #write(lines: readonly StyledLine[]): void {
    const width = (this.#stream.columns || 80) - 1;
    const cut = lines.map(({ text, tone }) => ({ text: text.slice(0, width), tone }));
    this.#stream.write(cut.map((each) => `${paint(each, this.#color)}\n`).join(''));
  }
}

class PlainView implements RunView {
  readonly periodMillis = 1000;
  readonly #stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  begin(subject: RunSubject): void {
    for (const each of subjectLines(subject)) this.#stream.write(`${each.text}\n`);
  }

  loading(): void {}

  loaded(records: number, millis: number): void {
    this.#stream.write(`${loadedText(records, millis)}\n`);
  }

  moment(moment: LiveMoment): void {
    this.#stream.write(`  ${plainMoment(moment)}\n`);
  }

  end(): void {}
}

class SilentView implements RunView {
  readonly periodMillis = 1000;
  begin(): void {}
  loading(): void {}
  loaded(): void {}
  moment(): void {}
  end(): void {}
}

function loadedText(records: number, millis: number): string {
  const rate = millis > 0 ? `, ${formatCount((records / millis) * 1000)} a second` : '';
  return `  loaded ${formatCounted(records, 'record')} in ${formatSeconds(millis)}${rate}`;
}
