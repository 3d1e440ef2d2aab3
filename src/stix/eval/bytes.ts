/** Bytes written as text. */
import { Buffer } from "node:buffer";

/** Hexadecimal, two digits a byte; undefined if the text is none. */
export function readHex(text: string): Uint8Array | undefined {
  if (text.length % 2 === 1 || !/^[0-9a-f]*$/i.test(text)) return undefined;
  return Buffer.from(text, "hex");
}

/** Padded base64 (RFC 4648 §4); undefined if the text is none. */
export function readBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, "base64");
}
