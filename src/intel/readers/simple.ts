/**
 * The fast way through plain lists: lines that hold nothing but a value in
 * canonical form are told apart byte by byte, without making texts. Whatever is
 * not plain (upper case, comments, defanging, IPv6, ports) takes the slow way.
 */
import { KIND_NUMBERS } from "../../match/table.ts";

/** What `scanSimple` found, as `IocView` writes values; one object, as there are millions. */
export const simpleValue = { kind: 0, start: 0, end: 0, skip: 0 };

const {
  ipv4: IPV4,
  domain: DOMAIN,
  url: WEB,
  md5: MD5,
  sha1: SHA1,
  sha256: SHA256,
  sha512: SHA512,
} = KIND_NUMBERS;

/** Numbers of kinds in the order of `assembly/plain.ts`. */
export const SIMPLE_KINDS = [IPV4, DOMAIN, WEB, MD5, SHA1, SHA256, SHA512];

const DIGIT = 1;
/** `a` to `f`. */
const HEX = 2;
/** `g` to `z`. */
const OTHER = 4;
const LETTER = HEX | OTHER;
const DOT = 8;
/** `-` and `_`. */
const MARK = 16;
/** May stand in the path of a URL without being touched by `refang`. */
const PATH = 32;

/** Class of each byte. */
export const CLASSES = new Uint8Array(256);
for (let code = 0x21; code < 0x7f; code++) {
  const char = String.fromCharCode(code);
  if (/[0-9]/.test(char)) CLASSES[code] = DIGIT | PATH;
  else if (/[a-f]/.test(char)) CLASSES[code] = HEX | PATH;
  else if (/[g-z]/.test(char)) CLASSES[code] = OTHER | PATH;
  else if (char === ".") CLASSES[code] = DOT | PATH;
  else if (/[-_]/.test(char)) CLASSES[code] = MARK | PATH;
  else if (!/[[\]({})<>\\"'`]/.test(char)) CLASSES[code] = PATH;
}

/** Whether a line is a simple value; says which in `simpleValue`. */
export function scanSimple(bytes: Uint8Array, from: number, to: number): boolean {
  let start = from;
  let end = to;
  while (end > start && bytes[end - 1]! <= 0x20) end--;
  while (start < end && bytes[start]! <= 0x20) start++;
  let all = 0;
  let dots = 0;
  let at = start;
  for (; at < end; at++) {
    const is = CLASSES[bytes[at]!]!;
    if ((is & ~PATH) === 0) break;
    all |= is;
    if (is & DOT) dots++;
  }
  if (at < end) return bytes[at] === 0x3a && found(WEB, start, end, urlSkip(bytes, start, end));
  const length = end - start;
  if (dots === 0) {
    if ((all & ~(DIGIT | HEX | PATH)) !== 0) return false;
    if (length === 64) return found(SHA256, start, end, 0);
    if (length === 32) return found(MD5, start, end, 0);
    if (length === 40) return found(SHA1, start, end, 0);
    return length === 128 && found(SHA512, start, end, 0);
  }
  if ((all & ~(DIGIT | DOT | PATH)) === 0) {
    return dots === 3 && isQuad(bytes, start, end) && found(IPV4, start, end, 0);
  }
  return isDomain(bytes, start, end) && found(DOMAIN, start, end, 0);
}

function found(kind: number, start: number, end: number, skip: number): boolean {
  if (skip < 0) return false;
  simpleValue.kind = kind;
  simpleValue.start = start;
  simpleValue.end = end;
  simpleValue.skip = skip;
  return true;
}

/** Four octets without leading zeros; only digits and three dots come here. */
function isQuad(bytes: Uint8Array, start: number, end: number): boolean {
  let value = -1;
  for (let i = start; i <= end; i++) {
    if (i === end || bytes[i] === 0x2e) {
      if (value < 0) return false;
      value = -1;
    } else {
      if (value === 0) return false;
      value = (value < 0 ? 0 : value * 10) + bytes[i]! - 0x30;
      if (value > 255) return false;
    }
  }
  return true;
}

/** Labels of 1 to 63 bytes, the last one two letters or more; of the right bytes anyway. */
function isDomain(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > 253) return false;
  let label = start;
  let letters = true;
  for (let i = start; i < end; i++) {
    const is = CLASSES[bytes[i]!]!;
    if (is & DOT) {
      if (i === label || i - label > 63) return false;
      label = i + 1;
      letters = true;
    } else if ((is & LETTER) === 0) {
      if ((is & (DIGIT | MARK)) === 0) return false;
      letters = false;
    }
  }
  return letters && label > start && end - label >= 2 && end - label <= 63;
}

/** Length of `http://` or `https://` of a simple URL with a path, or -1. */
function urlSkip(bytes: Uint8Array, start: number, end: number): number {
  const skip = bytes[start + 4] === 0x73 ? 8 : 7;
  if (
    bytes[start] !== 0x68 || bytes[start + 1] !== 0x74 || bytes[start + 2] !== 0x74 ||
    bytes[start + 3] !== 0x70 || bytes[start + skip - 3] !== 0x3a ||
    bytes[start + skip - 2] !== 0x2f || bytes[start + skip - 1] !== 0x2f
  ) return -1;
  const host = start + skip;
  let slash = host;
  let letters = false;
  while (slash < end && bytes[slash] !== 0x2f) {
    if ((CLASSES[bytes[slash]!]! & LETTER) !== 0) letters = true;
    else if ((CLASSES[bytes[slash]!]! & (DIGIT | DOT | MARK)) === 0) return -1;
    slash++;
  }
  if (slash === end) return -1;
  if (letters ? !isDomain(bytes, host, slash) : !isQuadText(bytes, host, slash)) return -1;
  for (let i = slash; i < end; i++) if ((CLASSES[bytes[i]!]! & PATH) === 0) return -1;
  return skip;
}

function isQuadText(bytes: Uint8Array, start: number, end: number): boolean {
  let dots = 0;
  for (let i = start; i < end; i++) {
    if (bytes[i] === 0x2e) dots++;
    else if (bytes[i]! < 0x30 || bytes[i]! > 0x39) return false;
  }
  return dots === 3 && isQuad(bytes, start, end);
}
