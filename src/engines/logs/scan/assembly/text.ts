/**
 * Last look in the kernel: is a whole value, free of escapes, one of the set in
 * some spelling? The rules are those of `src/match/canonical.ts`; where they are
 * hard to follow (other scripts) the answer is yes and the host decides.
 */
import { AT, CLOSE_BRACKET, COLON, DOT, HASH, OPEN_BRACKET, QUESTION, SLASH, SPACE } from "./characters";
import { hasIpv4, hasIpv6, inNetwork4, NO_ADDRESS, parseIpv4, parseIpv6 } from "./address";
import { every, isDigit, lastBefore } from "./bytes";
import { hasText, mayEnd } from "./filter";
import { endOf } from "./fingerprint";
import {
  ADDRESSES6,
  bitmap,
  bitmapMask,
  CANONICAL,
  flags,
  HASHES,
  NAMES,
  SUBDOMAINS,
  URLS,
} from "./memory";

/** What kinds of bytes a text has. */
const BEYOND_ASCII: u32 = 1;
const SPACES: u32 = 2;
const SLASHES: u32 = 4;
const COLONS: u32 = 8;
/** Others than hexadecimal digits, dots and colons. */
const WORDS: u32 = 16;

function survey(text: usize, length: usize): u32 {
  let beyond: u32 = 0, spaces: u32 = 0, slashes: u32 = 0, colons: u32 = 0, words: u32 = 0;
  for (let left = <isize>length; left > 0; left -= 16) {
    const bytes = v128.load(text + left - 16);
    const live: u32 = left < 16 ? 0xffff << (16 - <u32>left) & 0xffff : 0xffff;
    beyond |= <u32>i8x16.bitmask(bytes) & live;
    spaces |= <u32>i8x16.bitmask(i8x16.le_u(bytes, every(SPACE))) & live;
    slashes |= <u32>i8x16.bitmask(i8x16.eq(bytes, every(SLASH))) & live;
    colons |= <u32>i8x16.bitmask(i8x16.eq(bytes, every(COLON))) & live;
    words |= ~<u32>i8x16.bitmask(hexish(bytes)) & live;
  }
  return (beyond != 0 ? BEYOND_ASCII : 0) | (spaces != 0 ? SPACES : 0) |
    (slashes != 0 ? SLASHES : 0) | (colons != 0 ? COLONS : 0) | (words != 0 ? WORDS : 0);
}

/** Lanes with hexadecimal digits, dots and colons. */
// @ts-ignore: decorator
@inline
function hexish(bytes: v128): v128 {
  const digits = i8x16.sub(bytes, every(0x30));
  const letters = i8x16.sub(v128.or(bytes, every(0x20)), every(0x61));
  return v128.or(
    v128.or(
      i8x16.le_u(digits, every(10)),
      i8x16.le_u(letters, every(5)),
    ),
    i8x16.eq(bytes, every(DOT)),
  );
}

/** Whether a value may be in the set. */
export function mayMatch(text: usize, length: usize): bool {
  if (length == 0) return false;
  if (hasText(text, length)) return true;
  if (length <= 15 && isDigit(load<u8>(text)) && isDigit(load<u8>(text + length - 1))) {
    const address = parseIpv4(text, length);
    if (address != NO_ADDRESS) return inNetwork4(<u32> address);
  }
  const seen = survey(text, length);
  // No host or address has spaces, a URL may; e-mail is found at its `@`.
  if (seen & SPACES && !(seen & SLASHES)) return false;
  if (seen & BEYOND_ASCII) return (flags & NAMES) != 0;
  if (!(seen & WORDS) && seen & COLONS) {
    if (length > 45) return (flags & HASHES) != 0 && hasHash(text, length);
    // Without IPv6 in the set only IPv4 in IPv6 counts, which starts with zeros.
    const first = load<u8>(text);
    if (flags & ADDRESSES6 || first == COLON || first == 0x30) {
      if (parseIpv6(text, length)) return hasIpv6();
    }
  }
  if (seen & SLASHES) return (flags & URLS) != 0 && hasUrl(text, length);
  return hasHost(text, length);
}

/** Whether a text is a hash of the set with colons between its bytes. */
function hasHash(text: usize, length: usize): bool {
  // MD5, SHA-1, SHA-256, SHA-512.
  if (length != 47 && length != 59 && length != 95 && length != 191) return false;
  // Its last bytes first, as most fail there; the first bytes of the copy don't count then.
  const near = min<usize>(length, 24);
  if (!mayEnd(endOf(CANONICAL, withoutColons(text + length - near, near)), bitmap, bitmapMask)) {
    return false;
  }
  return hasText(CANONICAL, withoutColons(text, length));
}

/** Writes a text to `CANONICAL` without its colons; returns the length. */
function withoutColons(text: usize, length: usize): usize {
  let out = CANONICAL;
  for (let i: usize = 0; i < length; i++) {
    const byte = load<u8>(text + i);
    if (byte != COLON) store<u8>(out++, byte);
  }
  return out - CANONICAL;
}

/** Where the `:port` of a host begins, `length` if there is none; more than that if the text is no host. */
function portStart(text: usize, length: usize): usize {
  if (length == 0 || load<u8>(text + length - 1) == CLOSE_BRACKET) return length;
  let at = length;
  while (at > 0 && isDigit(load<u8>(text + at - 1))) at--;
  if (at > 0 && load<u8>(text + at - 1) == COLON) {
    return length - at <= 5 ? at - 1 : length + 1;
  }
  return lastBefore(text + length, text, COLON) < text ? length : length + 1;
}

/** Whether a text is a domain or address of the set, perhaps with a port. */
function hasHost(text: usize, length: usize): bool {
  const host = portStart(text, length);
  if (host == 0 || host > length) return false;
  if (load<u8>(text) == OPEN_BRACKET) {
    return load<u8>(text + host - 1) == CLOSE_BRACKET && parseIpv6(text + 1, host - 2) && hasIpv6();
  }
  const address = parseIpv4(text, host);
  if (address != NO_ADDRESS) {
    return host < length ? hasIpv4(<u32> address) : inNetwork4(<u32> address);
  }
  const dotted = load<u8>(text + host - 1) == DOT;
  const domain = dotted ? host - 1 : host;
  if (domain < length && hasText(text, domain)) return true;
  if (flags & SUBDOMAINS) {
    for (let i: usize = 0; i < domain; i++) {
      if (load<u8>(text + i) == DOT && hasText(text + i + 1, domain - i - 1)) return true;
    }
  }
  return false;
}

/** Whether a text is a URL of the set: written anew as `canonicalUrl` and `matchKey` do, then looked up. */
function hasUrl(text: usize, length: usize): bool {
  const scheme = schemeLength(text, length);
  let end = scheme;
  while (end < length && !endsAuthority(load<u8>(text + end))) end++;
  if (scheme == 0 && load<u8>(text + end) != SLASH) return false;
  let out = CANONICAL;
  if (scheme > 0 && !isWeb(text, scheme)) out = append(out, text, scheme);
  const at = lastBefore(text + end, text + scheme, AT);
  const host = at < text + scheme ? scheme : at + 1 - text;
  if (scheme == 0 && host > 0) return false;
  out = append(out, text + scheme, host - scheme);
  const port = portStart(text + host, end - host);
  if (port == 0 || port > end - host) return false;
  // Addresses in brackets have many spellings.
  if (load<u8>(text + host) == OPEN_BRACKET) return true;
  out = append(out, text + host, port - (load<u8>(text + host + port - 1) == DOT ? 1 : 0));
  out = appendPort(out, text + host + port, end - host - port);
  if (end == length || load<u8>(text + end) != SLASH) store<u8>(out++, SLASH);
  out = append(out, text + end, length - end);
  return hasText(CANONICAL, out - CANONICAL);
}

function append(out: usize, text: usize, length: usize): usize {
  memory.copy(out, text, length);
  return out + length;
}

function endsAuthority(byte: u32): bool {
  return byte == SLASH || byte == QUESTION || byte == HASH;
}

/** Length of `scheme://` at the start of a text, 0 if there is none. */
function schemeLength(text: usize, length: usize): usize {
  for (let i: usize = 0; i < min<usize>(33, length); i++) {
    const byte = <u32> load<u8>(text + i);
    if (byte == COLON) {
      const slashes = i + 2 < length && load<u8>(text + i + 1) == SLASH &&
        load<u8>(text + i + 2) == SLASH;
      return i > 0 && slashes ? i + 3 : 0;
    }
    const letter = (byte | 0x20) - 0x61 < 26;
    if (!letter && (i == 0 || !(isDigit(byte) || byte == 0x2b || byte == DOT || byte == 0x2d))) {
      return 0;
    }
  }
  return 0;
}

/** Whether `scheme://` is that of the web. */
function isWeb(text: usize, length: usize): bool {
  // "http", folded.
  if ((load<u32>(text) | 0x20202020) != 0x70747468) return false;
  return length == 7 || (length == 8 && (load<u8>(text, 4) | 0x20) == 0x73);
}

/** Writes `:port` without leading zeros, nothing for the ports of the web. */
function appendPort(out: usize, text: usize, length: usize): usize {
  let at: usize = 1;
  while (at + 1 < length && load<u8>(text + at) == 0x30) at++;
  const digits = length > at ? length - at : 0;
  if (digits == 0) return out;
  const web = digits == 2 && load<u16>(text + at) == 0x3038 ||
    digits == 3 && load<u16>(text + at) == 0x3434 && load<u8>(text + at, 2) == 0x33;
  if (web) return out;
  store<u8>(out, COLON);
  return append(out + 1, text + at, digits);
}
