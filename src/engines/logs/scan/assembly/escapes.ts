/** Undoing escapes: of JSON strings (RFC 8259, section 7) and of Zeek's columns (`\xHH`). */
import { BACKSLASH } from "./characters";
import { hexValue } from "./bytes";
import { DECODED } from "./memory";

/** Writes a JSON string without its escapes to `DECODED`; returns the length. */
export function decodeJson(from: usize, to: usize): usize {
  let out = DECODED;
  for (let at = from; at < to;) {
    const byte = load<u8>(at++);
    if (byte != BACKSLASH || at == to) {
      store<u8>(out++, byte);
      continue;
    }
    const letter = load<u8>(at++);
    if (letter != 0x75) {
      store<u8>(out++, plain(letter));
      continue;
    }
    let code = hex4(at, to);
    at += 4;
    if (code >>> 10 == 0x36 && at + 6 <= to && load<u16>(at) == 0x755c) {
      const low = hex4(at + 2, to);
      if (low >>> 10 == 0x37) {
        code = 0x10000 + ((code & 0x3ff) << 10 | low & 0x3ff);
        at += 6;
      }
    }
    out = putUtf8(out, code);
  }
  return out - DECODED;
}

/** What a letter after a backslash stands for. */
function plain(letter: u8): u8 {
  switch (letter) {
    case 0x6e:
      return 0x0a;
    case 0x74:
      return 0x09;
    case 0x72:
      return 0x0d;
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    default:
      return letter;
  }
}

/** The number that four hexadecimal digits make; U+FFFD if they are none. */
export function hex4(at: usize, to: usize): u32 {
  if (at + 4 > to) return 0xfffd;
  let code: u32 = 0;
  for (let i: usize = 0; i < 4; i++) {
    const digit = hexValue(load<u8>(at + i));
    if (digit > 15) return 0xfffd;
    code = code << 4 | digit;
  }
  return code;
}

function putUtf8(out: usize, code: u32): usize {
  if (code < 0x80) {
    store<u8>(out, code);
    return out + 1;
  }
  if (code < 0x800) {
    store<u8>(out, 0xc0 | code >>> 6);
    store<u8>(out, 0x80 | code & 63, 1);
    return out + 2;
  }
  if (code < 0x10000) {
    store<u8>(out, 0xe0 | code >>> 12);
    store<u8>(out, 0x80 | code >>> 6 & 63, 1);
    store<u8>(out, 0x80 | code & 63, 2);
    return out + 3;
  }
  store<u8>(out, 0xf0 | code >>> 18);
  store<u8>(out, 0x80 | code >>> 12 & 63, 1);
  store<u8>(out, 0x80 | code >>> 6 & 63, 2);
  store<u8>(out, 0x80 | code & 63, 3);
  return out + 4;
}

/** Writes a Zeek column without its escapes to `DECODED`; returns the length. */
export function decodeTsv(from: usize, to: usize): usize {
  let out = DECODED;
  for (let at = from; at < to;) {
    const byte = load<u8>(at++);
    if (byte == BACKSLASH && at < to) {
      if (load<u8>(at) == BACKSLASH) {
        at++;
      } else if (at + 3 <= to && load<u8>(at) == 0x78) {
        const high = hexValue(load<u8>(at, 1)), low = hexValue(load<u8>(at, 2));
        if ((high | low) < 16) {
          store<u8>(out++, high << 4 | low);
          at += 3;
          continue;
        }
      }
    }
    store<u8>(out++, byte);
  }
  return out - DECODED;
}
