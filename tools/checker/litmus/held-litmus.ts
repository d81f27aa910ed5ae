/** Loads the model of litmus tests as held code: once a process, with the shipped RCU, turns and locks under it. */
import { fileURLToPath } from 'node:url';
import { HeldModules } from '../hold/held-modules.js';
import { runPlainly } from '../hold/runtime.js';
import type { litmusModel } from './litmus-model.js';

const ENTRY = fileURLToPath(new URL('./litmus-model.js', import.meta.url));
/** Of the checker's own code only this folder runs inside a model. */
const HELD_FOLDER = '/tools/checker/litmus/';
const CHECKER_FOLDER = '/tools/checker/';

type LitmusModel = typeof litmusModel;

let loading: Promise<LitmusModel> | undefined;

/** The function litmusModel, whose models the engine can run. */
export function loadLitmusModel(): Promise<LitmusModel> {
  loading ??= load();
  return loading;
}

async function load(): Promise<LitmusModel> {
  const modules = await HeldModules.load([ENTRY], {
    isNative: (path) => path.includes(CHECKER_FOLDER) && !path.includes(HELD_FOLDER),
  });
  const made = modules.exportsOf(ENTRY).litmusModel as LitmusModel;
  return (...args) => runPlainly(made(...args), 'litmusModel()') as ReturnType<LitmusModel>;
}
