/** Whether what a map gave for a key is a value that the writers of the experiment write under it. */
export function verifyPair(key: string, value: unknown): boolean {
  if (typeof value !== 'string' || !value.startsWith(`${key}=`)) return false;
  return /^\d+$/.test(value.slice(key.length + 1));
}
