/** Addresses and networks. */
import { COLON, DOT } from "./characters";
import { addHash, addWhole, has, hasText, mayEnd } from "./filter";
import { networkOf, tailOf } from "./fingerprint";
import { hexValue, isDigit } from "./bytes";
import {
  ADDRESS,
  ADDRESSES6,
  bitmap,
  bitmapMask,
  CANONICAL,
  flags,
  NETWORK,
  PREFIXES4,
  prefixes4,
  PREFIXES6,
  prefixes6,
} from "./memory";

/** What `parseIpv4` returns for texts that are no address. */
export const NO_ADDRESS: i64 = -1;

/** Reads a dotted quad without leading zeros; `NO_ADDRESS` if it is none. */
export function parseIpv4(text: usize, length: usize): i64 {
  if (length < 7 || length > 15) return NO_ADDRESS;
  let address: u32 = 0, value: i32 = -1, octets = 0;
  for (let i: usize = 0; i <= length; i++) {
    const byte: u32 = i < length ? load<u8>(text + i) : DOT;
    if (byte == DOT) {
      if (value < 0) return NO_ADDRESS;
      address = address << 8 | <u32> value;
      octets++;
      value = -1;
    } else if (isDigit(byte) && value != 0) {
      value = (value < 0 ? 0 : value * 10) + <i32> (byte - 0x30);
      if (value > 255) return NO_ADDRESS;
    } else {
      return NO_ADDRESS;
    }
  }
  return octets == 4 ? <i64> address : NO_ADDRESS;
}

/** Reads IPv6 in any spelling into the 16 bytes at `ADDRESS`; returns whether it is one. */
export function parseIpv6(text: usize, length: usize): bool {
  if (length < 2 || length > 45) return false;
  memory.fill(ADDRESS, 0, 16);
  let groups: usize = 0;
  let gap: isize = -1;
  let at: usize = 0;
  if (load<u8>(text) == COLON) {
    if (load<u8>(text, 1) != COLON) return false;
    gap = 0;
    at = 2;
  }
  while (at < length) {
    if (groups == 8) return false;
    const start = at;
    let value: u32 = 0;
    while (at < length) {
      const digit = hexValue(load<u8>(text + at));
      if (digit > 15) break;
      value = value << 4 | digit;
      if (++at - start > 4) return false;
    }
    if (at < length && load<u8>(text + at) == DOT) {
      const quad = parseIpv4(text + start, length - start);
      if (quad == NO_ADDRESS || groups > 6) return false;
      putGroup(groups++, <u32> (quad >> 16));
      putGroup(groups++, <u32> quad & 0xffff);
      break;
    }
    if (at == start) return false;
    putGroup(groups++, value);
    if (at == length) break;
    if (load<u8>(text + at++) != COLON || at == length) return false;
    if (load<u8>(text + at) == COLON) {
      if (gap >= 0) return false;
      gap = <isize> groups;
      at++;
    }
  }
  if (gap < 0) return groups == 8;
  if (groups == 8) return false;
  const tail = groups - <usize> gap;
  memory.copy(ADDRESS + 16 - tail * 2, ADDRESS + <usize> gap * 2, tail * 2);
  memory.fill(ADDRESS + <usize> gap * 2, 0, 16 - groups * 2);
  return true;
}

function putGroup(index: usize, value: u32): void {
  store<u16>(ADDRESS + index * 2, bswap<u16>(<u16> value));
}

/** Whether the address at `ADDRESS` is one of the set, or in one of its networks. */
export function hasIpv6(): bool {
  if (load<u64>(ADDRESS) == 0 && load<u32>(ADDRESS, 8) == 0xffff0000) {
    return hasIpv4(bswap<u32>(load<u32>(ADDRESS, 12)));
  }
  if (!(flags & ADDRESSES6)) return false;
  if (has(networkOf(ADDRESS, 128))) return true;
  for (let i: i32 = 0; i < prefixes6; i++) {
    const bits = <u32> load<u8>(PREFIXES6 + i);
    mask(bits);
    if (has(networkOf(NETWORK, bits))) return true;
  }
  return false;
}

/** Copies `ADDRESS` to `NETWORK` without the bits after the first `bits`. */
function mask(bits: u32): void {
  const high = bits >= 64 ? u64.MAX_VALUE : bits == 0 ? 0 : u64.MAX_VALUE << (64 - bits);
  const low = bits <= 64 ? 0 : u64.MAX_VALUE << (128 - bits);
  store<u64>(NETWORK, load<u64>(ADDRESS) & bswap<u64>(high));
  store<u64>(NETWORK, load<u64>(ADDRESS, 8) & bswap<u64>(low), 8);
}

/** Whether an IPv4 address is one of the set, or in one of its networks. */
export function hasIpv4(address: u32): bool {
  return hasText(CANONICAL, writeIpv4(address)) || inNetwork4(address);
}

/** Whether an IPv4 address is in a network of the set. */
export function inNetwork4(address: u32): bool {
  if (prefixes4 == 0 || !mayEnd(halfOf(address), bitmap, bitmapMask)) return false;
  for (let i: i32 = 0; i < prefixes4; i++) {
    const bits = <u32> load<u8>(PREFIXES4 + i);
    if (has(network4(address, bits))) return true;
  }
  return false;
}

/** The fingerprint of the first two octets, which are looked up for all networks at once. */
// @ts-ignore: decorator
@inline
function halfOf(address: u32): u64 {
  return tailOf(<u64> (address >>> 16) << 32 | 1);
}

/** Lets the addresses of a network through, by their first two octets. */
function addHalves(network: u32, bits: u32): void {
  const count: u32 = bits >= 16 ? 1 : 1 << (16 - bits);
  const first = bits == 0 ? 0 : network & (u32.MAX_VALUE << (32 - bits));
  for (let i: u32 = 0; i < count; i++) addHash(halfOf(first + (i << 16)));
}

function network4(address: u32, bits: u32): u64 {
  const kept = bits == 0 ? 0 : address & (u32.MAX_VALUE << (32 - bits));
  store<u64>(NETWORK, 0);
  store<u32>(NETWORK, 0xffff0000, 8);
  store<u32>(NETWORK, bswap<u32>(kept), 12);
  return networkOf(NETWORK, 96 + bits);
}

/** Writes a dotted quad to `CANONICAL`; returns its length. */
function writeIpv4(address: u32): usize {
  let at = CANONICAL;
  for (let shift: i32 = 24; shift >= 0; shift -= 8) {
    const octet = address >>> shift & 255;
    if (octet > 99) store<u8>(at++, 0x30 + octet / 100);
    if (octet > 9) store<u8>(at++, 0x30 + octet / 10 % 10);
    store<u8>(at++, 0x30 + octet % 10);
    if (shift > 0) store<u8>(at++, DOT);
  }
  return at - CANONICAL;
}

/** Adds an IPv6 address or network, or an IPv4 network, that the text names; `bits` counts from the text's own family. */
export function addNetwork(text: usize, length: usize, bits: u32): void {
  if (parseIpv6(text, length)) {
    mask(bits);
    return addWhole(networkOf(NETWORK, bits));
  }
  const address = parseIpv4(text, length);
  if (address == NO_ADDRESS) return;
  addHalves(<u32>address, bits);
  addWhole(network4(<u32>address, bits));
}
