/**
 * First sieve: where values end. Works on 64 bytes at a time without knowing
 * where in a value it is, so that it can start anywhere. Where e-mail is sought it
 * also names each `@` and each `\u`.
 */
import {
  AT,
  BACKSLASH,
  CLOSE_BRACE,
  COMMA,
  DOT,
  LETTER_U,
  MINUS,
  NEWLINE,
  OPEN_BRACE,
  QUOTE,
  SPACE,
} from "./characters";
import { every } from "./bytes";
import { checkLines } from "./lines";

/** Newlines in the last stride. */
export let newlines: u32 = 0;
/** Whether the last stride has a byte beyond ASCII. */
export let beyondAscii: bool = false;

/**
 * Of the 16 bytes at `at`, those that may be the closing quote of a string value:
 * one before `,` `}` `]` or white space. To save work others than these pass too:
 * all below `-` and all beyond ASCII, which follow few quotes that open.
 */
// @ts-ignore: decorator
@inline
function jsonEnds(at: usize, bytes: v128, quote: v128, fold: v128, close: v128, comma: v128): u64 {
  const next = v128.load(at, 1);
  const follows = v128.or(
    i8x16.eq(v128.or(next, fold), close),
    i8x16.lt_s(next, comma),
  );
  return <u64>i8x16.bitmask(v128.and(i8x16.eq(bytes, quote), follows));
}

// @ts-ignore: decorator
@inline
function mailSigns(at: usize): u64 {
  const bytes = v128.load(at), next = v128.load(at, 1);
  const escapes = v128.and(
    i8x16.eq(bytes, every(BACKSLASH)),
    i8x16.eq(next, every(LETTER_U)),
  );
  return <u64>i8x16.bitmask(v128.or(i8x16.eq(bytes, every(AT)), escapes));
}

/** Four masks of 16 as one. */
// @ts-ignore: decorator
@inline
function join(a: u64, b: u64, c: u64, d: u64): u64 {
  return a | b << 16 | c << 32 | d << 48;
}

/** The bits of 64 bytes where a byte is that of the vector. */
// @ts-ignore: decorator
@inline
function where(a: v128, b: v128, c: v128, d: v128, byte: v128): u64 {
  return join(
    i8x16.bitmask(i8x16.eq(a, byte)),
    i8x16.bitmask(i8x16.eq(b, byte)),
    i8x16.bitmask(i8x16.eq(c, byte)),
    i8x16.bitmask(i8x16.eq(d, byte)),
  );
}

// @ts-ignore: decorator
@inline
function isDigit(bytes: v128, zero: v128, nine: v128): v128 {
  return i8x16.le_u(i8x16.sub(bytes, zero), nine);
}

/** Lanes with letters and `-`. */
// @ts-ignore: decorator
@inline
function isLetter(bytes: v128, fold: v128, first: v128, span: v128, minus: v128): v128 {
  const letters = i8x16.le_u(i8x16.sub(v128.or(bytes, fold), first), span);
  return v128.or(letters, i8x16.eq(bytes, minus));
}

/** Writes the addresses of the bits of a mask to `out`, four at a time without looking how many; returns the new end. */
// @ts-ignore: decorator
@inline
function write(out: usize, base: usize, mask: u64): usize {
  const end = out + (<usize> popcnt<u64>(mask) << 2);
  while (true) {
    store<u32>(out, base + <usize> ctz<u64>(mask));
    mask &= mask - 1;
    store<u32>(out, base + <usize> ctz<u64>(mask), 4);
    mask &= mask - 1;
    store<u32>(out, base + <usize> ctz<u64>(mask), 8);
    mask &= mask - 1;
    store<u32>(out, base + <usize> ctz<u64>(mask), 12);
    mask &= mask - 1;
    out += 16;
    if (mask == 0) return end;
  }
}

/** Looks at the lines around those newlines in the 64 bytes at `at` that don't stand between `}` and `{`. */
function lookAtNewlines(at: usize, mask: u64): void {
  for (; mask != 0; mask &= mask - 1) {
    const place = at + <usize>ctz<u64>(mask);
    if (load<u8>(place - 1) != CLOSE_BRACE || load<u8>(place, 1) != OPEN_BRACE) checkLines(place);
  }
}

/** Writes where values end in [from, to) of JSON lines to `out`; returns the end of what it wrote. */
export function findJsonEnds(from: usize, to: usize, out: usize, mail: bool): usize {
  const quote = every(QUOTE), fold = every(SPACE), close = every(CLOSE_BRACE);
  const comma = every(COMMA + 1), control = every(NEWLINE + 1);
  let total: u32 = 0;
  let least = control;
  for (let at = from; at < to; at += 64) {
    const a = v128.load(at), b = v128.load(at, 16), c = v128.load(at, 32), d = v128.load(at, 48);
    let ends = join(
      jsonEnds(at, a, quote, fold, close, comma),
      jsonEnds(at + 16, b, quote, fold, close, comma),
      jsonEnds(at + 32, c, quote, fold, close, comma),
      jsonEnds(at + 48, d, quote, fold, close, comma),
    );
    if (mail) ends |= join(mailSigns(at), mailSigns(at + 16), mailSigns(at + 32), mailSigns(at + 48));
    const low = i8x16.min_s(i8x16.min_s(a, b), i8x16.min_s(c, d));
    if (i8x16.bitmask(i8x16.lt_s(low, control)) != 0) {
      least = i8x16.min_s(least, low);
      const newline = every(NEWLINE);
      const mask = join(
        i8x16.bitmask(i8x16.eq(a, newline)),
        i8x16.bitmask(i8x16.eq(b, newline)),
        i8x16.bitmask(i8x16.eq(c, newline)),
        i8x16.bitmask(i8x16.eq(d, newline)),
      );
      total += <u32>popcnt<u64>(mask);
      lookAtNewlines(at, mask);
    }
    out = write(out, at, ends);
  }
  newlines = total;
  beyondAscii = i8x16.bitmask(least) != 0;
  return out;
}

/**
 * The same for lines of columns and elements of columns, which end at separators. Unless
 * texts like that are sought (`all`), columns are left out that are digits with a dot among
 * them or none, or up to three letters, digits and `-`: most are.
 */
export function findTsvEnds(
  from: usize,
  to: usize,
  out: usize,
  separator: u8,
  setSeparator: u8,
  mail: bool,
  all: bool,
): usize {
  const newline = every(NEWLINE);
  const tab = i8x16.splat(separator);
  const comma = i8x16.splat(setSeparator);
  const zero = every(0x30), nine = every(9), dot = every(DOT), minus = every(MINUS);
  const fold = every(SPACE), first = every(0x61), span = every(25);
  let total: u32 = 0;
  let bits = i8x16.splat(0);
  const before = load<u8>(from - 1);
  // What goes on in the next 64 bytes: a column that begins with them, digits up to them and
  // digits behind a dot, and one to three bytes of a short column.
  let begins = <u64>(before == separator || before == NEWLINE);
  let wholes: u64 = 0, points: u64 = 0, fractions: u64 = 0;
  let ones: u64 = 0, twos: u64 = 0, threes: u64 = 0;
  for (let at = from; at < to; at += 64) {
    const a = v128.load(at), b = v128.load(at, 16), c = v128.load(at, 32), d = v128.load(at, 48);
    bits = v128.or(v128.or(bits, v128.or(a, b)), v128.or(c, d));
    const lineEnds = where(a, b, c, d, newline);
    total += <u32>popcnt<u64>(lineEnds);
    const columns = where(a, b, c, d, tab) | lineEnds;
    let ends = columns | where(a, b, c, d, comma);
    if (!all) {
      const digits = ~ends & join(
        i8x16.bitmask(isDigit(a, zero, nine)),
        i8x16.bitmask(isDigit(b, zero, nine)),
        i8x16.bitmask(isDigit(c, zero, nine)),
        i8x16.bitmask(isDigit(d, zero, nine)),
      );
      const letters = digits | ~ends & join(
        i8x16.bitmask(isLetter(a, fold, first, span, minus)),
        i8x16.bitmask(isLetter(b, fold, first, span, minus)),
        i8x16.bitmask(isLetter(c, fold, first, span, minus)),
        i8x16.bitmask(isLetter(d, fold, first, span, minus)),
      );
      const starts = columns << 1 | begins;
      // Added where digits begin, a bit is carried to the byte behind them.
      const whole = digits + (starts | wholes);
      const point = whole & ~ends & where(a, b, c, d, dot);
      const fraction = digits + (point << 1 | points | fractions);
      const one = starts & letters;
      const two = (one << 1 | ones) & letters;
      const three = (two << 1 | twos) & letters;
      const dull = whole | fraction | one << 1 | ones | two << 1 | twos | three << 1 | threes;
      begins = columns >>> 63;
      wholes = <u64>(whole < digits);
      points = point >>> 63;
      fractions = <u64>(fraction < digits);
      ones = one >>> 63;
      twos = two >>> 63;
      threes = three >>> 63;
      ends &= ~dull | lineEnds;
    }
    if (mail) ends |= where(a, b, c, d, every(AT));
    out = write(out, at, ends);
  }
  newlines = total;
  beyondAscii = i8x16.bitmask(bits) != 0;
  return out;
}
