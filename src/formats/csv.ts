import { oneLine } from "../controls.ts";
import type { Match } from "../engines/engine.ts";
import { eventTimestamp } from "../stix/event_time.ts";
import { endpointOf, typeOf } from "./event.ts";
import type { Format } from "./format.ts";
import { iocOf } from "./match.ts";

const COLUMNS = [
  "timestamp",
  "match_type",
  "ioc",
  "kind",
  "indicator_id",
  "event_type",
  "src_ip",
  "src_port",
  "dest_ip",
  "dest_port",
  "file",
  "line",
  "field",
  "event",
] as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * RFC 4180 with a header. Every record is one line (ended by LF, as the other
 * formats): control characters in values are replaced, line breaks become spaces.
 */
export function create(): Format {
  return {
    name: "csv",
    head: () => encoder.encode(COLUMNS.join(",")),
    render: (match) => encoder.encode(cellsOf(match).map(quote).join(",")),
  };
}

function cellsOf(match: Match): string[] {
  const event = match.event.value;
  return [
    eventTimestamp(event) ?? "",
    match.type,
    iocOf(match),
    match.observable?.kind ?? "pattern",
    match.indicator.id,
    typeOf(event),
    ...endpointOf(event, "source"),
    ...endpointOf(event, "target"),
    match.where.source,
    String(match.where.line ?? ""),
    match.where.field ?? "",
    decoder.decode(match.context ?? match.event.bytes),
  ];
}

/** Spreadsheets run cells that begin so as formulas (OWASP, CSV injection); fullwidth forms included. */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/;

function quote(cell: string): string {
  const line = oneLine(cell);
  const safe = FORMULA.test(cell) || FORMULA.test(line) ? `'${line}` : line;
  return /[",]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
