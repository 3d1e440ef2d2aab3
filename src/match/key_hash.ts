/** The hash of a key: its kind and its bytes. That of `readers/assembly/columns.ts` is the same. */

/** Four bytes at a time, then the finaliser of MurmurHash3, as neighbours in lists differ in few bits. */
export function hashKey(kind: number, bytes: Uint8Array, start: number, end: number): number {
  let hash = FIRST ^ kind;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    hash = mixFour(
      hash,
      bytes[i]! | bytes[i + 1]! << 8 | bytes[i + 2]! << 16 | bytes[i + 3]! << 24,
    );
  }
  for (; i < end; i++) hash = mixOne(hash, bytes[i]!);
  return finish(hash);
}

/**
 * Writes a text into bytes from `at` on and returns the hash of its key, which begins after `skip`
 * characters: in one go, as reading a character costs more than all that is done with it. -1 if not
 * all is ASCII; then what was written is to be written again.
 */
export function writeKey(
  kind: number,
  text: string,
  skip: number,
  bytes: Uint8Array,
  at: number,
): number {
  const { length } = text;
  let hash = FIRST ^ kind, all = 0, i = 0;
  for (; i < skip; i++) all |= bytes[at + i] = text.charCodeAt(i);
  for (; i + 4 <= length; i += 4) {
    const a = text.charCodeAt(i), b = text.charCodeAt(i + 1);
    const c = text.charCodeAt(i + 2), d = text.charCodeAt(i + 3);
    const to = at + i;
    bytes[to] = a;
    bytes[to + 1] = b;
    bytes[to + 2] = c;
    bytes[to + 3] = d;
    all |= a | b | c | d;
    hash = mixFour(hash, a | b << 8 | c << 16 | d << 24);
  }
  for (; i < length; i++) {
    const code = text.charCodeAt(i);
    bytes[at + i] = code;
    all |= code;
    hash = mixOne(hash, code);
  }
  return all > 0x7f ? -1 : finish(hash);
}

const FIRST = 0x811c9dc5;

function mixFour(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1);
  return mixed << 15 | mixed >>> 17;
}

function mixOne(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

function finish(hash: number): number {
  let last = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  last = Math.imul(last ^ (last >>> 13), 0xc2b2ae35);
  return (last ^ (last >>> 16)) >>> 0;
}
