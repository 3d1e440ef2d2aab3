import { UsageError } from "../../errors.ts";

/** Z85, the text form of CURVE keys: 40 printable characters for 32 bytes (RFC 32). */

const ALPHABET =
  "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/** 32 bytes from their text. @throws UsageError when it is no key */
export function decodeKey(text: string): Uint8Array {
  const digits = [...text.trim()].map((character) => ALPHABET.indexOf(character));
  if (digits.length !== 40 || digits.includes(-1)) {
    throw new UsageError("Not a CURVE key", { hint: "A key is 40 characters in Z85 form." });
  }
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  for (let group = 0; group < 8; group++) {
    const value = digits.slice(group * 5, group * 5 + 5).reduce(
      (sum, digit) => sum * 85 + digit,
      0,
    );
    if (value > 0xffffffff) throw new UsageError("Not a CURVE key");
    view.setUint32(group * 4, value);
  }
  return bytes;
}

/** The text of a key. */
export function encodeKey(key: Uint8Array): string {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  let text = "";
  for (let at = 0; at < key.length; at += 4) {
    let value = view.getUint32(at);
    let group = "";
    for (let digit = 0; digit < 5; digit++) {
      group = ALPHABET[value % 85] + group;
      value = Math.floor(value / 85);
    }
    text += group;
  }
  return text;
}
