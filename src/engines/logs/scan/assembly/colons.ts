/** Values that are spelt with colons among digits. */
import { every, where } from "./bytes";
import { DOT, LETTER_F, SPACE } from "./characters";
import { mayEnd } from "./filter";
import { mix } from "./fingerprint";
import { ADDRESSES6, HASHES } from "./memory";

/** Where colons are in the last 16 bytes of a hash that has them between its bytes. */
const HASH_COLONS: u32 = 0b0010_0100_1001_0010;

/**
 * Whether a value of the set may be spelt with these colons among digits. Without IPv6 in the set
 * that are hashes, and IPv4 written as IPv6: its end is a dotted quad, or `:ffff:` and two groups of
 * up to four digits.
 */
// @ts-ignore: decorator
@inline
export function mayHaveColons(
  window: v128,
  live: u32,
  colons: u32,
  kinds: u32,
  map: usize,
  mask: usize,
): u32 {
  const folded = v128.or(window, every(SPACE));
  const fs = where(folded, LETTER_F) & live;
  const mapped = (fs & fs >>> 1 & fs >>> 2 & fs >>> 3) | (where(window, DOT) & live);
  // The last 10 digits of a hash, with nothing before them.
  const digits = v128.shuffle<u8>(
    folded, v128.splat<u8>(0),
    16, 16, 16, 16, 16, 16, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15,
  );
  const hash = <u32>(colons == HASH_COLONS) & <u32>((kinds & HASHES) != 0) & mayEnd(mix(digits), map, mask);
  return <u32>(colons != 0) & (<u32>(((kinds & ADDRESSES6) | mapped) != 0) | hash);
}
