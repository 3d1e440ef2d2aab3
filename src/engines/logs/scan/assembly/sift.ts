/**
 * Second sieve: of all ends, those whose last bytes may belong to a text of the
 * set, and those for which these bytes can't tell. No branch hangs on the data, so
 * that the processor never guesses.
 */
import {
  BACKSLASH,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  DOT,
  HASH,
  LETTER_U,
  LETTER_X,
  NEWLINE,
  QUESTION,
  QUOTE,
  RETURN,
  SLASH,
  SPACE,
} from "./characters";
import { every, where } from "./bytes";
import { mayHaveColons } from "./colons";
import { mayEnd } from "./filter";
import { END_BYTES, endIn, mix, tailOf } from "./fingerprint";
import {
  ADDRESSES6,
  bitmap,
  bitmapMask,
  EMAILS,
  flags,
  NETWORKS4,
  SUBDOMAINS,
  TINY,
  URLS,
} from "./memory";

/** Bits of the lanes that are in a range. */
// @ts-ignore: decorator
@inline
function within(bytes: v128, first: u8, span: u8): v128 {
  const offset = i8x16.sub(bytes, every(first));
  return i8x16.eq(i8x16.min_u(offset, every(span)), offset);
}

/** What a look is compiled for: types, as the compiler tells them apart. */
type Wide = u64;
type Narrow = u32;

// @ts-ignore: decorator
@inline
function isWide<W>(): bool {
  return sizeof<W>() == 8;
}

/** The lanes of a window of 16 that are hashed. */
const END_LANES: u32 = 0xffff << (16 - END_BYTES) & 0xffff;

/**
 * Vectors to compare with, loaded before a loop: the engine would put constants together anew in
 * every round. What stands in the place of bytes that don't count is looked for anyway.
 */
const B: u8 = BACKSLASH, C: u8 = COLON, D: u8 = CLOSE_BRACKET;
const VECTORS: usize = memory.data<u8>([
  // Fold, quote.
  32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32,
  34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34,
  // A backslash, or at the end a dot.
  B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, DOT,
  // A bracket at the end.
  B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, D,
  // A colon in the last bytes, in all.
  B, B, B, B, B, B, C, C, C, C, C, C, C, C, C, C,
  C, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C,
], 16);

// @ts-ignore: decorator
@inline
function vector(index: usize): v128 {
  return v128.load(VECTORS + (index << 4));
}

/**
 * Of the 16 bytes before an end, those that keep the last bytes from telling: a colon (ports,
 * IPv6), a backslash, a bracket or a dot at the end, bytes beyond ASCII (by their first bit).
 */
// @ts-ignore: decorator
@inline
function specials(window: v128, dot: v128, bracket: v128, colon: v128): u32 {
  return <u32>i8x16.bitmask(
    v128.or(
      v128.or(window, i8x16.eq(window, dot)),
      v128.or(i8x16.eq(window, bracket), i8x16.eq(window, colon)),
    ),
  );
}

/** What sets of these kinds need besides, `stops` as in `keep`. */
// @ts-ignore: decorator
@inline
function wideLook(window: v128, stops: u32, kinds: u32, map: usize, mask: usize): u32 {
  let keep: u32 = 0;
  if (kinds & SUBDOMAINS) {
    keep |= mayEnd(tailOf(i64x2.extract_lane(v128.or(window, every(SPACE)), 1)), map, mask);
    if (kinds & TINY) keep |= <u32>(where(window, DOT) > stops);
  }
  if (kinds & URLS) {
    const starts = where(window, SLASH) | where(window, QUESTION) | where(window, HASH);
    keep |= <u32>((starts & END_LANES) > stops);
  }
  if (kinds & NETWORKS4) {
    // An escape may reach into the window, but not into the last bytes without being seen.
    const others = <u32>i8x16.bitmask(v128.not(within(window, DOT, 12))) & END_LANES;
    keep |= <u32>(others >>> before(stops) == 0);
  }
  return keep;
}

/** The number of bytes of a window that don't belong to a value before which the last stop stands. */
// @ts-ignore: decorator
@inline
function before(stops: u32): u32 {
  return 32 - clz<u32>(stops);
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
  mask: usize,
  escape: u8,
): u32 {
  const live = <u32>0xffff << gone;
  let keep = mayEnd(mix(endIn(window, gone, every(SPACE))), map, mask);
  // Only in URLs stand bytes that are escaped by themselves.
  const escapes = where(window, BACKSLASH) & live;
  keep |= kinds & URLS ? escapes : escapes & (where(window, escape) >>> 1 | 0x8000);
  keep |= escapeBefore(end, gone);
  // Beyond ASCII there are other spellings of a domain.
  keep |= <u32>i8x16.bitmask(window) & live;
  keep |= <u32>(load<u8>(end - 1) == DOT);
  // `host:port` has one colon near the end; with brackets, or a user before it, it may have more.
  const colons = where(window, COLON) & live;
  const single = <u32>((colons & (colons - 1)) == 0) | (kinds & URLS);
  keep |= <u32>(single != 0) & <u32>((colons & 0xfc00) != 0);
  keep |= where(window, CLOSE_BRACKET) & live & 0xfe00;
  // Only digits, dots, colons and the letters of hexadecimal digits: perhaps IPv6, or a hash with colons.
  const numeric = within(window, DOT, 12);
  const letters = within(v128.or(window, every(SPACE)), 0x61, 5);
  const others = <u32>i8x16.bitmask(v128.not(v128.or(numeric, letters)));
  keep |= <u32>((others & live) == 0) & mayHaveColons(window, live, colons, kinds, map, mask);
  if (kinds & NETWORKS4) keep |= <u32>((<u32>i8x16.bitmask(v128.not(numeric)) & live) == 0);
  if (kinds & (SUBDOMAINS | URLS)) keep |= tails(window, live & END_LANES, kinds, map, mask);
  return keep;
}

/** Whether an escape reaches into a window that is full; it has at most 5 bytes before it. */
// @ts-ignore: decorator
@inline
function escapeBefore(end: usize, gone: u32): u32 {
  return <u32>(gone == 0) & <u32>((where(v128.load(end - 32), BACKSLASH) & 0xf800) != 0);
}

/** Whether some parent domain, or the path of a URL from its start, may be in the set. */
function tails(window: v128, live: u32, wide: u32, map: usize, mask: usize): u32 {
  const fold = every(SPACE);
  if (wide & SUBDOMAINS) {
    for (let dots = where(window, DOT) & live; dots != 0; dots &= dots - 1) {
      if (mayEnd(mix(endIn(window, ctz<u32>(dots) + 1, fold)), map, mask)) return 1;
    }
  }
  if (wide & URLS) {
    let starts = (where(window, SLASH) | where(window, QUESTION) | where(window, HASH)) & live;
    for (; starts != 0; starts &= starts - 1) {
      if (mayEnd(mix(endIn(window, ctz<u32>(starts), fold)), map, mask)) return 1;
    }
  }
  return 0;
}

/** Whether a text that was rewritten may be in the set, as far as its last bytes can say. */
export function mayBeText(text: usize, length: usize): bool {
  const end = text + length;
  const gone: u32 = length < 16 ? 16 - <u32>length : 0;
  return secondLook(end, v128.load(end - 16), gone, flags, bitmap, bitmapMask, BACKSLASH) != 0;
}

/** Keeps of the ends at [list, stop) those that need a closer look, in place; returns their end. */
export function siftJson(list: usize, stop: usize): usize {
  const wide = (flags & (SUBDOMAINS | URLS | NETWORKS4 | EMAILS)) != 0;
  const kept = wide ? lookJson<Wide>(list, stop) : lookJson<Narrow>(list, stop);
  return lookAgainJson(list, kept);
}

/** The first look; compiled twice, as most sets need little of it. */
function lookJson<W>(list: usize, stop: usize): usize {
  const map = bitmap, mask = bitmapMask, kinds = flags;
  const fold = vector(0), quote = vector(1), dot = vector(2), bracket = vector(3);
  const colon = vector(kinds & ADDRESSES6 ? 5 : 4);
  let out = list;
  for (let at = list; at < stop; at += 4) {
    const end = <usize>load<u32>(at);
    const window = v128.load(end - 16);
    const stops = <u32>i8x16.bitmask(i8x16.eq(window, quote));
    let keep = <u32>(specials(window, dot, bracket, colon) > stops) |
      mayEnd(mix(endIn(window, before(stops), fold)), map, mask);
    if (isWide<W>()) {
      keep |= wideLook(window, stops, kinds, map, mask) | <u32>(load<u8>(end) != QUOTE);
      keep = <u32>(keep != 0);
    }
    store<u32>(out, end);
    out += <usize>keep << 2;
  }
  return out;
}

function lookAgainJson(list: usize, stop: usize): usize {
  const map = bitmap, mask = bitmapMask, kinds = flags;
  let out = list;
  for (let at = list; at < stop; at += 4) {
    const end = <usize>load<u32>(at);
    const window = v128.load(end - 16);
    const gone = before(where(window, QUOTE));
    const keep = secondLook(end, window, gone, kinds, map, mask, LETTER_U) |
      <u32>(load<u8>(end) != QUOTE);
    store<u32>(out, end);
    out += <usize>(keep != 0) << 2;
  }
  return out;
}

/** The same for the ends of columns and elements. */
export function siftTsv(list: usize, stop: usize, separator: u8, setSeparator: u8): usize {
  const wide = (flags & (SUBDOMAINS | URLS | NETWORKS4)) != 0 || hasWholes(setSeparator);
  const kept = wide
    ? lookTsv<Wide>(list, stop, separator, setSeparator)
    : lookTsv<Narrow>(list, stop, separator, setSeparator);
  return lookAgainTsv(list, kept, separator, setSeparator);
}

function lookTsv<W>(list: usize, stop: usize, separator: u8, setSeparator: u8): usize {
  const map = bitmap, mask = bitmapMask, kinds = flags;
  const fold = vector(0), dot = vector(2), bracket = vector(3);
  const colon = vector(kinds & ADDRESSES6 ? 5 : 4);
  const tab = i8x16.splat(separator), comma = i8x16.splat(setSeparator);
  let out = list;
  for (let at = list; at < stop; at += 4) {
    const end = <usize>load<u32>(at);
    const window = v128.load(end - 16);
    const columns = columnEnds(window, tab);
    const commas = <u32>i8x16.bitmask(i8x16.eq(window, comma));
    const stops = columns | commas;
    let keep = <u32>(specials(window, dot, bracket, colon) > stops) |
      mayEnd(mix(endIn(window, before(stops), fold)), map, mask) |
      tsvLook(end, separator, setSeparator);
    if (isWide<W>()) {
      keep |= wideLook(window, stops, kinds, map, mask) |
        endsWhole(end, columns, commas, setSeparator);
    }
    store<u32>(out, end);
    out += <usize>(keep != 0) << 2;
  }
  return out;
}

function lookAgainTsv(list: usize, stop: usize, separator: u8, setSeparator: u8): usize {
  const map = bitmap, mask = bitmapMask, kinds = flags;
  const tab = i8x16.splat(separator), comma = i8x16.splat(setSeparator);
  const wholes = hasWholes(setSeparator);
  let out = list;
  for (let at = list; at < stop; at += 4) {
    const end = <usize>load<u32>(at);
    const window = v128.load(end - 16);
    const columns = columnEnds(window, tab);
    const commas = <u32>i8x16.bitmask(i8x16.eq(window, comma));
    let keep = secondLook(end, window, before(columns | commas), kinds, map, mask, LETTER_X) |
      tsvLook(end, separator, setSeparator);
    if (keep == 0 && wholes && endsWhole(end, columns, commas, setSeparator) != 0) {
      keep = secondLook(end, window, before(columns), kinds, map, mask, LETTER_X);
    }
    store<u32>(out, end);
    out += <usize>(keep != 0) << 2;
  }
  return out;
}

// @ts-ignore: decorator
@inline
function columnEnds(window: v128, tab: v128): u32 {
  return <u32>i8x16.bitmask(
    v128.or(i8x16.eq(window, tab), i8x16.eq(window, every(NEWLINE))),
  );
}

/** Whether an end is one for other reasons than the value before it. */
// @ts-ignore: decorator
@inline
function tsvLook(end: usize, separator: u8, setSeparator: u8): u32 {
  const byte = load<u8>(end);
  return (<u32>(byte != setSeparator) & <u32>(byte != separator) & <u32>(byte != NEWLINE)) |
    (<u32>(byte == NEWLINE) &
      (<u32>(load<u8>(end, 1) == HASH) | <u32>(load<u8>(end - 1) == RETURN)));
}

/** Whether whole columns may be values with separators of elements in them: of commas, only URLs have some. */
function hasWholes(setSeparator: u8): bool {
  return (flags & URLS) != 0 || setSeparator != COMMA;
}

/** Whether the column before an end has several elements. */
// @ts-ignore: decorator
@inline
function endsWhole(end: usize, columns: u32, commas: u32, setSeparator: u8): u32 {
  return <u32>(load<u8>(end) != setSeparator) & <u32>(commas > columns);
}
