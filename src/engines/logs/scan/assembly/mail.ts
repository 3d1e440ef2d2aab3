/** E-mail addresses stand anywhere in header fields; they are found by their `@`. */
import { BACKSLASH, DOT } from "./characters";
import { isDigit } from "./bytes";
import { hex4 } from "./escapes";
import { hasText } from "./filter";

/** Whether the address around the `@` at `at` may be in the set; [floor, to) bounds the search. */
export function mayBeMailbox(at: usize, floor: usize, to: usize): bool {
  let from = at;
  while (from > floor) {
    const byte = load<u8>(from - 1);
    if (byte >= 0x80 || byte == BACKSLASH) return true;
    if (endsLocal(byte)) break;
    from--;
  }
  let end = at + 1;
  while (end < to && isDomainByte(load<u8>(end))) end++;
  const next = load<u8>(end);
  if (next >= 0x80 || next == BACKSLASH) return true;
  if (load<u8>(end - 1) == DOT) end--;
  return hasText(from, end - from);
}

function isDomainByte(byte: u32): bool {
  return isDigit(byte) || (byte | 0x20) - 0x61 < 26 || byte == DOT || byte == 0x2d || byte == 0x5f;
}

/** What the local part can't have: white space and `@<>()[],;:"/`, see `canonicalEmail`. */
function endsLocal(byte: u32): bool {
  if (byte <= 0x20) return true;
  switch (byte) {
    case 0x40:
    case 0x3c:
    case 0x3e:
    case 0x28:
    case 0x29:
    case 0x5b:
    case 0x5d:
    case 0x2c:
    case 0x3b:
    case 0x3a:
    case 0x22:
    case 0x2f:
      return true;
    default:
      return false;
  }
}

/** Whether the escape at `at` is that of `@`, which then is found nowhere else. */
export function isEscapedAt(at: usize, to: usize): bool {
  return hex4(at + 2, to) == 0x40;
}
