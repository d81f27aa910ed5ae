import { test } from 'node:test';
import { assertFieldsApart, assertLinesApart } from '../../tests/support/record-fields.js';
import { MAX_ORDER } from '../words/units.js';
import { FREE_AREA, FREE_AREA_WORDS, ZONE, ZONE_WORDS } from './zone-record.js';

const AREAS = (MAX_ORDER + 1) * FREE_AREA_WORDS;

test('ZONE gives every field words of its own, with a free area for each order', () => {
  assertFieldsApart(ZONE, ZONE_WORDS, { freeArea: AREAS });
  assertFieldsApart(FREE_AREA, FREE_AREA_WORDS);
});

test('ZONE puts the lock, what it guards, and the deferred list on lines of their own', () => {
  assertLinesApart(
    [ZONE.lock],
    [ZONE.startPage, ZONE.endPage, ZONE.freePages, ZONE.freeArea, ZONE.freeArea + AREAS - 1],
    [ZONE.deferred, ZONE.deferredFrees],
  );
});
