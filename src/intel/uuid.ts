/**
 * Name-based UUIDs (RFC 9562, section 5.5). SHA-1 is written out because
 * `node:crypto` costs 80 ms at its first use and WebCrypto has no synchronous call.
 */

/** Every byte in hexadecimal. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const encoder = new TextEncoder();

/** Makes what gives the UUIDv5 of names in one namespace (a UUID). */
export function uuidNamer(namespace: string): (name: string) => string {
  const digits = namespace.replaceAll("-", "").match(/../g)!;
  // The namespace stays in front of whatever name comes next.
  let bytes = new Uint8Array(512);
  bytes.set(digits.map((byte) => parseInt(byte, 16)));
  return (name) => {
    const longest = 16 + name.length * 3;
    if (bytes.length < longest) {
      const larger = new Uint8Array(longest * 2);
      larger.set(bytes.subarray(0, 16));
      bytes = larger;
    }
    const { written } = encoder.encodeInto(name, bytes.subarray(16));
    const hash = sha1(bytes.subarray(0, 16 + written));
    hash[6] = hash[6]! & 0x0f | 0x50;
    hash[8] = hash[8]! & 0x3f | 0x80;
    let text = "";
    for (let i = 0; i < 16; i++) {
      if (i === 4 || i === 6 || i === 8 || i === 10) text += "-";
      text += HEX[hash[i]!];
    }
    return text;
  };
}

/** The schedule of the block that is under way (FIPS 180-4, section 6.1.2); no call outlives its own. */
const words = new Int32Array(80);

/** SHA-1 (FIPS 180-4, section 6.1); 20 bytes. */
export function sha1(message: Uint8Array): Uint8Array {
  const padded = new Uint8Array((message.length + 72) & ~63);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(message.length / 2 ** 29));
  view.setUint32(padded.length - 4, message.length << 3);
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  for (let block = 0; block < padded.length; block += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(block + 4 * i);
    for (let i = 16; i < 80; i++) {
      words[i] = rotate(words[i - 3]! ^ words[i - 8]! ^ words[i - 14]! ^ words[i - 16]!, 1);
    }
    mix(state);
  }
  const digest = new DataView(new ArrayBuffer(20));
  for (let i = 0; i < 5; i++) digest.setInt32(4 * i, state[i]!);
  return new Uint8Array(digest.buffer);
}

/** The 80 rounds over one block. */
function mix(state: Int32Array): void {
  let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!, e = state[4]!;
  for (let i = 0; i < 80; i++) {
    const choice = i < 20
      ? (b & c | ~b & d) + 0x5a827999
      : i < 40
      ? (b ^ c ^ d) + 0x6ed9eba1
      : i < 60
      ? (b & c | b & d | c & d) + 0x8f1bbcdc
      : (b ^ c ^ d) + 0xca62c1d6;
    const next = (rotate(a, 5) + choice + e + words[i]!) | 0;
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
}

function rotate(word: number, bits: number): number {
  return word << bits | word >>> (32 - bits);
}
