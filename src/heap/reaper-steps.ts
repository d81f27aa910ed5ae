/** The steps of the reaper by name: each can be left out, to show that what it does is missed. */
export const REAPER_STEPS = [
  'zones',
  'slabs',
  'barns',
  'orphans',
  'registry',
  'maps',
  'mempools',
  'named-locks',
  'borrowing',
  'intents',
  'sheaves',
  'estate',
  'charges',
  'pages',
  'slot',
] as const;

export type ReaperStep = (typeof REAPER_STEPS)[number];

/** None is left out. */
export const ALL_STEPS: ReadonlySet<ReaperStep> = new Set();
