import type { TsvHeader } from "./tsv_header.ts";

/**
 * Rows of Zeek's ASCII logs as the JSON that Zeek's own JSON writer would give
 * by default: times and intervals as seconds, counts and ports as numbers,
 * bools as true and false, sets and vectors as arrays, unset fields left out,
 * NaN and infinities as null; and `_path` in front, as json-streaming-logs does.
 */

/** One row as a line of JSON, or undefined if its fields don't fit the header. */
export function rowToJson(line: Uint8Array, header: TsvHeader): string | undefined {
  const cells = decode(line).split(header.separator);
  if (cells.length !== header.fields.length) return undefined;
  const members = header.path === undefined ? [] : [`"_path":${JSON.stringify(header.path)}`];
  for (const [i, cell] of cells.entries()) {
    if (cell === header.unsetField) continue;
    members.push(
      `${JSON.stringify(header.fields[i])}:${cellToJson(cell, header.types[i], header)}`,
    );
  }
  return `{${members.join(",")}}`;
}

function cellToJson(cell: string, type: string | undefined, header: TsvHeader): string {
  const inner = type === undefined ? undefined : elementType(type);
  if (inner === undefined) return atomToJson(cell === header.emptyField ? "" : cell, type);
  if (cell === header.emptyField || cell === "") return "[]";
  const elements = cell.split(header.setSeparator).map((element) => {
    if (element === header.unsetField) return "null";
    return atomToJson(element === header.emptyField ? "" : element, inner);
  });
  return `[${elements.join(",")}]`;
}

/** `set[addr]` → `addr`; undefined for types that hold one value. */
function elementType(type: string): string | undefined {
  const open = type.indexOf("[");
  return open > 0 && type.endsWith("]") ? type.slice(open + 1, -1) : undefined;
}

function atomToJson(cell: string, type: string | undefined): string {
  switch (type) {
    case "bool":
      if (cell === "T") return "true";
      return cell === "F" ? "false" : toString(cell);
    case "count":
    case "int":
    case "counter":
    case "port":
      return /^-?(0|[1-9]\d*)$/.test(cell) ? cell : toString(cell);
    case "time":
    case "interval":
    case "double":
      return toDouble(cell);
    default:
      return toString(cell);
  }
}

/** Doubles as Zeek's JSON has them: `0.163820` is `0.16382`, `85794.000000` is `85794.0`. */
function toDouble(cell: string): string {
  if (/^[-+]?(nan|inf(inity)?)$/i.test(cell)) return "null";
  const number = /^(-?(?:0|[1-9]\d*))(?:\.(\d+))?(e[-+]?\d+)?$/i.exec(cell);
  if (number === null) return toString(cell);
  const [, whole, fraction = "", exponent] = number;
  if (exponent !== undefined) return cell;
  return `${whole}.${fraction.replace(/0+$/, "") || "0"}`;
}

function toString(cell: string): string {
  return JSON.stringify(cell.includes("\\") ? unescapeCell(cell) : cell);
}

/**
 * Undoes the writer's escapes: `\xNN` is a byte, `\\` a backslash. Bytes that
 * don't make UTF-8 stay spelled as `\xNN`, so that nothing is lost.
 */
export function unescapeCell(cell: string): string {
  return cell.replace(
    /((?:\\x[0-9a-fA-F]{2})+)|\\\\/g,
    (_, bytes: string | undefined) => bytes === undefined ? "\\" : bytesToText(bytes),
  );
}

function bytesToText(escapes: string): string {
  const bytes = Uint8Array.from(escapes.slice(2).split("\\x"), (hex) => parseInt(hex, 16));
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    if (length === 0) text += `\\x${bytes[at]!.toString(16).padStart(2, "0")}`;
    else text += decode(bytes.subarray(at, at + length));
    at += Math.max(length, 1);
  }
  return text;
}

/** Length of the valid UTF-8 sequence that begins here, 0 if there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (length === 0 || at + length > bytes.length) return 0;
  return decode(bytes.subarray(at, at + length)).includes("\ufffd") &&
      !isReplacementCharacter(bytes, at)
    ? 0
    : length;
}

/** U+FFFD itself, properly encoded. */
function isReplacementCharacter(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
