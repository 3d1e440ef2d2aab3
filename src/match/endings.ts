/**
 * A first look at a text of an event: may it be a value of the set, as far as its last
 * characters say? It takes a tenth of reading the text as every kind there is, and nearly all
 * texts end here. The scan kernel does the same with bytes (`docs/scanner.md`).
 */
import { spellingsInScript } from "./scripts.ts";
import { DEAD } from "./columns.ts";
import type { IocSet, IocView } from "./set.ts";
import { KIND_NUMBERS } from "./table.ts";

/** See the top of the file. Follows the set as it grows; what was removed may stay. */
export interface Endings {
  /**
   * Whether a text, in any spelling, may stand for a value of the set; `version` is that of
   * the set.
   */
  admits(text: string, version: number): boolean;
  /** Whether a URL of the set may end in a path that begins with `/`. */
  admitsPath(path: string, version: number): boolean;
}

/** So many last characters count: fewer let too many addresses through. */
const LENGTH = 10;

/** Letters are folded to one case by setting one bit, alike in texts and values. */
const FOLD = 0x20;

/** Bits of the bitmap for each value, at least. */
const BITS = 16;

/** There is room for so many times the values that there are when a bitmap is made. */
const ROOM = 5 / 4;

/**
 * So many texts for each value go by before values are taken in: a hunt with a few hundred hits is
 * over before a hundred thousand values would have saved it anything.
 */
const WORTH = 1 / 8;

/** Values that are then taken in for each text, few, so that no event waits long. */
const PATIENCE = 32;

const DOT = 0x2e, SLASH = 0x2f, COLON = 0x3a, QUESTION = 0x3f, HASH = 0x23, BRACKET = 0x5d;

/** What a character is; together what stands in a text. */
const IS_DOT = 1, IS_COLON = 2, IS_STOP = 4, NO_QUAD = 8;
const CLASSES = new Uint8Array(128).fill(NO_QUAD);
CLASSES[DOT] = IS_DOT;
CLASSES.fill(0, 0x30, 0x3a); // digits
CLASSES[COLON] = IS_COLON | NO_QUAD;
for (const code of [SLASH, QUESTION, HASH]) CLASSES[code] = IS_STOP | NO_QUAD;

/** What `look` returns for a text whose last characters can't tell. */
const UNSURE = -1;

/** Makes the endings of a set; with `subdomains` a domain stands for those below it. */
export function createEndings(
  set: Pick<IocSet, "view" | "cursor">,
  subdomains: boolean,
): Endings {
  let bitmap = new Uint32Array(0);
  let shift = 0;
  const cursor = set.cursor();
  /** Values that are in the bitmap, those too that were removed since. */
  let taken = 0;
  let followed = -1;
  /** Texts that came while values were missing. */
  let missed = 0;
  let emails = false, networks4 = false, addresses6 = false;

  /** Whether all values are in the bitmap; of many only a few are taken in for each text. */
  function isReady(version: number): boolean {
    if (version !== followed && follow(set.view())) {
      followed = version;
      missed = 0;
    }
    return version === followed;
  }

  /** Reads on; returns whether all was read. */
  function follow({ count, kinds, starts, skips, used, arena }: IocView): boolean {
    if (++missed < (count - cursor.at) * WORTH) return false;
    if ((taken + count - cursor.at) * BITS > bitmap.length * 32) begin(count);
    const to = Math.min(count, cursor.at + PATIENCE);
    for (; cursor.at < to; cursor.at++, taken++) {
      const start = starts[cursor.at]! + skips[cursor.at]!;
      const end = cursor.at + 1 < count ? starts[cursor.at + 1]! : used;
      addValue(kinds[cursor.at]!, arena, start, end);
    }
    return to === count;
  }

  /** Begins anew, with room for some more values than there are. */
  function begin(count: number): void {
    const bits = Math.max(6, Math.ceil(Math.log2(count * ROOM * BITS / 32)));
    bitmap = new Uint32Array(1 << bits);
    shift = 32 - bits;
    emails = networks4 = addresses6 = false;
    taken = cursor.at = 0;
  }

  function addValue(kind: number, arena: Uint8Array, start: number, end: number): void {
    switch (kind) {
      case DEAD:
        return;
      case KIND_NUMBERS.email:
        emails = true;
        return;
      case KIND_NUMBERS.ipv6:
        addresses6 = true;
        return;
      case KIND_NUMBERS.cidr:
        if (arena.subarray(start, end).includes(COLON)) addresses6 = true;
        else networks4 = true;
        return;
      case KIND_NUMBERS.url:
        return addUrl(arena, start, end);
      default:
        if (kind === KIND_NUMBERS.domain) addScripts(arena, start, end, "");
        add(hashOf(arena, start, end));
    }
  }

  /** A URL is told by its path; what stands before that has other spellings. */
  function addUrl(arena: Uint8Array, start: number, end: number): void {
    let slash = arena.indexOf(SLASH, start);
    let authority = start;
    if (arena[slash - 1] === COLON && arena[slash + 1] === SLASH) {
      authority = slash + 2;
      slash = arena.indexOf(SLASH, authority);
    }
    add(hashOf(arena, slash, end));
    if (slash + 1 === end) {
      // The path may be missing; then a scheme stands before the host.
      add(hashOf(arena, authority, slash));
      add(step(hashOf(arena, authority, slash), SLASH));
      addScripts(arena, authority, slash, "/");
    } else if (arena[slash + 1] === QUESTION || arena[slash + 1] === HASH) {
      add(hashOf(arena, slash + 1, end));
    }
  }

  function addScripts(arena: Uint8Array, start: number, end: number, before: string): void {
    if (!hasAlabel(arena, start, end)) return;
    for (const spelling of spellingsInScript(decoder.decode(arena.subarray(start, end)))) {
      const bytes = encoder.encode(before + spelling);
      add(hashOf(bytes, 0, bytes.length));
    }
  }

  function add(hash: number): void {
    const mixed = mix(hash);
    bitmap[mixed >>> shift]! |= bitsOf(mixed);
  }

  function has(hash: number): boolean {
    const mixed = mix(hash);
    const bits = bitsOf(mixed);
    return (bitmap[mixed >>> shift]! & bits) === bits;
  }

  /** What stands in the last characters, as bits, if no value ends like them; else `UNSURE`. */
  function look(text: string): number {
    const end = text.length;
    let hash = 0;
    let seen = 0;
    for (let at = end - 1; at >= 0 && at >= end - LENGTH; at--) {
      const code = text.charCodeAt(at);
      // There are other spellings beyond ASCII.
      if (code > 0x7f) return UNSURE;
      const is = CLASSES[code]!;
      if (subdomains && is === IS_DOT && has(hash)) return UNSURE;
      hash = step(hash, code);
      if ((is & IS_STOP) !== 0 && has(hash)) return UNSURE;
      seen |= is;
    }
    // Ports, IPv6, hashes with colons; a dot after the last label.
    return (seen & IS_COLON) !== 0 || text.charCodeAt(end - 1) === DOT || has(hash) ? UNSURE : seen;
  }

  return {
    admits(text, version) {
      if (text.length === 0) return false;
      if (!isReady(version)) return true;
      const seen = look(text);
      if (seen === UNSURE || text.charCodeAt(text.length - 1) === BRACKET) return true;
      // Lists of mailboxes, and names around them.
      if (emails && text.includes("@")) return true;
      if ((seen & NO_QUAD) !== 0 || seen === 0) return false;
      // The end of an IPv4 address may also be that of an IPv6 address.
      return networks4 || (addresses6 && text.includes(":"));
    },
    admitsPath: (path, version) => !isReady(version) || look(path) === UNSURE,
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function hasAlabel(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at + 4 < end; at++) {
    // "xn--"
    if (bytes[at] === 0x78 && bytes[at + 1] === 0x6e && bytes[at + 2] === 0x2d) return true;
  }
  return false;
}

/** The hash of the last bytes, from the last one on. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let at = end - 1; at >= start && at >= end - LENGTH; at--) hash = step(hash, bytes[at]!);
  return hash;
}

function step(hash: number, code: number): number {
  return Math.imul((hash << 7 | hash >>> 25) ^ (code | FOLD), 0x9e3779b1);
}

function mix(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}

/** Two bits of one word: one look at memory tells one value in 16 bits from 98 % of others. */
function bitsOf(mixed: number): number {
  return 1 << (mixed & 31) | 1 << (mixed >>> 5 & 31);
}
