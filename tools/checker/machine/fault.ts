/** What goes wrong in an execution from outside: nothing, a thread is killed, or an allocation fails. */
export type Fault =
  | { readonly kind: 'none' }
  /** The thread is stopped for good before the operation that comes after so many. */
  | { readonly kind: 'kill'; readonly thread: number; readonly after: number }
  /** The thread's allocation of this number, from 1, fails. */
  | { readonly kind: 'fail'; readonly thread: number; readonly nth: number };

export const NO_FAULT: Fault = { kind: 'none' };
