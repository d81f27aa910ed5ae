/** The accesses of Words by name, for whoever puts something before each of them. */
export const ACCESSES = [
  ...[
    'load',
    'store',
    'exchange',
    'compareExchange',
    'add',
    'and',
    'or',
    'wait',
    'waitAsync',
    'notify',
    'pause',
  ],
  ...['loadPlain', 'storePlain', 'dereference', 'fillPlain', 'readBytesPlain', 'writeBytesPlain'],
] as const;
