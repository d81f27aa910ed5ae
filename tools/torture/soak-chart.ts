/** The samples of a soak as an SVG chart, drawn by echarts without a browser: what it takes over the operations. */
import { init } from 'echarts';
import type { SoakResult, SoakSample } from './soak.js';

const WIDTH = 1100;
const HEIGHT = 640;
const INK = '#22262b';
const TEXT = { fontFamily: 'sans-serif', color: INK };
const MEBIBYTE = 2 ** 20;

interface Line {
  readonly name: string;
  readonly color: string;
  readonly of: (sample: SoakSample) => number;
}

/** From the top: memory in MiB, then pages and the order. */
const LINES: readonly (readonly Line[])[] = [
  [
    { name: 'resident memory, MiB', color: '#2a5d9c', of: ({ residentBytes }) => residentBytes / MEBIBYTE },
    { name: 'slabs, MiB', color: '#c0562f', of: ({ slabPages }) => (slabPages * 4096) / MEBIBYTE },
    { name: 'free pages, MiB', color: '#2a7f62', of: ({ freePages }) => (freePages * 4096) / MEBIBYTE },
  ],
  [{ name: 'largest free order', color: '#7a4f9a', of: ({ largestOrder }) => largestOrder }],
];
const GRIDS = [
  { left: 80, right: 40, top: 90, height: 320 },
  { left: 80, right: 40, top: 470, height: 100 },
];

export function drawSoak({ samples, operations, seed, seconds }: SoakResult): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  const millions = (operations / 1e6).toFixed(1);
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: {
      text: 'A map under churn: what it takes',
      subtext: `${millions} million operations in ${(seconds / 60).toFixed(0)} minutes, seed ${seed}`,
      left: 16,
      top: 10,
      textStyle: { ...TEXT, fontSize: 18 },
      subtextStyle: { ...TEXT, fontSize: 12 },
    },
    legend: { right: 20, top: 20, itemGap: 34, textStyle: TEXT },
    grid: GRIDS,
    xAxis: GRIDS.map((_, gridIndex) => ({
      type: 'value' as const,
      gridIndex,
      max: Math.max(operations / 1e6, 1e-6),
      name: gridIndex === 1 ? 'million operations' : '',
      nameLocation: 'middle' as const,
      nameGap: 28,
      axisLabel: TEXT,
    })),
    yAxis: GRIDS.map((_, gridIndex) => ({
      type: 'value' as const,
      gridIndex,
      min: 0,
      ...(gridIndex === 1 ? { max: 10 } : {}),
      axisLabel: TEXT,
    })),
    series: LINES.flatMap((lines, grid) =>
      lines.map(({ name, color, of }) => ({
        type: 'line' as const,
        name,
        xAxisIndex: grid,
        yAxisIndex: grid,
        showSymbol: false,
        lineStyle: { color },
        itemStyle: { color },
        data: samples.map((sample) => [sample.operations / 1e6, Number(of(sample).toFixed(3))]),
      })),
    ),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
