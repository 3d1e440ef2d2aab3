/** Which values go into the filter without the host's help: all but few, as it costs a call for each text. */
import { firstFrom, isDigit } from "./bytes";
import { AT, COLON, HASH, LETTER_X, OPEN_BRACKET, QUESTION, SLASH } from "./characters";
import { addEnd, addPlain, addText } from "./filter";

/** The kind of values that were taken out, see `IocView`. */
const REMOVED: u32 = 255;

/** As in `../terms.ts`. */
const TELLING_PATH: usize = 12;

/** A bit for each kind of the values that were added. */
export let seen: u32 = 0;

/**
 * Adds the values number `from` up to `to` of an `IocView` whose arena, starts, skips and
 * kinds lie at these addresses; stops at one that the host has to add, and returns its number.
 * `simple` has a bit for each kind whose text is all that there is to find; `url` is a kind.
 */
export function addValues(
  arena: usize,
  starts: usize,
  skips: usize,
  kinds: usize,
  simple: u32,
  url: u32,
  from: u32,
  to: u32,
): u32 {
  for (let i: usize = from; i < to; i++) {
    const kind = <u32>load<u8>(kinds + i);
    if (kind == REMOVED) continue;
    seen |= 1 << kind;
    const skip = <usize>load<u8>(skips + i);
    const start = <usize>load<u32>(starts + (i << 2)) + skip;
    const length = <usize>load<u32>(starts + (i << 2), 4) - start;
    const text = arena + start;
    if (hasPunycode(text, length)) return <u32>i;
    if (simple >>> kind & 1) addPlain(text, length);
    else if (kind != url || skip == 0 || !addUrl(text, length)) return <u32>i;
  }
  return to;
}

/** Whether a text has `xn--` in it. */
function hasPunycode(text: usize, length: usize): bool {
  let at = text;
  while (true) {
    at = firstFrom(at, text + length, LETTER_X);
    if (at + 4 >= text + length) return false;
    if (load<u32>(at) == 0x2d2d6e78) return true;
    at++;
  }
}

/**
 * Adds what `visitUrl` of `../terms.ts` names for a URL of HTTP without its scheme, whose slashes
 * stand before the text. False if it has a user, an address in brackets or bytes beyond ASCII.
 */
function addUrl(url: usize, length: usize): bool {
  const end = url + length;
  for (let at = url; at < end; at++) if (load<u8>(at) > 0x7f) return false;
  const path = firstFrom(url, end, SLASH), pathLength = end - path;
  if (pathLength == 0 || load<u8>(url) == OPEN_BRACKET || load<u8>(path - 1) == COLON) return false;
  if (firstFrom(url, path, AT) < path) return false;
  addText(url, length);
  addEnd(path, pathLength);
  // Of an empty path the slash may be missing.
  const next = load<u8>(path, 1);
  if (pathLength == 1) addEnd(url - 1, path - url + 1);
  else if (next == QUESTION || next == HASH) addEnd(path + 1, pathLength - 1);
  if (pathLength >= TELLING_PATH) addText(path, pathLength);
  else addText(url, hostLength(url, path - url));
  return true;
}

/** Length of the host in an authority, which may have a port behind it. */
function hostLength(authority: usize, length: usize): usize {
  let at = length;
  while (at > 0 && isDigit(load<u8>(authority + at - 1))) at--;
  return at > 0 && at < length && load<u8>(authority + at - 1) == COLON ? at - 1 : length;
}
