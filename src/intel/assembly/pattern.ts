/** STIX patterns of one value: `[type:value = 'value']` without escapes. */
import { NONE } from "./json";
import { APOSTROPHE, CLOSE_LIST, EQUALS, firstFrom, OPEN_LIST, SPACE, spells } from "./bytes";
import { isDomain, isEmail, isHash, isIpv4, isUrl } from "./value";

/** What may stand before the `=`; the host knows these numbers. */
const NO_HEAD: u32 = 0;
const IPV4: u32 = 1;
const IPV6: u32 = 2;
const DOMAIN: u32 = 3;
const URL: u32 = 4;
const EMAIL: u32 = 5;
const MD5: u32 = 6;
const SHA1: u32 = 7;
const SHA256: u32 = 8;
const SHA512: u32 = 9;

/** Where a head ends that starts at `at`. */
export function headEnd(at: usize, end: usize): usize {
  while (at < end && load<u8>(at) != SPACE && load<u8>(at) != EQUALS) at++;
  return at;
}

/** The number of a head. */
export function headOf(at: usize, end: usize): u32 {
  switch (<u32> (end - at)) {
    case 9:
      return spells(at, "url:value") ? URL : NO_HEAD;
    case 15:
      if (spells(at, "ipv4-addr:value")) return IPV4;
      if (spells(at, "ipv6-addr:value")) return IPV6;
      return spells(at, "file:hashes.MD5") ? MD5 : NO_HEAD;
    case 16:
      return spells(at, "email-addr:value") ? EMAIL : NO_HEAD;
    case 17:
      if (spells(at, "domain-name:value")) return DOMAIN;
      return spells(at, "file:hashes.'MD5'") ? MD5 : NO_HEAD;
    case 19:
      return spells(at, "file:hashes.'SHA-1'") ? SHA1 : NO_HEAD;
    case 21:
      if (spells(at, "file:hashes.'SHA-256'")) return SHA256;
      return spells(at, "file:hashes.'SHA-512'") ? SHA512 : NO_HEAD;
    default:
      return NO_HEAD;
  }
}

/** Where the value starts of a pattern that starts with a head, `NONE` if there is no plain one; it ends two bytes before the pattern. */
export function valueStart(headEnd: usize, end: usize): usize {
  const last = end - 2;
  let at = headEnd;
  while (load<u8>(at) == SPACE) at++;
  if (load<u8>(at++) != EQUALS) return NONE;
  while (load<u8>(at) == SPACE) at++;
  if (at >= last || load<u8>(at) != APOSTROPHE || load<u8>(end - 1) != CLOSE_LIST) return NONE;
  // The next one ends it.
  return firstFrom(at + 1, end, <u8> APOSTROPHE) == last ? at + 1 : NONE;
}

/** Whether the value behind a head is canonical and of the first kind that may stand there; false says nothing. */
export function isCanonical(head: u32, start: usize, end: usize): bool {
  switch (head) {
    case IPV4:
      return isIpv4(start, end);
    case DOMAIN:
      return isDomain(start, end);
    case URL:
      return isUrl(start, end);
    case EMAIL:
      return isEmail(start, end);
    case MD5:
      return isHash(start, end, 32);
    case SHA1:
      return isHash(start, end, 40);
    case SHA256:
      return isHash(start, end, 64);
    case SHA512:
      return isHash(start, end, 128);
    default:
      return false;
  }
}
