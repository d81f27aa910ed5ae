/** Finds a module's file and reads it as a script: types stripped, imports as `require`, every line in its place. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { type Program, parse, type Token } from 'acorn';
import { transform } from 'sucrase';
import { type ModuleFacts, readFacts } from './module-facts.js';
import { applyPatches, type Patch } from './patches.js';

/** A module as it was parsed. */
export interface ParsedModule {
  /** As it is called in messages. */
  readonly name: string;
  readonly text: string;
  readonly program: Program;
  /** Where the arrows `=>` are. */
  readonly arrows: readonly number[];
  readonly facts: ModuleFacts;
}

/**
 * The file that a relative import names; of one that is not there as .js, the .ts that it is compiled from.
 *
 * Errors   Error when neither is there.
 */
export function resolveModule(specifier: string, importer: string): string {
  const path = resolve(dirname(importer), specifier);
  if (existsSync(path)) return path;
  const source = path.replace(/\.([cm]?)js$/, '.$1ts');
  if (source !== path && existsSync(source)) return source;
  throw new Error(
    `imported ${specifier} from ${importer}: there is no ${path}${source === path ? '' : ', nor a .ts of it'}`,
  );
}

const parsedModules = new Map<string, Map<string, ParsedModule>>();

/** Reads and parses the module with its patches in it; what was parsed before is kept. */
export function readModule(path: string, patches: readonly Patch[]): ParsedModule {
  const source = applyPatches(path, withoutTypes(path, readFileSync(path, 'utf8')), patches);
  const versions = parsedModules.get(path) ?? new Map<string, ParsedModule>();
  parsedModules.set(path, versions);
  const known = versions.get(source);
  if (known !== undefined) return known;
  const parsed = parseModule(path, source);
  versions.set(source, parsed);
  return parsed;
}

/** The source as its compiled form has it, so that a patch fits both. */
function withoutTypes(path: string, source: string): string {
  if (!isTyped(path)) return source;
  return transform(source, { transforms: ['typescript'], disableESTransforms: true, filePath: path }).code;
}

function isTyped(path: string): boolean {
  return /\.[cm]?ts$/.test(path);
}

/** Parses the source of a module. */
export function parseModule(path: string, source: string): ParsedModule {
  const { code } = transform(source, {
    transforms: isTyped(path) ? ['imports', 'typescript'] : ['imports'],
    disableESTransforms: true,
    filePath: path,
  });
  const arrows: number[] = [];
  const onToken = (token: Token): void => {
    if (token.type.label === '=>') arrows.push(token.start);
  };
  const name = relative(process.cwd(), path);
  const program: Program = parseScript(name, code, onToken);
  return { name, text: code, program, arrows, facts: readFacts(program) };
}

function parseScript(name: string, code: string, onToken: (token: Token) => void): Program {
  try {
    return parse(code, {
      ecmaVersion: 'latest',
      sourceType: 'script',
      allowReturnOutsideFunction: true,
      // For `import.meta`, which held code has as well; imports themselves are calls of require by now.
      allowImportExportEverywhere: true,
      onToken,
    });
  } catch (error) {
    throw new Error(`parsed ${name} for the checker: ${(error as Error).message}`, { cause: error });
  }
}
