/** Plain lists: a value a line, comments after `#`, `;` or `//`; hosts files. */
import type { ObservableKind } from "../../match/observable.ts";
import { type BulkVisitor, createBulkVisitor } from "./bulk.ts";
import type { Intake } from "./intake.ts";
import { scanSimple, simpleValue } from "./simple.ts";
import { type Bulk, type LineVisitor, visitLines } from "./text_lines.ts";

/** The longest line that can be a value. */
const MAX_LINE = 1 << 16;

/** So many bytes are read in bulk. */
const BULK_BYTES = 1 << 13;

/** What every hosts file has besides. */
const OWN_NAMES = /^(?:localhost(?:\.localdomain)?|local|broadcasthost|ip6-[a-z]+)$/;

const decoder = new TextDecoder();

/** Reads a plain list of about `size` bytes; `kind` is that of all its values, if known. */
export async function readLines(
  chunks: AsyncIterable<Uint8Array>,
  intake: Intake,
  kind: ObservableKind | undefined,
  size = 0,
): Promise<void> {
  const visit: LineVisitor = (bytes, start, end, line) => {
    if (end - start <= 1 && (start === end || bytes[start]! <= 0x20)) return;
    if (kind === undefined && scanSimple(bytes, start, end)) {
      const { kind, start, end, skip } = simpleValue;
      return intake.simple(kind, bytes, start, end, skip, line);
    }
    const text = valueOfLine(decoder.decode(bytes.subarray(start, end)));
    if (text === "") return;
    if (end - start >= MAX_LINE) {
      return intake.invalid(text, line, `is longer than ${MAX_LINE} bytes`);
    }
    const host = hostOfLine(text);
    if (host !== undefined && OWN_NAMES.test(host)) {
      return intake.ignore("this machine in a hosts file");
    }
    intake.value(host ?? text, line, kind);
  };
  const bulk = kind === undefined ? bulkFor(intake, visit, size) : undefined;
  await visitLines(chunks, MAX_LINE, visit, bulk);
}

/** The way for many lines at once; not for short lists, which are read by then. */
function bulkFor(intake: Intake, other: LineVisitor, size: number): Bulk {
  let visitor: BulkVisitor | undefined;
  return {
    least: BULK_BYTES,
    visit(bytes, start, end, line) {
      const place = intake.bulk();
      if (place === undefined) return undefined;
      visitor ??= createBulkVisitor(place.set, place.source, size, other);
      const { lines, added, known } = visitor(bytes, start, end, line);
      place.count(added, known);
      return lines;
    },
  };
}

/** A line without its comment and the space around it. */
export function valueOfLine(line: string): string {
  const text = line.trim();
  if (/^(?:[#;]|\/\/)/.test(text)) return "";
  const comment = text.search(/\s(?:[#;]|\/\/)/);
  return comment < 0 ? text : text.slice(0, comment).trimEnd();
}

/** The name in a line of a hosts file that points nowhere: `0.0.0.0 evil.example`. */
function hostOfLine(text: string): string | undefined {
  return /^(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s+(\S+)$/.exec(text)?.[1];
}
