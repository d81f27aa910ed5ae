/** The mempool with one line wrong: an element is lost, handed out twice, or nobody is told of it. */
import { twin } from '../../tools/checker/checker.js';

const FILE = 'src/pages/mempool.ts';
const LLIST_FILE = 'src/words/llist.ts';

export const tellsNobody = twin({
  name: 'who gives an element back wakes nobody',
  claim: 'mempool/waiterIsWoken',
  patch: {
    file: FILE,
    find: 'words.notify(this._record + MEMPOOL.returns, EVERYBODY); if (isOver)',
    replace: 'if (isOver)',
  },
  caughtAs: 'deadlock',
});

export const looksBeforeItCounts = twin({
  name: 'a waiter asks what has come back after it has looked for an element',
  claim: 'mempool/waiterIsWoken',
  patch: {
    file: FILE,
    find: 'const seen = this.returns(); const p = this.take(true); if (p !== 0) return p;',
    replace: 'const p = this.take(true); if (p !== 0) return p; const seen = this.returns();',
  },
  caughtAs: 'deadlock',
});

const TELLS =
  'words.add(this._record + MEMPOOL.returns, 1); words.notify(this._record + MEMPOOL.returns, EVERYBODY);';

export const countsBeforeItPuts = twin({
  name: 'who gives back tells of the element before it is in the pool',
  claim: 'mempool/waiterIsWoken',
  patch: [
    {
      file: FILE,
      find: `${TELLS} if (isOver)`,
      replace: 'if (isOver)',
    },
    {
      file: FILE,
      find: 'let isOver = false; if (this._lock',
      replace: `let isOver = false; ${TELLS} if (this._lock`,
    },
  ],
  caughtAs: 'deadlock',
});

export const takesWithoutTheLock = twin({
  name: 'an element is taken without the lock',
  claim: 'mempool/threeForTwo',
  patch: {
    file: FILE,
    find: 'if (!this._lock.acquireIf(maySpin)) return 0; this._adoptDeferred();',
    replace: 'this._lock.tryAcquire(); this._adoptDeferred();',
  },
  caughtAs: 'race',
});

export const dropsWhatIsDeferred = twin({
  name: 'of a list of elements whose return was put off only the first is taken in',
  claim: 'mempool/nolockLosesNothing',
  patch: {
    file: FILE,
    find: 'words.compareExchange(record + MEMPOOL.deferred, p, words.loadPlain(p)) === p',
    replace: 'words.compareExchange(record + MEMPOOL.deferred, p, 0) === p',
  },
  caughtAs: 'assertion',
});

export const defersPlainly = twin({
  name: 'the list of elements whose return was put off is changed without looking',
  claim: 'mempool/defersTogether',
  patch: {
    file: LLIST_FILE,
    find: 'const found = words.compareExchange(head, first, node); if (found === first) return; first = found;',
    replace: 'words.store(head, node); return;',
  },
  caughtAs: 'assertion',
});

export const forgetsTheDeferred = twin({
  name: 'nobody looks for elements whose return was put off',
  claim: 'mempool/wokenByNolock',
  patch: {
    file: FILE,
    find: 'if (p === 0) return false; words.storePlain',
    replace: 'if (p !== -1) return false; words.storePlain',
  },
  caughtAs: 'deadlock',
});

export const overfills = twin({
  name: 'a pool takes in more than it keeps',
  claim: 'mempool/keepsItsMinimum',
  patch: {
    file: FILE,
    find: 'if (elements >= words.loadPlain(this._record + MEMPOOL.minimum)) return false;',
    replace: '',
  },
  caughtAs: 'assertion',
});

export const losesTheRest = twin({
  name: 'what the pool has no room for goes nowhere',
  claim: 'mempool/keepsItsMinimum',
  patch: {
    file: FILE,
    find: 'isOver = !this._push(p);',
    replace: 'this._push(p);',
  },
  caughtAs: 'assertion',
});
