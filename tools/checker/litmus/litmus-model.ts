/**
 * The model of a litmus test: one thread per process, over Lull's turns, grace periods and spin locks; the globals
 * are words, the registers JavaScript numbers that only their own process touches.
 *
 * Loaded as held code, with everything of src/ that it uses.
 */
import { HEADER } from '../../../src/layout/heap-header.js';
import { slotStart } from '../../../src/layout/heap-layout.js';
import { SLOT } from '../../../src/layout/thread-slot.js';
import { ownerTag } from '../../../src/locks/owner.js';
import { RawSpinLock } from '../../../src/locks/raw-spin-lock.js';
import { GracePeriod } from '../../../src/rcu/grace-period.js';
import { Turn } from '../../../src/threads/turn.js';
import type { Host } from '../../../src/words/host.js';
import type { Words } from '../../../src/words/words.js';
import { type Model, model, type Stage } from '../model.js';
import { UnnestedReadSide, UnwaitingReadSide } from './broken-read-sides.js';
import { cellName } from './final-states.js';
import { DomainWords, type LitmusMemory, planLitmusMemory, writeLitmusMemory } from './litmus-memory.js';
import { Process } from './process.js';
import { SpecifiedReadSide } from './rcu-specification.js';
import { LullReadSide, type ReadSide, Synchronizer } from './read-side.js';
import type { LitmusTest } from './syntax.js';

/**
 * Whose RCU a test runs on: Lull's; what RCU must do, without Lull's code; or one that is wrong: it waits for
 * nobody, an inner section's end ends the outer one, or it looks at the first slot alone.
 */
export type RcuKind = 'lull' | 'specification' | 'unwaiting' | 'unnested' | 'firstSlot';

/** The objects of one execution. */
export interface LitmusState {
  readonly processes: readonly Process[];
}

/** As often as it takes. */
const ROUNDS = 0x7fffffff;

export function litmusModel(test: LitmusTest, rcu: RcuKind = 'lull'): Model<LitmusState> {
  const memory = planLitmusMemory(test);
  const threads: Record<string, (state: LitmusState) => void> = {};
  for (let number = 0; number < test.processes.length; number++) {
    threads[test.processes[number]!.name] = (state) => state.processes[number]!.runProcess();
  }
  return model<LitmusState>({
    name: test.name,
    lengthWords: memory.lengthWords,
    prepare(words) {
      writeLitmusMemory(words, test, memory);
      if (rcu === 'firstSlot') words.storePlain(HEADER.slotsClaimed, 1);
    },
    setup(stage) {
      const processes: Process[] = [];
      for (let number = 0; number < test.processes.length; number++) {
        processes.push(new ProcessParts(test, memory, stage, number, rcu).process());
      }
      return { processes };
    },
    threads,
    mayRace: () => true,
    nameOf: (index) => nameOfWord(test, memory, index),
  });
}

/** Makes the objects of one process. */
class ProcessParts {
  private readonly _test: LitmusTest;
  private readonly _memory: LitmusMemory;
  private readonly _words: Words;
  private readonly _host: Host;
  private readonly _number: number;
  private readonly _kind: RcuKind;
  private readonly _tag: number;

  constructor(test: LitmusTest, memory: LitmusMemory, stage: Stage, number: number, kind: RcuKind) {
    this._test = test;
    this._memory = memory;
    this._words = stage.words;
    this._host = stage.host(test.processes[number]!.name);
    this._number = number;
    this._kind = kind;
    this._tag = ownerTag(number, 1);
  }

  process(): Process {
    const { code, initial } = this._test.processes[this._number]!;
    const readSides: ReadSide[] = [];
    for (let domain = 0; domain < this._test.domains; domain++) readSides.push(this._readSide(domain));
    return new Process(code, initial, {
      words: this._words,
      cellsStart: this._memory.cellsStart,
      cells: this._memory.cells,
      fenceWord: this._memory.ownStart + this._number,
      readSides,
      locks: this._locks(),
    });
  }

  private _locks(): Map<number, RawSpinLock> {
    const locks = new Map<number, RawSpinLock>();
    for (const { name, cell, use } of this._test.globals) {
      if (use !== 'lock') continue;
      locks.set(cell, new RawSpinLock(this._words, this._memory.cellsStart + cell, this._tag, ROUNDS, name));
    }
    return locks;
  }

  private _readSide(domain: number): ReadSide {
    switch (this._kind) {
      case 'specification':
        return new SpecifiedReadSide(this._words, domain * this._memory.domainWords, this._number);
      case 'unwaiting':
        return new UnwaitingReadSide();
      default:
        return this._turnSide(domain);
    }
  }

  /** Lull's turns and grace periods over the words of one domain. */
  private _turnSide(domain: number): ReadSide {
    const { geometry, readers, domainWords, ownStart } = this._memory;
    const inDomain = new DomainWords(this._words, domain * domainWords, domainWords, ownStart + this._number);
    const slot = readers[domain]!.indexOf(this._number);
    const word = slotStart(geometry, slot) + SLOT.turn;
    const turn = slot < 0 ? undefined : new Turn(inDomain, word, 0, this._host, 1, doNothing);
    // The first domain's words are the memory's own: a level less in what runs most.
    const words = domain === 0 ? this._words : inDomain;
    const lock = new RawSpinLock(words, HEADER.gracePeriodLock, this._tag, ROUNDS, 'gracePeriodLock');
    const synchronizer = new Synchronizer(words, new GracePeriod(words, geometry, lock));
    return this._kind === 'unnested'
      ? new UnnestedReadSide(turn, synchronizer)
      : new LullReadSide(turn, synchronizer);
  }
}

function doNothing(): void {}

function nameOfWord(test: LitmusTest, memory: LitmusMemory, index: number): string {
  const cell = index - memory.cellsStart;
  if (cell >= 0 && cell < memory.cells) return cellName(test, cell);
  if (cell < 0)
    return `word ${index % memory.domainWords} of the readers' domain ${Math.floor(index / memory.domainWords)}`;
  return `the word of P${index - memory.ownStart}`;
}
