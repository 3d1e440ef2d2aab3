import type { Random } from "../chaos/random.ts";

/** Changes that turn good input into nearly good input, and now and then into huge or deep one. */
export function mutate(
  seed: Uint8Array,
  others: readonly Uint8Array[],
  tokens: readonly string[],
  random: Random,
): Uint8Array {
  let bytes = seed;
  for (let count = 1 + random.below(4); count > 0; count--) {
    bytes = random.pick(CHANGES)(bytes, others, tokens, random);
  }
  return bytes.length > LONGEST ? bytes.slice(0, LONGEST) : bytes;
}

const LONGEST = 200_000;
/** A change that makes input much longer comes once in so many. */
const RARELY = 200;

type Change = (
  bytes: Uint8Array,
  others: readonly Uint8Array[],
  tokens: readonly string[],
  random: Random,
) => Uint8Array;

const encoder = new TextEncoder();

function splice(bytes: Uint8Array, at: number, gone: number, come: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length - gone + come.length);
  result.set(bytes.subarray(0, at));
  result.set(come, at);
  result.set(bytes.subarray(at + gone), at + come.length);
  return result;
}

const place = (bytes: Uint8Array, random: Random) => random.below(bytes.length + 1);

const CHANGES: readonly Change[] = [
  // One bit, one byte, noise.
  (bytes, _others, _tokens, random) => {
    if (bytes.length === 0) return bytes;
    const copy = bytes.slice();
    copy[random.below(copy.length)]! ^= 1 << random.below(8);
    return copy;
  },
  (bytes, _others, _tokens, random) => {
    const come = Uint8Array.from({ length: random.below(9) }, () => random.below(256));
    return splice(bytes, place(bytes, random), 0, come);
  },
  // Less, and the same twice.
  (bytes, _others, _tokens, random) => {
    const at = place(bytes, random);
    return splice(bytes, at, random.below(Math.min(40, bytes.length - at) + 1), new Uint8Array(0));
  },
  (bytes, _others, _tokens, random) => bytes.slice(0, place(bytes, random)),
  (bytes, _others, _tokens, random) => {
    const from = place(bytes, random);
    return splice(bytes, place(bytes, random), 0, bytes.subarray(from, from + random.below(60)));
  },
  // What the grammar is made of, and what stands in other input.
  (bytes, _others, tokens, random) => {
    const at = place(bytes, random);
    const gone = random.below(Math.min(6, bytes.length - at) + 1);
    return splice(bytes, at, gone, encoder.encode(random.pick(tokens)));
  },
  (bytes, others, _tokens, random) => {
    const other = random.pick(others);
    const from = place(other, random);
    const come = other.subarray(from, from + random.below(80));
    return splice(bytes, place(bytes, random), random.below(3) && 0, come);
  },
  // Very deep or very long.
  (bytes, _others, tokens, random) => {
    const length = random.below(RARELY) === 0 ? 30_000 : random.below(20);
    const come = encoder.encode(random.pick(tokens).repeat(length).slice(0, 60_000));
    return splice(bytes, place(bytes, random), 0, come);
  },
];
