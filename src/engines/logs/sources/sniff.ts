import { isJsonObject, type JsonObject } from "../../../json.ts";
import { createEventReader } from "../events/event_reader.ts";
import { DEFAULT_HEADER, formatOf, readHeaderLine, type TsvHeader } from "../events/tsv_header.ts";
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
    /** TSV only: what stands before its first row. */
    readonly header?: TsvHeader;
    /** Time of the first event that tells one, ms since the epoch. */
    readonly firstTime: number | undefined;
  }
  | { readonly type: "empty" }
  /** Not a log that we know. */
  | Foreign;

/** What a file is that is no log, or none that can be read. */
export interface Foreign {
  readonly type: "foreign";
  /** In words, with what could be done. */
  readonly what: string;
  /** Whether events are in it: `unlikely` ones go with the name of the file, as random bytes do. */
  readonly events: "surely" | "unlikely" | "no";
  /** What comes after these bytes may be a log all the same. */
  readonly open: boolean;
}

/** So many lines that may be events or headers are tried before a file counts as something else. */
const LINES_TRIED = 64;

/**
 * Tells the format of a log by its first bytes (decompressed, some 64 KiB);
 * `whole` says that there are no more than these.
 */
export function sniff(head: Uint8Array, whole: boolean): Sniffed {
  if (head.length === 0) return { type: "empty" };
  const foreign = foreignKind(head);
  if (foreign !== undefined) {
    const events = foreign.mayHoldLogs ? "unlikely" : "no";
    return { type: "foreign", what: foreign.what, events, open: false };
  }
  const text = new TextDecoder().decode(head);
  const lines = text.split("\n");
  const cut = whole ? undefined : lines.pop();
  // Some of its lines may be whole events all the same, most are not.
  if (ARRAY.test(text)) return foreignText(text, whole);
  let tried = 0;
  for (const line of lines.map((line) => line.trim())) {
    if (!/^[#{]/.test(line)) continue;
    const kind = kindOfLine(line);
    if (kind !== undefined) return log(kind, head, lines);
    if (++tried === LINES_TRIED) break;
  }
  // A first line that is longer than the head, or that was cut short: it may still be an event.
  const first = cut === undefined ? lines.length === 1 ? text : "" : lines.length === 0 ? cut : "";
  if (/^\ufeff?\s*\{\s*"/.test(first)) return log("ndjson", head, lines);
  if (text.trim() === "") return { type: "empty" };
  return head.includes(0)
    ? { type: "foreign", what: "binary data", events: "unlikely", open: false }
    : foreignText(text, whole);
}

/** Names that the events of the logs that we know have at their top. */
const EVENTS = /"(?:timestamp|event_type|ts|_path|@timestamp)"\s*:/;

const ARRAY = /^\s*\[\s*[{[\]]/;

function foreignText(text: string, whole: boolean): Foreign {
  const events = EVENTS.test(text) ? "surely" : "no";
  const document = ARRAY.test(text)
    ? "a JSON array; in logs each event has its line (try: jq -c '.[]' FILE | … --logs -)"
    : /^\s*\{\s*"/.test(text)
    ? "JSON over several lines; in logs each event has its line (try: jq -c . FILE | … --logs -)"
    : undefined;
  if (document !== undefined) return { type: "foreign", what: document, events, open: false };
  const what = events === "surely"
    ? "JSON after other text on its line (try: sed 's/^[^{]*//' FILE | … --logs -)"
    : "text of another kind";
  return { type: "foreign", what, events, open: !whole };
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
  const json: LineFormat = { type: "json" };
  if (kind !== "zeek-tsv") {
    return { type: "log", kind, format: json, firstTime: firstTime(json, head) };
  }
  const header = firstHeader(lines);
  const format = formatOf(header);
  return { type: "log", kind, format, header, firstTime: firstTime(format, head) };
}

function firstHeader(lines: readonly string[]): TsvHeader {
  let header = DEFAULT_HEADER;
  for (const line of lines) {
    if (line.startsWith("#")) header = readHeaderLine(header, line.replace(/\r$/, ""));
    else if (header.fields.length > 0) break;
  }
  return header;
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
