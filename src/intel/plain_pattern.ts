/** STIX patterns of one value, read in the bytes of the message that they came in. */
import type { Observable, ObservableKind } from "../match/observable.ts";
import { createNameIndex } from "../stix/json_members.ts";
import { observeAs, VALUE_TYPES } from "./points.ts";
import { textOf } from "./version.ts";

/** What may stand before the `=`, with the kinds of its values. */
const HEADS: readonly (readonly [string, readonly ObservableKind[]])[] = [
  ...Object.entries(VALUE_TYPES).map(([type, kinds]) => [`${type}:value`, kinds] as const),
  ["file:hashes.MD5", ["md5"]],
  ["file:hashes.'MD5'", ["md5"]],
  ["file:hashes.'SHA-1'", ["sha1"]],
  ["file:hashes.'SHA-256'", ["sha256"]],
  ["file:hashes.'SHA-512'", ["sha512"]],
];
const headAt = createNameIndex(HEADS.map(([head]) => head));

const SPACE = 0x20, QUOTE = 0x27, BACKSLASH = 0x5c, EQUALS = 0x3d, OPEN = 0x5b, CLOSE = 0x5d;

/**
 * The point of `[type:value = 'value']` without escapes, as `pointsOf` gives it; undefined says
 * that `pointsOf` has to look.
 */
export function plainPoint(bytes: Uint8Array, start: number, end: number): Observable | undefined {
  if (bytes[start] !== OPEN || bytes[end - 1] !== CLOSE) return undefined;
  let at = start + 1;
  while (at < end && bytes[at] !== SPACE && bytes[at] !== EQUALS) at++;
  const head = headAt(bytes, start + 1, at);
  if (head < 0) return undefined;
  while (bytes[at] === SPACE) at++;
  if (bytes[at++] !== EQUALS) return undefined;
  while (bytes[at] === SPACE) at++;
  const last = end - 2;
  if (bytes[at] !== QUOTE || at >= last || bytes[last] !== QUOTE) return undefined;
  for (let i = at + 1; i < last; i++) {
    if (bytes[i] === QUOTE || bytes[i] === BACKSLASH) return undefined;
  }
  return observeAs(HEADS[head]![1], textOf(bytes.subarray(at + 1, last)));
}
