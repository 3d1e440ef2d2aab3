/**
 * What lies where in the kernel's memory. The host lays out the filter and the
 * input behind the fixed part (see `../layout.ts`) and tells the addresses through
 * `configure`.
 */

import { prepareBytes } from "./bytes";
import { prepareMasks } from "./fingerprint";

/** Bytes that are gone through at a time: their ends and the filter share the caches. */
export const STRIDE: usize = 8192;
/** Values longer than this are not looked at but named at once; bytes as they stand in the log. */
export const LONGEST: usize = 16384;

/** Ends of values in one stride, u32 each; at worst every byte is one. */
export const ENDS: usize = 0x1000;
/** A value without its escapes. */
export const DECODED: usize = 0xa000;
/** A text in canonical form. */
export const CANONICAL: usize = 0x10000;
/** An IPv6 address, 16 bytes, and one with bits cleared. */
export const ADDRESS: usize = 0x16000;
export const NETWORK: usize = 0x16010;
/** Prefix lengths of the IPv4 and IPv6 networks in the set, u8 each. */
export const PREFIXES4: usize = 0x16100;
export const PREFIXES6: usize = 0x16200;
/** Candidate lines, three u32 each: start, end, index. */
export const LINES: usize = 0x17000;
/** Needles, see `../needles.ts`. */
export const NEEDLES: usize = 0x60000;
/** How many lines may be found before the host has to fetch them. */
export const LINES_MOST: u32 = 16384;
/** Addresses from here on are the host's: 0x17000 + 12 bytes × (16384 + 8192). */
export const HOST: usize = 0x80000;

/** Words with three bits each, any of which is as good as another. */
export const BIT_SETS: usize = 0x68000;
export const BIT_SETS_COUNT: u32 = 1024;

function prepareBitSets(): void {
  let state: u32 = 0x9e3779b9;
  for (let i: u32 = 0; i < BIT_SETS_COUNT; i++) {
    let bits: u64 = 0;
    while (popcnt<u64>(bits) < 3) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      bits |= <u64> 1 << <u64> (state >>> 26);
    }
    store<u64>(BIT_SETS + (<usize> i << 3), bits);
  }
}

/** Kinds in the set that need more than a look at the end of a value. */
export const SUBDOMAINS: u32 = 1;
export const URLS: u32 = 2;
export const EMAILS: u32 = 4;
export const NETWORKS4: u32 = 8;
/** IPv6 addresses or networks. */
export const ADDRESSES6: u32 = 16;
/** Domains, or URLs or e-mails with their domains: other scripts and trailing dots matter. */
export const NAMES: u32 = 32;
export const HASHES: u32 = 64;
/** Texts of less than 3 bytes. */
export const TINY: u32 = 128;
/** Texts of up to 3 bytes or that look like numbers, as do most values in columns. */
export const COMMON: u32 = 256;

/** The set's flags. */
export let flags: u32 = 0;
/** Bitmap of the fingerprints of ends: address, and a mask for where in it a word stands. */
export let bitmap: usize = 0;
export let bitmapMask: usize = 0;
/** Hash table of whole values: address, shift to a slot's index, index mask. */
export let table: usize = 0;
export let tableShift: u64 = 0;
export let tableMask: u32 = 0;
/** Number of prefix lengths. */
export let prefixes4: i32 = 0;
export let prefixes6: i32 = 0;

/** Places the filter: a bitmap of 2^bitmapBits words of 64 bits and a table of 2^tableBits slots of 32. */
export function configure(
  bitmapAt: usize,
  bitmapBits: u32,
  tableAt: usize,
  tableBits: u32,
): void {
  bitmap = bitmapAt;
  bitmapMask = ((1 << bitmapBits) - 1) << 3;
  table = tableAt;
  tableShift = 64 - tableBits;
  tableMask = (1 << tableBits) - 1;
  prepareBytes();
  prepareMasks();
  prepareBitSets();
}

/** Says what kinds are in the set and how many prefix lengths stand at `PREFIXES4` and `PREFIXES6`. */
export function describe(kinds: u32, lengths4: i32, lengths6: i32): void {
  flags = kinds;
  prefixes4 = lengths4;
  prefixes6 = lengths6;
}
