import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lockTable } from './lock-table.js';
import { edge, node } from './sample-graph.js';

test('lockTable, lists classes by rank with what was waited for under each, and marks what is against the ranks', () => {
  const nodes = [
    node('zone', { rank: 40 }),
    node('orders', { outer: 'sleep', inner: 'sleep' }),
    node('map', { rank: 20 }),
  ];
  const edges = [edge(1, 2), edge(2, 0), edge(1, 0), edge(0, 2)];
  assert.equal(
    lockTable({ nodes, edges }),
    [
      '3 classes, 4 orders, 1 against the ranks',
      '',
      'rank  class   waits  inside  usage  waited for under it',
      '-     orders  sleep  sleep   ....   map, zone',
      '20    map     spin   spin    ....   zone',
      '40    zone    spin   spin    ....   map (!)',
      '',
    ].join('\n'),
  );
});
