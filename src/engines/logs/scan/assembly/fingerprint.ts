/**
 * Fingerprints of texts. That of an end covers the last 10 bytes, with zeros
 * before a shorter text; that of a whole covers all, 16 bytes at a time towards the
 * front. Letters are folded by setting one bit, alike for both sides: texts that
 * differ only in it are taken for the same and told apart by the host.
 */
import { every } from "./bytes";
import { SPACE } from "./characters";

const K1: u64 = 0x9e3779b97f4a7c15;
const K2: u64 = 0xc2b2ae3d27d4eb4f;
const K3: u64 = 0xd6e8feb86659fd93;

/** Bytes of an end: an escape of 6 that reaches into them begins in a window of 16. */
export const END_BYTES: u32 = 10;

/** Masks of 16 bytes for windows of which so many bytes don't belong to the text, from none to all. */
export const END_MASKS: usize = memory.data(17 * 16, 16);

/** 16 bytes of zeros, then 16 of ones: a window into it is the mask for a text's last bytes. */
const MASKS: usize = memory.data<u64>([0, 0, -1, -1], 16);

/** Writes `END_MASKS`. */
export function prepareMasks(): void {
  for (let gone: u32 = 0; gone <= 16; gone++) {
    const first = max(gone, 16 - END_BYTES);
    v128.store(END_MASKS + (gone << 4), v128.load(MASKS + 16 - first));
  }
}

/** The 16 bytes, folded, with all but the text's last zero; `gone` of them don't belong to it. */
// @ts-ignore: decorator
@inline
export function endIn(window: v128, gone: u32, fold: v128): v128 {
  return v128.and(v128.or(window, fold), v128.load(END_MASKS + (<usize>gone << 4)));
}

// @ts-ignore: decorator
@inline
function folded(window: v128, gone: u32): v128 {
  return v128.and(v128.or(window, every(SPACE)), v128.load(MASKS + 16 - gone));
}

/** The hash of a window of 16 bytes. */
// @ts-ignore: decorator
@inline
export function mix(window: v128): u64 {
  let hash = i64x2.extract_lane(window, 1) * K1 ^ i64x2.extract_lane(window, 0);
  // The last bytes of a lane only reach the highest bits.
  hash ^= hash >>> 40;
  return hash * K3;
}

/** The fingerprint of a text's end. */
// @ts-ignore: decorator
@inline
export function endOf(text: usize, length: usize): u64 {
  const gone: u32 = length < 16 ? 16 - <u32> length : 0;
  return mix(endIn(v128.load(text + length - 16), gone, every(SPACE)));
}

/** Bytes of a tail. */
export const TAIL_BYTES: u32 = 4;

/** The fingerprint of the last 4 of 8 folded bytes: that of a short domain, whatever stands before it. */
// @ts-ignore: decorator
@inline
export function tailOf(last: u64): u64 {
  return ((last >>> 32) + K2) * K3;
}

/** The fingerprint of a whole text. */
export function wholeOf(text: usize, length: usize): u64 {
  let hash: u64 = 0;
  for (let left = <isize> length; left > 0; left -= 16) {
    const gone: u32 = left < 16 ? 16 - <u32> left : 0;
    hash = mix2(hash, folded(v128.load(text + left - 16), gone));
  }
  return hash;
}

// @ts-ignore: decorator
@inline
function mix2(hash: u64, window: v128): u64 {
  return rotl<u64>(hash, 23) * K1 ^ mix(window);
}

/** The fingerprint of a network of `bits` bits: 16 bytes at `address`, which no text has. */
export function networkOf(address: usize, bits: u32): u64 {
  return mix2(K2 + bits, v128.load(address));
}
