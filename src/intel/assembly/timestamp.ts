/** Timestamps as `../../stix/timestamp.ts` reads them, within a string: a quotation mark follows. */
import { COLON, DOT, isDigit, MINUS, PLUS, ZERO } from "./bytes";

/** What `pair` gives for what are no two digits: more than any part of a time has. */
const NO_PAIR: u32 = 100;

/** Milliseconds since the epoch, with microseconds behind the point; NaN if it is none. */
export function timestampMillis(start: usize, end: usize): f64 {
  if (end - start < 20) return NaN;
  // "-", "-", "T" or "t", ":", ":".
  const marked = load<u8>(start, 4) == MINUS && load<u8>(start, 7) == MINUS &&
    (load<u8>(start, 10) | 0x20) == 0x74 && load<u8>(start, 13) == COLON &&
    load<u8>(start, 16) == COLON;
  if (!marked) return NaN;
  // The digits alone, and what they make in pairs.
  const digits = i8x16.sub(
    i8x16.shuffle(
      v128.load(start),
      v128.load(start, 3),
      0, 1, 2, 3, // YYYY
      5, 6, 8, 9, // MMDD
      11, 12, 14, 15, // hhmm
      30, 31, 0, 1, // ss
    ),
    i8x16.splat(<u8> ZERO),
  );
  if (!i8x16.all_true(i8x16.lt_u(digits, i8x16.splat(10)))) return NaN;
  const pairs = i16x8.add(
    i16x8.mul(v128.and(digits, i16x8.splat(0xff)), i16x8.splat(10)),
    i16x8.shr_u(digits, 8),
  );
  const year = i16x8.extract_lane_u(pairs, 0) * 100 + i16x8.extract_lane_u(pairs, 1);
  const month = <u32> i16x8.extract_lane_u(pairs, 2), day = <u32> i16x8.extract_lane_u(pairs, 3);
  const hour = <u32> i16x8.extract_lane_u(pairs, 4), minute = <u32> i16x8.extract_lane_u(pairs, 5);
  const second = <u32> i16x8.extract_lane_u(pairs, 6);
  if (hour > 23 || minute > 59 || second > 59) return NaN;
  if (month - 1 > 11 || day - 1 >= lastDay(year, month)) return NaN;
  let at = start + 19;
  let micros: u32 = 0;
  if (load<u8>(at) == DOT) {
    const first = ++at;
    for (let weight: u32 = 100_000; isDigit(load<u8>(at)); at++) {
      micros += (<u32> load<u8>(at) - ZERO) * weight;
      weight /= 10;
    }
    if (at == first) return NaN;
  }
  const offset = offsetSeconds(at, end);
  if (offset == NO_OFFSET) return NaN;
  const time = <i64> daysTo(year, month, day) * 86_400 +
    <i64> <i32> (hour * 3600 + minute * 60 + second) - offset;
  return <f64> time * 1000 + <f64> micros / 1000;
}

const NO_OFFSET: i32 = i32.MAX_VALUE;

/** Of `Z` or `+hh:mm`, with which a timestamp ends. */
function offsetSeconds(at: usize, end: usize): i32 {
  const sign = <u32> load<u8>(at);
  if (end - at == 1) return (sign | 0x20) == 0x7a ? 0 : NO_OFFSET;
  if (end - at != 6 || (sign != PLUS && sign != MINUS) || load<u8>(at, 3) != COLON) {
    return NO_OFFSET;
  }
  const hours = pair(at + 1), minutes = pair(at + 4);
  if (hours == NO_PAIR || minutes == NO_PAIR) return NO_OFFSET;
  const offset = <i32> (hours * 60 + minutes) * 60;
  return sign == PLUS ? offset : -offset;
}

/** The number of two digits. */
// @ts-ignore: decorator
@inline
function pair(at: usize): u32 {
  const tens = <u32> load<u8>(at) - ZERO, ones = <u32> load<u8>(at, 1) - ZERO;
  return tens < 10 && ones < 10 ? tens * 10 + ones : NO_PAIR;
}

function lastDay(year: u32, month: u32): u32 {
  if (month != 2) return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
}

/** Days from the epoch to a date of the Gregorian calendar; the year begins in March, so a leap day ends it. */
function daysTo(year: i32, month: i32, day: i32): i32 {
  // Whole eras of 400 years are added first, so that no division is of a negative number.
  const years = 400 + (month > 2 ? year : year - 1);
  const before = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return years * 365 + years / 4 - years / 100 + years / 400 + before - 719_468 - 146_097;
}
