/**
 * The waits of a heap for grace periods, as its user calls them: options are checked, what this thread has in hand is
 * sealed before the wait, so that it waits for that grace period too, and freed after it. A thread that has nothing in
 * hand pays nothing for that.
 *
 * Who may call: the slot's thread; the sync forms where it may wait, outside of turn(fn).
 */
import { SLOT } from '../layout/thread-slot.js';
import { asyncLimitOf, type LockOptions, limitOf, type WaitLimit } from '../locks/lock-options.js';
import type { WaitManner } from '../rcu/pending-waits.js';
import { NORMAL, type Rcu } from '../rcu/rcu.js';
import { COMPLETED, isCookie, isDoneExact, type RcuCookie } from '../rcu/sequence.js';
import { shown } from '../words/shown.js';
import type { HeapParts } from './heap-parts.js';

/** synchronizeRcu() and its like. */
export async function synchronize(
  parts: HeapParts,
  manner: WaitManner,
  options: LockOptions | undefined,
): Promise<void> {
  const limitMillis = asyncLimitOf(options, manner.what, 'waited for');
  const { rcu, driver } = parts;
  rcu.requireMember();
  if (!driver.isIdle()) driver.seal();
  await rcu.synchronize(manner, limitMillis, options?.signal);
  if (rcu.isMember()) finish(parts, manner);
}

/** synchronizeRcuSync() and its like. @param call as it is named in errors */
export function synchronizeSync(
  parts: HeapParts,
  manner: WaitManner,
  options: WaitLimit | undefined,
  call: string,
): void {
  const { rcu, driver, context } = parts;
  rcu.requireMember();
  context.requireMayWait(call);
  const limitMillis = limitOf(options, manner.what, 'waited for');
  if (!driver.isIdle()) driver.seal();
  if (!rcu.synchronizeSync(limitMillis, manner)) throw rcu.timedOut(manner, limitMillis);
  finish(parts, manner);
}

/** condSynchronize(). */
export async function condSynchronize(
  { rcu }: HeapParts,
  cookie: RcuCookie,
  options: LockOptions | undefined,
): Promise<void> {
  const limitMillis = asyncLimitOf(options, NORMAL.what, 'waited for');
  if (!poll(rcu, cookie)) await rcu.waitFor(cookie, NORMAL, limitMillis, options?.signal);
}

/** condSynchronizeSync(). */
export function condSynchronizeSync(
  { rcu, context }: HeapParts,
  cookie: RcuCookie,
  options: WaitLimit | undefined,
): void {
  context.requireMayWait('condSynchronizeSync()');
  const limitMillis = limitOf(options, NORMAL.what, 'waited for');
  if (poll(rcu, cookie)) return;
  if (!rcu.waitForSync(cookie, limitMillis)) throw rcu.timedOut(NORMAL, limitMillis);
}

/** True when the grace periods that `cookie` needs are over. TypeError for what is no cookie. */
export function poll(rcu: Rcu, cookie: RcuCookie): boolean {
  rcu.requireMember();
  if (!isCookie(cookie)) refuseCookie(cookie);
  return cookie === COMPLETED || isDoneExact(rcu.sequence(), cookie);
}

function finish({ words, membership, driver }: HeapParts, { isExpedited }: WaitManner): void {
  countOne(words, membership.start + SLOT.synchronized);
  if (isExpedited) countOne(words, membership.start + SLOT.expedited);
  if (!driver.isIdle()) driver.flush();
}

function countOne(words: HeapParts['words'], word: number): void {
  words.storePlain(word, words.loadPlain(word) + 1);
}

function refuseCookie(cookie: unknown): never {
  throw new TypeError(
    `asked for the grace periods of cookie ${shown(cookie)}; a cookie is what getState(), startPoll() or ` +
      'getCompletedState() of a heap has returned',
  );
}
