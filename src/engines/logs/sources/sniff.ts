import { isJsonObject, type JsonObject } from "../../../json.ts";
import { createEventReader } from "../events/event_reader.ts";
import { DEFAULT_HEADER, formatOf, readHeaderLine } from "../events/tsv_header.ts";
import { foreignKind } from "../read/compression.ts";
import type { LineFormat } from "../scan/finder.ts";

/** What kind of log a file is. */
export type LogKind = "eve" | "zeek-tsv" | "zeek-json" | "ndjson";

/** What the beginning of a file tells. */
export type Sniffed =
  | {
    readonly type: "log";
    readonly kind: LogKind;
    readonly format: LineFormat;
    /** Time of the first event that tells one, ms since the epoch. */
    readonly firstTime: number | undefined;
  }
  | { readonly type: "empty" }
  /** Not a log that we know; `what` in words. */
  | { readonly type: "foreign"; readonly what: string; readonly binary: boolean };

/** So many lines without an event or a header are taken before a file counts as something else. */
const LINES_TRIED = 64;

/**
 * Tells the format of a log by its first bytes (decompressed, some 64 KiB);
 * `whole` says that there are no more than these.
 */
export function sniff(head: Uint8Array, whole: boolean): Sniffed {
  if (head.length === 0) return { type: "empty" };
  const foreign = foreignKind(head);
  if (foreign !== undefined) return { type: "foreign", what: foreign, binary: true };
  const text = new TextDecoder().decode(head);
  const lines = text.split("\n");
  const cut = whole ? undefined : lines.pop();
  for (const line of lines.slice(0, LINES_TRIED)) {
    const kind = kindOfLine(line.trim());
    if (kind !== undefined) return log(kind, head, lines);
  }
  // A first line that is longer than the head: it may still be an event.
  if (lines.length === 0 && /^\s*\{\s*"/.test(cut ?? "")) return log("ndjson", head, lines);
  if (text.trim() === "") return { type: "empty" };
  const binary = head.includes(0);
  return { type: "foreign", what: binary ? "binary data" : "text of another kind", binary };
}

function kindOfLine(line: string): LogKind | undefined {
  if (/^#(separator |fields\W|path\W)/.test(line)) return "zeek-tsv";
  if (!line.startsWith("{")) return undefined;
  const event = tryParse(line);
  return event === undefined ? undefined : kindOfEvent(event);
}

/** Tells EVE by `event_type`, Zeek by `_path` or by `ts` with one of its connection or file ids. */
function kindOfEvent(event: JsonObject): LogKind {
  if ("event_type" in event && "timestamp" in event) return "eve";
  if ("_path" in event) return "zeek-json";
  const zeek = "ts" in event && ["uid", "fuid", "id.orig_h", "uids"].some((name) => name in event);
  return zeek ? "zeek-json" : "ndjson";
}

function log(kind: LogKind, head: Uint8Array, lines: readonly string[]): Sniffed {
  const format = kind === "zeek-tsv" ? tsvFormat(lines) : { type: "json" } as const;
  return { type: "log", kind, format, firstTime: firstTime(format, head) };
}

function tsvFormat(lines: readonly string[]): LineFormat {
  let header = DEFAULT_HEADER;
  for (const line of lines) {
    if (line.startsWith("#")) header = readHeaderLine(header, line.replace(/\r$/, ""));
    else if (header.fields.length > 0) break;
  }
  return formatOf(header);
}

function firstTime(format: LineFormat, head: Uint8Array): number | undefined {
  const reader = createEventReader(format);
  let tried = 0;
  for (let at = 0; at < head.length && tried < LINES_TRIED; tried++) {
    const newline = head.indexOf(0x0a, at);
    const end = newline < 0 ? head.length : newline;
    const line = reader.read(head.subarray(at, end));
    const time = line.type === "event" ? line.time() : undefined;
    if (time !== undefined) return time;
    at = end + 1;
  }
  return undefined;
}

function tryParse(line: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
