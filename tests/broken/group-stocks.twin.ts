/** Taking the stock of an idle thread with one line wrong. */
import { twin } from '../../tools/checker/twin.js';

const file = 'src/groups/idle-stocks.ts';
const ledger = 'src/groups/group-ledger.ts';

export const leavesWhatItTook = twin({
  name: 'the stock that was taken off stays where it was as well',
  claim: 'group-stocks/takesFromOneThatWakesUp',
  patch: { file: ledger, find: 'words.storePlain(word, left);', replace: '' },
  caughtAs: 'assertion',
});

export const takesWithoutBorrowing = twin({
  name: 'the stock is taken although the slot could not be borrowed',
  claim: 'group-stocks/takesFromOneThatWakesUp',
  patch: {
    file,
    find: 'if (!borrow(this._words, slot, this._tag)) return 0;',
    replace: 'borrow(this._words, slot, this._tag);',
  },
  caughtAs: 'race',
});

export const givesBackTooSoon = twin({
  name: 'the slot is given back before the stock is taken off',
  claim: 'group-stocks/takesFromOneThatWakesUp',
  patch: {
    file,
    find: 'let granules = 0; for (let i = 0; i < STOCK_GROUPS; i++) {',
    replace: 'let granules = 0; giveBack(this._words, slot); for (let i = 0; i < STOCK_GROUPS; i++) {',
  },
  caughtAs: 'race',
});

export const forgetsToUncharge = twin({
  name: 'what was taken off is not uncharged',
  claim: 'group-stocks/takesFromOneThatWakesUp',
  patch: {
    file: ledger,
    find: 'this.uncharge(frame, record, granules); this._intents.close(frame);',
    replace: 'this._intents.close(frame);',
  },
  caughtAs: 'assertion',
});

export const takesTwice = twin({
  name: 'a slot is borrowed that another has borrowed',
  claim: 'group-stocks/takesOnce',
  patch: {
    file,
    find: 'if (!borrow(this._words, slot, this._tag)) return 0;',
    replace:
      'if (this._words.loadPlain(slot + SLOT.stock + 1) === 0 || !borrow(this._words, slot, this._tag)) return this._ledger.drainPlace(slot + SLOT.stock);',
  },
  caughtAs: 'race',
});

export const leavesTheStockBehind = twin({
  name: 'who drains its own stock leaves the group that was used last',
  claim: 'group-stocks/takesFromOneThatLeaves',
  patch: {
    file: 'src/groups/group-stock.ts',
    find: 'for (let i = 0; i < STOCK_GROUPS; i++) granules += this._ledger.drainPlace(',
    replace: 'for (let i = 1; i < STOCK_GROUPS; i++) granules += this._ledger.drainPlace(',
  },
  caughtAs: 'assertion',
});
