/**
 * The goals as an SVG chart, drawn by echarts without a browser.
 *
 * Some goals are about time (at most 1.5 times the peer's) and some about speed (at least 8 times the peer's).
 * The chart shows them all as speed, so that further right is always better: a bar from "as fast as the peer" to
 * Lull's speed, a mark at the speed that the goal asks for, a thin line for the middle half of the rounds. The
 * text at the right says the same in the goal's own terms.
 */
import { init } from 'echarts';
import type { Ratio, Report } from './report.js';
import { formatNumber, formatRatio, verdictWord } from './table.js';

/** One goal on the chart's axis: all numbers are "times the peer's speed". */
export interface ChartRow {
  readonly name: string;
  readonly label: string;
  readonly color: string;
  /** Null where nothing was measured or the goal has no peer: the row then has its label only. */
  readonly bar: {
    readonly speed: number;
    readonly low: number;
    readonly high: number;
    readonly goal: number;
  } | null;
}

const MET = '#2a7f62';
const MISSED = '#c0562f';
const SKIPPED = '#8a8f98';
const INK = '#22262b';

const WIDTH = 1180;
const ROW_HEIGHT = 44;
const HEAD_HEIGHT = 78;
const FOOT_HEIGHT = 84;
const NAMES_WIDTH = 330;
const LABELS_WIDTH = 330;
const BAR_HEIGHT = 18;

function colorOf({ met }: Ratio): string {
  if (met === null) return SKIPPED;
  return met ? MET : MISSED;
}

/** Turns a ratio into the chart's terms: a ratio of times becomes one of speeds. */
export function chartRow(ratio: Ratio): ChartRow {
  const { name, value, spread, peer, direction, goal } = ratio;
  const label = `${formatRatio(ratio)} (goal: ${direction} ${formatNumber(goal)}) ${verdictWord(ratio)}`;
  const row = { name, label, color: colorOf(ratio) };
  if (value === null || spread === null || peer === null) return { ...row, bar: null };
  const speed = (given: number) => (direction === 'at most' ? 1 / given : given);
  const ends = spread.map(speed);
  return {
    ...row,
    bar: { speed: speed(value), low: Math.min(...ends), high: Math.max(...ends), goal: speed(goal) },
  };
}

/** The ends of the axis: powers of ten round everything that is drawn, 1 always among it. */
export function axisEnds(rows: readonly ChartRow[]): { min: number; max: number } {
  const drawn = rows.flatMap(({ bar }) => (bar === null ? [] : [bar.speed, bar.low, bar.high, bar.goal]));
  const powers = [1, ...drawn].map(Math.log10);
  return { min: 10 ** Math.floor(Math.min(...powers)), max: 10 ** Math.ceil(Math.max(...powers, 1)) };
}

/** What echarts gives to a custom drawing: only what is used of it. */
interface Drawing {
  coord(point: readonly [number, number]): number[];
}

function line(x1: number, y1: number, x2: number, y2: number, stroke: string, lineWidth: number) {
  return { type: 'line' as const, shape: { x1, y1, x2, y2 }, style: { stroke, lineWidth } };
}

/** Bar, spread and goal mark of one row, in pixels. */
function drawRow(row: ChartRow, position: number, drawing: Drawing) {
  const { bar } = row;
  const pixel = (speed: number) => drawing.coord([speed, position])[0]!;
  const y = drawing.coord([1, position])[1]!;
  const children: object[] = [line(pixel(1), y - ROW_HEIGHT / 2, pixel(1), y + ROW_HEIGHT / 2, INK, 1)];
  if (bar !== null) {
    const from = Math.min(pixel(1), pixel(bar.speed));
    const width = Math.max(Math.abs(pixel(bar.speed) - pixel(1)), 1);
    children.push(
      {
        type: 'rect',
        shape: { x: from, y: y - BAR_HEIGHT / 2, width, height: BAR_HEIGHT },
        style: { fill: row.color },
      },
      line(pixel(bar.low), y, pixel(bar.high), y, INK, 2),
      line(pixel(bar.goal), y - BAR_HEIGHT * 0.8, pixel(bar.goal), y + BAR_HEIGHT * 0.8, INK, 3),
    );
  }
  return { type: 'group' as const, children };
}

const TEXT = { fontFamily: 'sans-serif', color: INK };

function title({ machine }: Report) {
  const where = `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.date.slice(0, 10)}`;
  return {
    text: "Lull's speed against each peer's",
    subtext: `black mark: the goal; thin line: middle half of the rounds. ${where}`,
    left: 16,
    top: 10,
    textStyle: { ...TEXT, fontSize: 18 },
    subtextStyle: { ...TEXT, fontSize: 12 },
  };
}

function axes(rows: readonly ChartRow[]) {
  const names = { type: 'category' as const, inverse: true, axisTick: { show: false } };
  return {
    xAxis: {
      type: 'log' as const,
      ...axisEnds(rows),
      name: "times the peer's speed (1 = as fast as the peer), logarithmic",
      nameLocation: 'middle' as const,
      nameGap: 34,
      nameTextStyle: { ...TEXT, fontSize: 13 },
      axisLabel: { ...TEXT, fontSize: 12, formatter: (speed: number) => `${formatNumber(speed)}×` },
    },
    yAxis: [
      { ...names, data: rows.map(({ name }) => name), axisLabel: { ...TEXT, fontSize: 13 } },
      {
        ...names,
        position: 'right' as const,
        axisLine: { show: false },
        data: rows.map(({ label }) => label),
        axisLabel: { ...TEXT, fontSize: 13 },
      },
    ],
  };
}

/** Draws the goals of a report. */
export function drawChart(report: Report): string {
  const rows = report.ratios.map(chartRow);
  const height = HEAD_HEIGHT + FOOT_HEIGHT + ROW_HEIGHT * rows.length;
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: title(report),
    grid: { left: NAMES_WIDTH, right: LABELS_WIDTH, top: HEAD_HEIGHT, bottom: FOOT_HEIGHT },
    ...axes(rows),
    series: [
      {
        type: 'custom',
        data: rows.map((row, position) => [row.bar?.speed ?? 1, position]),
        renderItem: ({ dataIndex }: { dataIndex: number }, drawing: Drawing) =>
          drawRow(rows[dataIndex]!, dataIndex, drawing),
      },
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
