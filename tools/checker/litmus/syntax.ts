/**
 * What a litmus test is made of.
 *
 *     text --parse--> Statement, Expression (C as written) --lower--> Instruction (one shared access each)
 *
 * A pointer is a number too: ADDRESS_BASE + the number of a cell. Cells are the 32-bit places of the globals,
 * counted through; the base lies where no test has its integers, so that pointers print as names.
 */

/** The pointer to cell 0. */
export const ADDRESS_BASE = 0x40000000;

export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'name'; readonly name: string; readonly line: number }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'conditional';
      readonly test: Expression;
      readonly yes: Expression;
      readonly no: Expression;
    }
  | { readonly kind: 'dereference'; readonly address: Expression; readonly line: number }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly Expression[];
      readonly line: number;
    }
  | {
      readonly kind: 'assign';
      readonly target: Expression;
      readonly value: Expression;
      readonly line: number;
    };

export type Statement =
  | { readonly kind: 'expression'; readonly expression: Expression }
  | {
      readonly kind: 'declare';
      readonly name: string;
      readonly value: Expression | undefined;
      readonly line: number;
    }
  | {
      readonly kind: 'if';
      readonly test: Expression;
      readonly yes: Statement;
      readonly no: Statement | undefined;
    }
  | { readonly kind: 'block'; readonly statements: readonly Statement[] };

/** An expression over registers alone: computing it touches no memory. */
export type Pure =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'register'; readonly register: number }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: Pure }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Pure; readonly right: Pure }
  | { readonly kind: 'conditional'; readonly test: Pure; readonly yes: Pure; readonly no: Pure };

/** What an instruction does; those above `read` touch no memory. */
export type Operation =
  | 'set'
  | 'jump'
  | 'branchUnless'
  | 'read'
  | 'write'
  | 'loadAcquire'
  | 'storeRelease'
  | 'exchange'
  | 'compareExchange'
  | 'fetchAdd'
  | 'fetchAnd'
  | 'fetchOr'
  | 'fetchXor'
  | 'addUnless'
  | 'fence'
  | 'spinLock'
  | 'spinUnlock'
  | 'spinTrylock'
  | 'spinIsLocked'
  | 'spinUnlockWait'
  | 'readLock'
  | 'readUnlock'
  | 'synchronize';

export interface Instruction {
  readonly operation: Operation;
  readonly line: number;
  /** Register that takes the result, -1 for none. */
  readonly destination: number;
  /** The pointer that is accessed. */
  readonly address: Pure;
  readonly value: Pure;
  readonly expected: Pure;
  /** Number of the instruction that a jump goes to. */
  readonly target: number;
  /** Cell of the lock; domain of the read side: 0 is RCU, others are those of the test's SRCU domains. */
  readonly subject: number;
}

export interface LitmusProcess {
  readonly name: string;
  /** Names of its registers; temporaries have none (''). */
  readonly registers: readonly string[];
  readonly initial: readonly number[];
  readonly code: readonly Instruction[];
}

export interface Global {
  readonly name: string;
  /** Number of its first cell. */
  readonly cell: number;
  readonly initial: readonly number[];
  /** What it is used as; only data is part of a state, unless a condition names it. */
  readonly use: 'data' | 'lock' | 'srcu';
}

/** A register of a process, or a cell. */
export type Place =
  | { readonly kind: 'register'; readonly process: number; readonly name: string }
  | { readonly kind: 'cell'; readonly cell: number };

export type Condition =
  | { readonly kind: 'truth'; readonly value: boolean }
  | { readonly kind: 'not'; readonly operand: Condition }
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'equal'; readonly left: Place; readonly right: number | Place };

export type Quantifier = 'exists' | '~exists' | 'forall';

export interface LitmusTest {
  readonly name: string;
  readonly file: string;
  /** What the file's own `Result:` comment says. */
  readonly expected: string | undefined;
  readonly globals: readonly Global[];
  readonly processes: readonly LitmusProcess[];
  /** How many domains of readers it has: RCU and one for each srcu_struct. */
  readonly domains: number;
  readonly quantifier: Quantifier;
  readonly proposition: Condition;
  /** States that do not satisfy this do not count. */
  readonly filter: Condition | undefined;
}
