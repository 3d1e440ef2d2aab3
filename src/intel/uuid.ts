/**
 * Name-based UUIDs (RFC 9562, section 5.5). SHA-1 is written out because
 * `node:crypto` costs 80 ms at its first use and WebCrypto has no synchronous call.
 */

/** UUIDv5 of a name in a namespace (a UUID). */
export function uuidV5(namespace: string, name: string): string {
  const prefix = Uint8Array.from(
    namespace.replaceAll("-", "").match(/../g)!,
    (byte) => parseInt(byte, 16),
  );
  const text = new TextEncoder().encode(name);
  const bytes = new Uint8Array(prefix.length + text.length);
  bytes.set(prefix);
  bytes.set(text, prefix.length);
  const hash = sha1(bytes);
  hash[6] = hash[6]! & 0x0f | 0x50;
  hash[8] = hash[8]! & 0x3f | 0x80;
  const hex = Array.from(hash.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** SHA-1 (FIPS 180-4, section 6.1); 20 bytes. */
export function sha1(message: Uint8Array): Uint8Array {
  const padded = new Uint8Array((message.length + 72) & ~63);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(message.length) * 8n);
  const state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  const words = new Uint32Array(80);
  for (let block = 0; block < padded.length; block += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getUint32(block + 4 * i);
    for (let i = 16; i < 80; i++) {
      words[i] = rotate(words[i - 3]! ^ words[i - 8]! ^ words[i - 14]! ^ words[i - 16]!, 1);
    }
    mix(state, words);
  }
  const digest = new DataView(new ArrayBuffer(20));
  state.forEach((word, index) => digest.setUint32(4 * index, word));
  return new Uint8Array(digest.buffer);
}

/** The 80 rounds over one block. */
function mix(state: Uint32Array, words: Uint32Array): void {
  let [a, b, c, d, e] = state as unknown as [number, number, number, number, number];
  for (let i = 0; i < 80; i++) {
    const [f, k] = i < 20
      ? [b & c | ~b & d, 0x5a827999]
      : i < 40
      ? [b ^ c ^ d, 0x6ed9eba1]
      : i < 60
      ? [b & c | b & d | c & d, 0x8f1bbcdc]
      : [b ^ c ^ d, 0xca62c1d6];
    const next = (rotate(a, 5) + f + e + k + words[i]!) | 0;
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  [a, b, c, d, e].forEach((word, index) => state[index] = state[index]! + word);
}

function rotate(word: number, bits: number): number {
  return word << bits | word >>> (32 - bits);
}
