/** All scenarios, by name. */
import type { Scenario } from './scenario.js';
import { CALLBACKS } from './scenarios/callbacks.js';
import { GROUPS } from './scenarios/groups.js';
import { JOINS } from './scenarios/joins.js';
import { KFREE_RCU } from './scenarios/kfree-rcu.js';
import { LOCKS } from './scenarios/locks.js';
import { MAPS } from './scenarios/maps.js';
import { OBJECTS } from './scenarios/objects.js';
import { READERS } from './scenarios/readers.js';

export const SCENARIOS: readonly Scenario[] = [
  OBJECTS,
  KFREE_RCU,
  CALLBACKS,
  READERS,
  MAPS,
  LOCKS,
  GROUPS,
  JOINS,
];

/** Those that are asked for, in their own order; all of them where nothing is. Undefined for an unknown name. */
export function findScenarios(names: readonly string[]): readonly Scenario[] | undefined {
  if (names.length === 0) return SCENARIOS;
  const known = SCENARIOS.filter(({ name }) => names.includes(name));
  return names.every((name) => known.some((scenario) => scenario.name === name)) ? known : undefined;
}
