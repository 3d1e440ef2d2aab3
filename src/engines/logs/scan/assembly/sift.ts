/**
 * Second sieve: of all ends, those whose last 16 bytes may belong to a text of
 * the set, and those for which these bytes can't tell. No branch hangs on the
 * data unless the set has subdomains or URLs, so that the processor never guesses.
 */
import {
  BACKSLASH,
  CLOSE_BRACKET,
  COLON,
  DOT,
  HASH,
  NEWLINE,
  QUESTION,
  QUOTE,
  RETURN,
  SLASH,
} from "./characters";
import { mayEnd } from "./filter";
import { folded, mix } from "./fingerprint";
import { bitmap, bitmapShift, flags, HASHES_AT, NETWORKS4, SUBDOMAINS, URLS } from "./memory";

/** The bits of a mask of 16 where `byte` stands. */
// @ts-ignore: decorator
@inline
function where(bytes: v128, byte: u8): u32 {
  return <u32> i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(byte)));
}

/** Bits of the lanes that are in a range. */
// @ts-ignore: decorator
@inline
function within(bytes: v128, first: u8, span: u8): v128 {
  const offset = i8x16.sub(bytes, i8x16.splat(first));
  return i8x16.eq(i8x16.min_u(offset, i8x16.splat(span)), offset);
}

/**
 * A first, quick look at the value that ends in `window`, `gone` bytes of which
 * don't belong to it: 0 if nothing but the bitmap can call for a second look
 * (see `secondLook`).
 */
// @ts-ignore: decorator
@inline
function firstLook(window: v128, gone: u32, wide: u32, map: usize, shift: u64): u32 {
  const text = folded(window, gone);
  // A colon, a backslash, `]`, a byte beyond ASCII (its first bit), a dot at the end.
  const special = v128.or(
    v128.or(
      i8x16.eq(window, i8x16.splat(COLON)),
      i8x16.eq(v128.or(window, i8x16.splat(1)), i8x16.splat(CLOSE_BRACKET)),
    ),
    v128.or(window, i8x16.eq(window, i8x16(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x2e))),
  );
  let keep = <u32>i8x16.bitmask(special) >>> gone;
  if (wide & NETWORKS4) keep |= <u32>(beyond(v128.not(within(text, DOT, 12)), gone) == 0);
  if (wide & (SUBDOMAINS | URLS)) keep |= tails(window, <u32>0xffff << gone, wide, map, shift);
  return keep;
}

/** The bits of lanes that belong to the value. */
// @ts-ignore: decorator
@inline
function beyond(lanes: v128, gone: u32): u32 {
  return <u32>i8x16.bitmask(lanes) >>> gone;
}

/** Whether a value that passed the first look may be in the set, as far as its last bytes can say. */
// @ts-ignore: decorator
@inline
function secondLook(
  end: usize,
  window: v128,
  gone: u32,
  kinds: u32,
  map: usize,
  shift: u64,
): u32 {
  const live = <u32>0xffff << gone;
  const text = folded(window, gone);
  let keep = <u32>mayEnd(mix(text), map, shift);
  keep |= where(window, BACKSLASH) & live;
  // Beyond ASCII there are other spellings of a domain.
  keep |= <u32>i8x16.bitmask(window) & live;
  keep |= <u32>(load<u8>(end - 1) == DOT);
  // `host:port` has one colon near the end; with brackets, or a user before it, it may have more.
  const colons = where(window, COLON) & live;
  const single = <u32>((colons & (colons - 1)) == 0) | (kinds & URLS);
  keep |= <u32>(single != 0) & <u32>((colons & 0xfc00) != 0);
  keep |= where(window, CLOSE_BRACKET) & live & 0xfe00;
  // Only digits, dots, colons and the letters of hexadecimal digits: perhaps IPv6, or a hash with colons.
  const numeric = within(text, DOT, 12);
  const others = <u32>i8x16.bitmask(v128.not(v128.or(numeric, within(text, 0x61, 5))));
  keep |= <u32>((others & live) == 0) & <u32>(colons != 0);
  if (kinds & NETWORKS4) keep |= <u32>((<u32>i8x16.bitmask(v128.not(numeric)) & live) == 0);
  if (kinds & (SUBDOMAINS | URLS)) keep |= tails(window, live, kinds, map, shift);
  return keep;
}

/** Whether some parent domain, or the path of a URL from its start, may be in the set. */
function tails(window: v128, live: u32, wide: u32, map: usize, shift: u64): u32 {
  if (wide & SUBDOMAINS) {
    for (let dots = where(window, DOT) & live; dots != 0; dots &= dots - 1) {
      if (mayEnd(mix(folded(window, ctz<u32>(dots) + 1)), map, shift)) return 1;
    }
  }
  if (wide & URLS) {
    let starts = (where(window, SLASH) | where(window, QUESTION) | where(window, HASH)) & live;
    for (; starts != 0; starts &= starts - 1) {
      if (mayEnd(mix(folded(window, ctz<u32>(starts))), map, shift)) return 1;
    }
  }
  return 0;
}

/** Whether an escape reaches into a window that is full; it has at most 5 bytes before it. */
// @ts-ignore: decorator
@inline
function escapeBefore(end: usize, gone: u32): u32 {
  return <u32>(gone == 0) & <u32>((where(v128.load(end - 32), BACKSLASH) & 0xf800) != 0);
}

/** Whether a text that was rewritten may be in the set, as far as its last bytes can say. */
export function mayBeText(text: usize, length: usize): bool {
  const end = text + length;
  const gone: u32 = length < 16 ? 16 - <u32>length : 0;
  return secondLook(end, v128.load(end - 16), gone, flags, bitmap, bitmapShift) != 0;
}

/** Keeps of the ends at [list, stop) those that need a closer look, in place; returns their end. */
export function siftJson(list: usize, stop: usize): usize {
  const map = bitmap, shift = bitmapShift, kinds = flags;
  const wide = kinds & (SUBDOMAINS | URLS | NETWORKS4);
  // The bitmap is looked up in a loop of its own, short enough that many look-ups wait for memory at a time.
  let hashes = HASHES_AT;
  for (let at = list; at < stop; at += 4, hashes += 8) {
    const end = <usize>load<u32>(at);
    const window = v128.load(end - 16);
    const gone = 32 - clz<u32>(where(window, QUOTE));
    const keep = firstLook(window, gone, wide, map, shift) | escapeBefore(end, gone) |
      <u32>(load<u8>(end) != QUOTE);
    store<u64>(hashes, mix(folded(window, gone)));
    store<u32>(at, end | <usize>(keep != 0) << 31);
  }
  hashes = HASHES_AT;
  let out = list;
  for (let at = list; at < stop; at += 4, hashes += 8) {
    const end = load<u32>(at);
    store<u32>(out, end & 0x7fffffff);
    out += <usize>(end >>> 31 | <u32>mayEnd(load<u64>(hashes), map, shift)) << 2;
  }
  stop = out;
  out = list;
  for (let at = list; at < stop; at += 4) {
    const end = <usize>load<u32>(at);
    const window = v128.load(end - 16);
    const gone = 32 - clz<u32>(where(window, QUOTE));
    const keep = secondLook(end, window, gone, kinds, map, shift) | escapeBefore(end, gone) |
      <u32>(load<u8>(end) != QUOTE);
    store<u32>(out, end);
    out += <usize>(keep != 0) << 2;
  }
  return out;
}

/** The same for the ends of columns and elements. */
export function siftTsv(list: usize, stop: usize, separator: u8, setSeparator: u8): usize {
  const map = bitmap, shift = bitmapShift, kinds = flags;
  const wide = kinds & (SUBDOMAINS | URLS | NETWORKS4);
  const tab = i8x16.splat(separator);
  let out = list;
  for (let at = list; at < stop; at += 4) {
    const end = <usize>load<u32>(at);
    const window = v128.load(end - 16);
    const columns = columnEnds(window, tab);
    const commas = where(window, setSeparator);
    const gone = 32 - clz<u32>(columns | commas);
    const keep = firstLook(window, gone, wide, map, shift) | escapeBefore(end, gone) |
      <u32>mayEnd(mix(folded(window, gone)), map, shift) | tsvLook(end, columns, commas, separator, setSeparator);
    store<u32>(out, end);
    out += <usize>(keep != 0) << 2;
  }
  stop = out;
  out = list;
  for (let at = list; at < stop; at += 4) {
    const end = <usize>load<u32>(at);
    const window = v128.load(end - 16);
    const columns = columnEnds(window, tab);
    const commas = where(window, setSeparator);
    const gone = 32 - clz<u32>(columns | commas);
    const keep = secondLook(end, window, gone, kinds, map, shift) | escapeBefore(end, gone) |
      tsvLook(end, columns, commas, separator, setSeparator);
    store<u32>(out, end);
    out += <usize>(keep != 0) << 2;
  }
  return out;
}

// @ts-ignore: decorator
@inline
function columnEnds(window: v128, tab: v128): u32 {
  return <u32>i8x16.bitmask(
    v128.or(i8x16.eq(window, tab), i8x16.eq(window, i8x16.splat(NEWLINE))),
  );
}

/** Whether an end is one for other reasons than the value before it alone. */
// @ts-ignore: decorator
@inline
function tsvLook(end: usize, columns: u32, commas: u32, separator: u8, setSeparator: u8): u32 {
  const byte = load<u8>(end);
  // The whole column may be the value too, commas and all.
  let keep = <u32>(byte != setSeparator) & <u32>(commas > columns);
  keep |= <u32>(byte != setSeparator) & <u32>(byte != separator) & <u32>(byte != NEWLINE);
  keep |= <u32>(byte == NEWLINE) &
    (<u32>(load<u8>(end, 1) == HASH) | <u32>(load<u8>(end - 1) == RETURN));
  return keep;
}
