import { isJsonObject, type JsonObject } from "../../../json.ts";
import type { TelemetryEvent } from "../../engine.ts";
import type { LineFormat } from "../scan/finder.ts";
import { jsonEventTime, tsvEventTime } from "./timestamp.ts";
import { DEFAULT_HEADER, readHeaderLine, type TsvHeader } from "./tsv_header.ts";
import { rowToJson } from "./tsv_row.ts";

/** What a line turned out to be. */
export type Line = EventLine | { readonly type: "header" } | {
  readonly type: "bad";
  readonly what: string;
};

/** A line that should be an event; parsing waits until it is needed and may fail. */
export interface EventLine {
  readonly type: "event";
  /** Told from the raw line, ms since the epoch. */
  time(): number | undefined;
  /** The event, or undefined if the line is not one after all. */
  parse(): TelemetryEvent | undefined;
  /** What is wrong with the line if `parse` gives nothing. */
  readonly failure: string;
}

/** Reads the lines of one file in order; it keeps the header of TSV logs. */
export interface EventReader {
  read(line: Uint8Array): Line;
}

const HASH = 0x23;
const RETURN = 0x0d;

/** The reader for a format. */
export function createEventReader(format: LineFormat): EventReader {
  return format.type === "json" ? { read: readJson } : createTsvReader();
}

function readJson(line: Uint8Array): Line {
  const bytes = withoutReturn(line);
  return {
    type: "event",
    time: () => jsonEventTime(bytes),
    parse: () => parseJson(bytes),
    failure: "lines are not valid JSON",
  };
}

function createTsvReader(): EventReader {
  let header: TsvHeader = DEFAULT_HEADER;
  let timeColumn = -1;
  return {
    read(raw) {
      const line = withoutReturn(raw);
      if (line[0] === HASH) {
        header = readHeaderLine(header, new TextDecoder().decode(line));
        timeColumn = header.fields.indexOf("ts");
        return { type: "header" };
      }
      if (header.fields.length === 0) {
        return { type: "bad", what: "rows stand before any #fields line" };
      }
      const rowHeader = header, column = timeColumn;
      return {
        type: "event",
        time: () => tsvEventTime(line, rowHeader.separator, column),
        parse: () => parseRow(line, rowHeader),
        failure: "rows don't have the fields that their #fields line names",
      };
    },
  };
}

const decoder = new TextDecoder();

function parseJson(bytes: Uint8Array): TelemetryEvent | undefined {
  const value = tryParse(decoder.decode(bytes));
  return value === undefined ? undefined : { bytes, value };
}

function parseRow(line: Uint8Array, header: TsvHeader): TelemetryEvent | undefined {
  const json = rowToJson(line, header);
  const value = json === undefined ? undefined : tryParse(json);
  if (value === undefined) return undefined;
  let bytes: Uint8Array | undefined;
  return {
    value,
    // Encoded when asked for: most rows that are parsed are not hits.
    get bytes() {
      return bytes ??= new TextEncoder().encode(json);
    },
  };
}

function tryParse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function withoutReturn(line: Uint8Array): Uint8Array {
  return line.at(-1) === RETURN ? line.subarray(0, -1) : line;
}
