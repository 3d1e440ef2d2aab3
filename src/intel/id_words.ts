/** STIX ids of indicators, `indicator--<uuid>`, as the words of their UUIDs. */

/** The four words of 32 bits of a UUID, signed or not. */
export type Uuid = ArrayLike<number>;

/** Words of 32 bits in a UUID. */
export const UUID_WORDS = 4;

const PREFIX = "indicator--";
/** Characters of an id. */
export const ID_LENGTH = PREFIX.length + "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx".length;

/** The UUID of an indicator's id in any case; undefined if it is none. */
export function uuidOf(id: string): Uuid | undefined {
  if (id.length !== ID_LENGTH) return undefined;
  if (!id.startsWith(PREFIX) && !id.toLowerCase().startsWith(PREFIX)) return undefined;
  for (let i = 0; i < HYPHENS.length; i++) {
    if (id.charCodeAt(HYPHENS[i]!) !== HYPHEN) return undefined;
  }
  const words = [0, 0, 0, 0];
  let all = 0;
  for (let word = 0; word < UUID_WORDS; word++) {
    const high = fourDigits(id, QUARTERS[2 * word]!), low = fourDigits(id, QUARTERS[2 * word + 1]!);
    words[word] = high << 16 | low;
    all |= high | low;
  }
  return all < 0 ? undefined : words;
}

/** The same of bytes that are known to be an id. */
export function uuidIn(bytes: Uint8Array, start: number): Uuid {
  return [
    wordIn(bytes, start, 0),
    wordIn(bytes, start, 1),
    wordIn(bytes, start, 2),
    wordIn(bytes, start, 3),
  ];
}

/** The id with a UUID, in lower case. */
export function idOf(uuid: Uuid): string {
  let digits = "";
  for (let word = 0; word < UUID_WORDS; word++) {
    digits += (uuid[word]! >>> 0).toString(16).padStart(8, "0");
  }
  return `${PREFIX}${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-` +
    `${digits.slice(16, 20)}-${digits.slice(20)}`;
}

/** Whether it is of version 5, made of a name (RFC 9562, section 5.5). */
export function isNameBased(uuid: Uuid): boolean {
  return (uuid[1]! >>> 12 & 15) === 5;
}

/** The number in four hexadecimal digits of a text; below 0 if one is none. */
function fourDigits(text: string, at: number): number {
  const a = text.charCodeAt(at), b = text.charCodeAt(at + 1);
  const c = text.charCodeAt(at + 2), d = text.charCodeAt(at + 3);
  if ((a | b | c | d) > 0x7f) return -1;
  return DIGITS[a]! << 12 | DIGITS[b]! << 8 | DIGITS[c]! << 4 | DIGITS[d]!;
}

function wordIn(bytes: Uint8Array, start: number, word: number): number {
  let value = 0;
  for (let half = 0; half < 2; half++) {
    const at = start + QUARTERS[2 * word + half]!;
    value = value << 16 | DIGITS[bytes[at]!]! << 12 | DIGITS[bytes[at + 1]!]! << 8 |
      DIGITS[bytes[at + 2]!]! << 4 | DIGITS[bytes[at + 3]!]!;
  }
  return value;
}

const HYPHEN = 0x2d;
/** Where hyphens stand in an id, and where the quarters of its words begin, two of each word. */
const HYPHENS = Uint8Array.of(8, 13, 18, 23).map((at) => at + PREFIX.length);
const QUARTERS = Uint8Array.of(0, 4, 9, 14, 19, 24, 28, 32).map((at) => at + PREFIX.length);
/** Values of the hexadecimal digits by character, -1 for others. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) => {
  const digit = parseInt(String.fromCharCode(code), 16);
  return isNaN(digit) ? -1 : digit;
});
