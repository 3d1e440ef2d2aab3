/**
 * First sieve: where values end. Works on 64 bytes at a time without knowing
 * where in a value it is, so that it can start anywhere. Besides ends it names
 * places that need a look for other reasons: odd line ends, `@`, escapes.
 */
import {
  AT,
  BACKSLASH,
  CLOSE_BRACE,
  COMMA,
  LETTER_U,
  NEWLINE,
  OPEN_BRACE,
  QUOTE,
} from "./characters";

/** Newlines in the last stride. */
export let newlines: u32 = 0;

/**
 * Of the 16 bytes at `at`, those that may be the closing quote of a string value:
 * one before `,` `}` `]` or white space. Also newlines that don't stand between
 * `}` and `{`, and with `mail` each `@` and each `\u`.
 */
// @ts-ignore: decorator

function jsonEnds(at: usize, bytes: v128, lineEnds: v128, mail: bool): u64 {
  const next = v128.load(at, 1);
  const folded = v128.or(next, i8x16.splat(0x20));
  const follows = v128.or(
    v128.or(
      i8x16.eq(folded, i8x16.splat(CLOSE_BRACE)),
      i8x16.eq(next, i8x16.splat(COMMA)),
    ),
    i8x16.eq(i8x16.min_u(next, i8x16.splat(0x20)), next),
  );
  let ends = v128.and(i8x16.eq(bytes, i8x16.splat(QUOTE)), follows);
  const smooth = v128.and(
    i8x16.eq(next, i8x16.splat(OPEN_BRACE)),
    i8x16.eq(v128.load(at - 1), i8x16.splat(CLOSE_BRACE)),
  );
  ends = v128.or(ends, v128.andnot(lineEnds, smooth));
  if (mail) ends = v128.or(ends, mailSigns(bytes, next));
  return <u64> i8x16.bitmask(ends);
}

// @ts-ignore: decorator

function mailSigns(bytes: v128, next: v128): v128 {
  const escapes = v128.and(
    i8x16.eq(bytes, i8x16.splat(BACKSLASH)),
    i8x16.eq(next, i8x16.splat(LETTER_U)),
  );
  return v128.or(i8x16.eq(bytes, i8x16.splat(AT)), escapes);
}

/** Of the 16 bytes at `at`, those that end a column or an element of one. */
// @ts-ignore: decorator

function tsvEnds(at: usize, bytes: v128, lineEnds: v128, tab: v128, comma: v128, mail: bool): u64 {
  let ends = v128.or(v128.or(i8x16.eq(bytes, tab), i8x16.eq(bytes, comma)), lineEnds);
  if (mail) ends = v128.or(ends, i8x16.eq(bytes, i8x16.splat(AT)));
  return <u64> i8x16.bitmask(ends);
}

/** Writes the addresses of the bits of a mask to `out`, four at a time without looking how many; returns the new end. */
// @ts-ignore: decorator

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

/** Writes where values end in [from, to) of JSON lines to `out`; returns the end of what it wrote. */
export function findJsonEnds(from: usize, to: usize, out: usize, mail: bool): usize {
  const newline = i8x16.splat(NEWLINE);
  let sums = i8x16.splat(0);
  for (let at = from; at < to; at += 64) {
    const a = v128.load(at), b = v128.load(at, 16), c = v128.load(at, 32), d = v128.load(at, 48);
    const an = i8x16.eq(a, newline), bn = i8x16.eq(b, newline);
    const cn = i8x16.eq(c, newline), dn = i8x16.eq(d, newline);
    // Each lane is 0 to -4 here, and a stride has 128 of them: too many for a signed byte, not for 16 bits.
    sums = i16x8.add(sums, addPairs(i8x16.add(i8x16.add(an, bn), i8x16.add(cn, dn))));
    out = write(
      out,
      at,
      jsonEnds(at, a, an, mail) | jsonEnds(at + 16, b, bn, mail) << 16 |
        jsonEnds(at + 32, c, cn, mail) << 32 | jsonEnds(at + 48, d, dn, mail) << 48,
    );
  }
  newlines = total(sums);
  return out;
}

/** The same for lines of columns. */
export function findTsvEnds(
  from: usize,
  to: usize,
  out: usize,
  separator: u8,
  setSeparator: u8,
  mail: bool,
): usize {
  const newline = i8x16.splat(NEWLINE);
  const tab = i8x16.splat(separator);
  const comma = i8x16.splat(setSeparator);
  let sums = i8x16.splat(0);
  for (let at = from; at < to; at += 64) {
    const a = v128.load(at), b = v128.load(at, 16), c = v128.load(at, 32), d = v128.load(at, 48);
    const an = i8x16.eq(a, newline), bn = i8x16.eq(b, newline);
    const cn = i8x16.eq(c, newline), dn = i8x16.eq(d, newline);
    sums = i16x8.add(sums, addPairs(i8x16.add(i8x16.add(an, bn), i8x16.add(cn, dn))));
    out = write(
      out,
      at,
      tsvEnds(at, a, an, tab, comma, mail) | tsvEnds(at + 16, b, bn, tab, comma, mail) << 16 |
        tsvEnds(at + 32, c, cn, tab, comma, mail) << 32 |
        tsvEnds(at + 48, d, dn, tab, comma, mail) << 48,
    );
  }
  newlines = total(sums);
  return out;
}

// @ts-ignore: decorator

function addPairs(lanes: v128): v128 {
  return i16x8.extadd_pairwise_i8x16_s(lanes);
}

/** The negative sum of eight signed lanes. */
function total(lanes: v128): u32 {
  const sums = i32x4.extadd_pairwise_i16x8_s(lanes);
  return <u32> -(i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) +
    i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3));
}
