/**
 * Reads what decides about a STIX Indicator in the bytes of its JSON and makes nothing of the
 * rest: for who takes in a million and needs ten members of each.
 */
import {
  BACKSLASH,
  CLOSE,
  CLOSE_LIST,
  COLON,
  COMMA,
  lowerHex,
  OPEN,
  OPEN_LIST,
  QUOTATION,
  spells,
} from "./bytes";
import { NONE, skipPlain, skipScalar, skipSpace, skipString } from "./json";
import { headEnd, headOf, isCanonical, valueStart } from "./pattern";
import { timestampMillis } from "./timestamp";

/** Where the host puts the JSON and finds what was read; see `../indicator_reader.ts`. */
const RESULT: usize = 0;
const TEXTS: usize = 0x2000;
const INPUT: usize = 0x4000;

/** Members by place. */
const TYPE: usize = 0;
const ID: usize = 1;
const PATTERN: usize = 2;
const LANGUAGE: usize = 3;
const CREATED: usize = 4;
const MODIFIED: usize = 5;
const FROM: usize = 6;
const UNTIL: usize = 7;
const REVOKED: usize = 8;
const UPDATE: usize = 9;
const OTHER: usize = 10;

/** Of each place: where the value starts, 0 if it is not there, and a string ends; u32 each. */
const STARTS: usize = 0x100;
const ENDS: usize = 0x140;
/** Whether it is a string of ASCII that stands for itself, which starts behind its quotation mark then; u8 each. */
const PLAIN: usize = 0x180;

/** Of `indicator--<uuid>`. */
const ID_LENGTH: usize = 47;

/**
 * Reads the JSON of this length in `INPUT`. False leaves it to the host: it is no plainly spelt
 * indicator that is new, for one value, with times that are some; or it is no JSON.
 */
export function read(length: usize): bool {
  const end = INPUT + length;
  store<u8>(end, 0);
  if (findMembers(INPUT) != end) return false;
  if (!isText(TYPE, "indicator") || has(UPDATE)) return false;
  if (has(LANGUAGE) && !isText(LANGUAGE, "stix")) return false;
  const revoked = has(REVOKED) ? wordAt(REVOKED) : FALSE;
  if (revoked != TRUE && revoked != FALSE) return false;
  const modified = timeAt(has(MODIFIED) ? MODIFIED : CREATED, -Infinity);
  const from = timeAt(FROM, -Infinity), until = timeAt(UNTIL, Infinity);
  if (isNaN(modified) || isNaN(from) || isNaN(until)) return false;
  store<f64>(RESULT, modified);
  store<f64>(RESULT, from, 8);
  store<f64>(RESULT, until, 16);
  store<u32>(RESULT, revoked == TRUE ? 1 : 0, 24);
  return readId() && readPattern();
}

function readId(): bool {
  const start = startOf(ID);
  if (!isPlain(ID) || endOf(ID) - start != ID_LENGTH || !isId(start)) return false;
  v128.store(TEXTS, v128.load(start));
  v128.store(TEXTS, v128.load(start, 16), 16);
  v128.store(TEXTS, v128.load(start, 31), 31);
  return true;
}

function readPattern(): bool {
  const start = startOf(PATTERN), end = endOf(PATTERN);
  if (!isPlain(PATTERN) || load<u8>(start) != OPEN_LIST) return false;
  const behind = headEnd(start + 1, end);
  const head = headOf(start + 1, behind);
  if (head == 0) return false;
  const value = valueStart(behind, end);
  if (value == NONE) return false;
  const length = end - 2 - value;
  if (length > INPUT - TEXTS - ID_LENGTH) return false;
  memory.copy(TEXTS + ID_LENGTH, value, length);
  store<u32>(RESULT, head, 28);
  store<u32>(RESULT, isCanonical(head, value, end - 2) ? 1 : 0, 32);
  store<u32>(RESULT, <u32> length, 36);
  store<u32>(RESULT, <u32> (start - INPUT), 40);
  store<u32>(RESULT, <u32> (end - INPUT), 44);
  return true;
}

/** Deeper objects are left to the host: each level takes a bit. */
const DEEPEST: u32 = 33;

/**
 * Notes the members of the object at `at`, each of them at most once; returns where it has ended,
 * `NONE` if it is none. One loop over all that is in it: a call costs as much as passing over a text.
 */
function findMembers(at: usize): usize {
  memory.fill(STARTS, 0, OTHER * sizeof<u32>());
  at = skipSpace(at);
  if (load<u8>(at) != OPEN) return NONE;
  at = skipSpace(at + 1);
  // The objects (1) and lists (0) around, the innermost last. An empty object is no indicator.
  let levels: u64 = 1;
  let depth: u32 = 1;
  while (true) {
    let place = OTHER;
    if (levels & 1) {
      if (load<u8>(at) != QUOTATION) return NONE;
      const name = at + 1;
      at = skipPlain(name);
      if (load<u8>(at) != QUOTATION) {
        const odd = at;
        at = skipString(at);
        // With an escape it may be one of them.
        if (at == NONE || (depth == 1 && hasEscape(odd, at))) return NONE;
      } else if (depth == 1) {
        place = placeOf(name, at - name);
        if (place != OTHER && has(place)) return NONE;
      }
      at = skipSpace(at + 1);
      if (load<u8>(at) != COLON) return NONE;
      at = skipSpace(at + 1);
    }
    const first = <u32> load<u8>(at);
    if (first == QUOTATION) {
      const start = at + 1;
      at = skipPlain(start);
      const plain = load<u8>(at) == QUOTATION;
      if (!plain) at = skipString(at);
      if (at == NONE) return NONE;
      if (place != OTHER) note(place, plain ? start : start - 1, at, plain);
      at++;
    } else {
      if (place != OTHER) note(place, at, at, false);
      if (first == OPEN || first == OPEN_LIST) {
        if (depth == DEEPEST) return NONE;
        depth++;
        levels = levels << 1 | (first == OPEN ? 1 : 0);
        at = skipSpace(at + 1);
        if (load<u8>(at) != (first == OPEN ? CLOSE : CLOSE_LIST)) continue;
      } else {
        at = skipScalar(at);
        if (at == NONE) return NONE;
      }
    }
    at = skipSpace(at);
    while (load<u8>(at) != COMMA) {
      if (load<u8>(at) != (levels & 1 ? CLOSE : CLOSE_LIST)) return NONE;
      at = skipSpace(at + 1);
      if (--depth == 0) return at;
      levels >>= 1;
    }
    at = skipSpace(at + 1);
  }
}

/** Whether a text has an escape. */
function hasEscape(at: usize, end: usize): bool {
  for (; at < end; at++) if (load<u8>(at) == BACKSLASH) return true;
  return false;
}

function placeOf(name: usize, length: usize): usize {
  switch (<u32> length) {
    case 2:
      return spells(name, "id") ? ID : OTHER;
    case 4:
      return spells(name, "type") ? TYPE : OTHER;
    case 7:
      if (spells(name, "pattern")) return PATTERN;
      if (spells(name, "created")) return CREATED;
      return spells(name, "revoked") ? REVOKED : OTHER;
    case 8:
      return spells(name, "modified") ? MODIFIED : OTHER;
    case 10:
      return spells(name, "valid_from") ? FROM : OTHER;
    case 11:
      return spells(name, "valid_until") ? UNTIL : OTHER;
    case 12:
      return spells(name, "pattern_type") ? LANGUAGE : OTHER;
    case 18:
      return spells(name, "x_threatbus_update") ? UPDATE : OTHER;
    default:
      return OTHER;
  }
}

function note(place: usize, start: usize, end: usize, plain: bool): void {
  store<u32>(STARTS + (place << 2), <u32> start);
  store<u32>(ENDS + (place << 2), <u32> end);
  store<u8>(PLAIN + place, <u8> plain);
}

// @ts-ignore: decorator
@inline
function startOf(place: usize): usize {
  return load<u32>(STARTS + (place << 2));
}

// @ts-ignore: decorator
@inline
function endOf(place: usize): usize {
  return load<u32>(ENDS + (place << 2));
}

// @ts-ignore: decorator
@inline
function has(place: usize): bool {
  return startOf(place) != NONE;
}

/** Whether a member is there and plain. */
// @ts-ignore: decorator
@inline
function isPlain(place: usize): bool {
  return has(place) && load<u8>(PLAIN + place) != 0;
}

function isText(place: usize, text: string): bool {
  const start = startOf(place);
  return isPlain(place) && endOf(place) - start == text.length && spells(start, text);
}

/** First letters of the words. */
const TRUE: u32 = 0x74;
const FALSE: u32 = 0x66;

/** The first byte of a value that is no string of plain ASCII. */
function wordAt(place: usize): u32 {
  return isPlain(place) ? 0 : load<u8>(startOf(place));
}

/** A member in ms since the epoch; NaN if it is none, `missing` if it is not there. */
function timeAt(place: usize, missing: f64): f64 {
  if (!has(place)) return missing;
  return isPlain(place) ? timestampMillis(startOf(place), endOf(place)) : NaN;
}

/** Whether `indicator--` and a UUID in lower case stand at `at`. */
function isId(at: usize): bool {
  // 0 where a digit stands; it is in no string.
  const first = i8x16(0x69, 0x6e, 0x64, 0x69, 0x63, 0x61, 0x74, 0x6f, 0x72, 0x2d, 0x2d, 0, 0, 0, 0, 0);
  const second = i8x16(0, 0, 0, 0x2d, 0, 0, 0, 0, 0x2d, 0, 0, 0, 0, 0x2d, 0, 0);
  const third = i8x16(0, 0, 0, 0x2d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const all = v128.and(
    fits(v128.load(at), first),
    v128.and(fits(v128.load(at, 16), second), fits(v128.load(at, 31), third)),
  );
  return i8x16.all_true(all);
}

// @ts-ignore: decorator
@inline
function fits(bytes: v128, shape: v128): v128 {
  const digits = v128.and(lowerHex(bytes), i8x16.eq(shape, i8x16.splat(0)));
  return v128.or(i8x16.eq(bytes, shape), digits);
}
