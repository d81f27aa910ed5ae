import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axisEnds, chartRow, drawChart } from './chart.js';
import { exampleReport } from './example-report.js';

const [met, missed, skipped, count] = exampleReport().ratios.map(chartRow);

test('chartRow() turns a multiple of the time into a speed, its ends in order', () => {
  assert.deepEqual(met!.bar, { speed: 1 / 1.2, low: 1 / 1.25, high: 1 / 1.15, goal: 1 / 1.5 });
});

test('chartRow() keeps a multiple of the speed', () => {
  assert.equal(missed!.bar!.speed, 5);
  assert.equal(missed!.bar!.goal, 8);
});

test('chartRow() has no bar for a skipped goal or a count, but its label', () => {
  assert.equal(skipped!.bar, null);
  assert.equal(skipped!.label, '- (goal: at least 2) skipped');
  assert.equal(count!.bar, null);
  assert.equal(count!.label, '1 (goal: at most 0) missed');
});

test('chartRow() colours met, missed and skipped differently', () => {
  assert.equal(new Set([met!.color, missed!.color, skipped!.color]).size, 3);
});

test('axisEnds() are powers of ten round every bar and goal', () => {
  assert.deepEqual(axisEnds([met!, missed!]), { min: 0.1, max: 10 });
  assert.deepEqual(axisEnds([{ ...missed!, bar: { ...missed!.bar!, goal: 200 } }]), { min: 1, max: 1000 });
  assert.deepEqual(axisEnds([]), { min: 1, max: 10 });
});

test('drawChart() writes an SVG with the name and the label of each goal', () => {
  const svg = drawChart(exampleReport());
  assert.match(svg, /^<svg [^>]*viewBox/);
  for (const { name, label } of exampleReport().ratios.map(chartRow)) {
    assert.ok(svg.includes(`>${name}<`), name);
    assert.ok(svg.includes(`>${label}<`), label);
  }
});

test('drawChart() draws a bar in its colour for each goal that was measured', () => {
  const svg = drawChart(exampleReport());
  assert.ok(svg.includes(met!.color) && svg.includes(missed!.color));
  assert.ok(!svg.includes(skipped!.color));
});
