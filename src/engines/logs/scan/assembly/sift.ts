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
import { bitmap, bitmapShift, flags, NETWORKS4, SUBDOMAINS, URLS } from "./memory";

/** The bits of a mask of 16 where `byte` stands. */
// @ts-ignore: decorator

function where(bytes: v128, byte: u8): u32 {
  return <u32> i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(byte)));
}

/** Bits of the lanes that are in a range. */
// @ts-ignore: decorator

function within(bytes: v128, first: u8, span: u8): v128 {
  const offset = i8x16.sub(bytes, i8x16.splat(first));
  return i8x16.eq(i8x16.min_u(offset, i8x16.splat(span)), offset);
}

/**
 * Whether the value that ends before `end` needs a closer look. `gone` says how
 * many of the 16 bytes before it don't belong to it.
 */
// @ts-ignore: decorator

function needsLook(end: usize, window: v128, gone: u32, wide: u32, map: usize, shift: u64): u32 {
  const live = <u32> 0xffff << gone;
  const text = folded(window, gone);
  let keep = <u32> mayEnd(mix(text), map, shift);
  // An escape that reaches into the window from before has at most 5 bytes there.
  const before: u32 = gone == 0 ? where(v128.load(end - 32), BACKSLASH) & 0xf800 : 0;
  keep |= (where(window, BACKSLASH) & live) | before;
  // Beyond ASCII there are other spellings of a domain.
  keep |= <u32> i8x16.bitmask(window) & live;
  keep |= <u32> (load<u8>(end - 1) == DOT);
  // `host:port` has one colon near the end; with brackets it may have more.
  const colons = where(window, COLON) & live;
  keep |= <u32> ((colons & (colons - 1)) == 0) & <u32> ((colons & 0xfc00) != 0);
  keep |= where(window, CLOSE_BRACKET) & live & 0xfe00;
  // Only digits, dots, colons and the letters of hexadecimal digits: perhaps IPv6, or a hash with colons.
  const numeric = within(text, DOT, 12);
  const others = i8x16.bitmask(v128.not(v128.or(numeric, within(text, 0x61, 5))));
  keep |= <u32> ((<u32> others & live) == 0) & <u32> (colons != 0);
  if (wide != 0) {
    if (wide & NETWORKS4) {
      keep |= <u32> ((<u32> i8x16.bitmask(v128.not(numeric)) & live) == 0);
    }
    // In `user:password@host:port` there are more.
    if (wide & URLS) keep |= colons & 0xfc00;
    if (wide & (SUBDOMAINS | URLS)) keep |= tails(window, live, wide, map, shift);
  }
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

/** Keeps of the ends at [list, stop) those that need a closer look, in place; returns their end. */
export function siftJson(list: usize, stop: usize): usize {
  const map = bitmap, shift = bitmapShift, wide = flags & (SUBDOMAINS | URLS | NETWORKS4);
  let out = list;
  for (let at = list; at < stop; at += 4) {
    const end = <usize> load<u32>(at);
    const window = v128.load(end - 16);
    const gone = 32 - clz<u32>(where(window, QUOTE));
    let keep = needsLook(end, window, gone, wide, map, shift);
    keep |= <u32> (load<u8>(end) != QUOTE);
    store<u32>(out, end);
    out += <usize> (keep != 0) << 2;
  }
  return out;
}

/** The same for the ends of columns and elements. */
export function siftTsv(list: usize, stop: usize, separator: u8, setSeparator: u8): usize {
  const map = bitmap, shift = bitmapShift, wide = flags & (SUBDOMAINS | URLS | NETWORKS4);
  const tab = i8x16.splat(separator), newline = i8x16.splat(NEWLINE);
  let out = list;
  for (let at = list; at < stop; at += 4) {
    const end = <usize> load<u32>(at);
    const window = v128.load(end - 16);
    const columns = <u32> i8x16.bitmask(
      v128.or(i8x16.eq(window, tab), i8x16.eq(window, newline)),
    );
    const commas = where(window, setSeparator);
    let keep = needsLook(end, window, 32 - clz<u32>(columns | commas), wide, map, shift);
    // The whole column may be the value too, commas and all.
    const byte = load<u8>(end);
    keep |= <u32> (byte != setSeparator) & <u32> (commas > columns);
    keep |= <u32> (byte != setSeparator) & <u32> (byte != separator) & <u32> (byte != NEWLINE);
    keep |= <u32> (byte == NEWLINE) &
      (<u32> (load<u8>(end, 1) == HASH) | <u32> (load<u8>(end - 1) == RETURN));
    store<u32>(out, end);
    out += <usize> (keep != 0) << 2;
  }
  return out;
}
