/** Tells whether a key comes for the first time; after so many keys, false for all others. */
export function createOnce(most = 1000): (key: string) => boolean {
  const known = new Set<string>();
  return (key) => {
    if (known.size >= most || known.has(key)) return false;
    known.add(key);
    return true;
  };
}
