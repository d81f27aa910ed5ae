/**
 * The checker: runs ordinary synchronous code over shared memory under every interleaving. What a model file
 * imports, in Lull's own tests and as `lull/checker`. docs/checker.md begins with a lock of ten lines.
 */
export { type CheckResults, checkFiles } from './claims/check-files.js';
export type { ClaimResult, RunOptions, TwinResult } from './claims/run-claims.js';
export type { Counterexample, ExplorationResult } from './explore/explore.js';
export type { Sampling } from './explore/sampling.js';
export type { Patch } from './hold/patches.js';
export type { FailureKind } from './machine/failure.js';
export { type Bounds, type Model, type ModelDefinition, type ModelHost, model, type Stage } from './model.js';
export { type Twin, type TwinDefinition, twin } from './twin.js';
