import stringWidth from "string-width";
import { oneLine } from "../controls.ts";
import type { Match } from "../engines/engine.ts";
import { eventTimestamp } from "../stix/event_time.ts";
import { endpointOf, typeOf } from "./event.ts";
import type { Format, FormatOptions } from "./format.ts";
import { iocOf } from "./match.ts";

/** One column: what it shows, its least width, and its share of what is left of the terminal. */
interface Column {
  readonly title: string;
  readonly least: number;
  readonly share: number;
  readonly text: (match: Match) => string;
}

/** The least widths and gaps come to 80 cells, which every terminal has. */
const COLUMNS: readonly Column[] = [
  {
    title: "TIME",
    least: 19,
    share: 0,
    text: (match) => eventTimestamp(match.event.value)?.slice(0, 19) ?? "",
  },
  { title: "IOC", least: 15, share: 4, text: iocOf },
  { title: "EVENT", least: 6, share: 0, text: (match) => typeOf(match.event.value) },
  { title: "FIELD", least: 10, share: 2, text: (match) => match.where.field ?? "" },
  { title: "FLOW", least: 13, share: 4, text: flowOf },
  { title: "WHERE", least: 7, share: 3, text: whereOf },
];
const GAP = "  ";
const DEFAULT_WIDTH = 120;
const BOLD = ["\x1b[1m", "\x1b[22m"] as const;
const RED = ["\x1b[31m", "\x1b[39m"] as const;

const encoder = new TextEncoder();

/**
 * Aligned columns for people. Lines come as matches do, so widths are set
 * beforehand from the terminal's; what is longer is cut and ends in an ellipsis.
 * Values can't steer the terminal.
 */
export function create(options: FormatOptions): Format {
  const widths = widthsFor(options.width ?? DEFAULT_WIDTH);
  const paint = options.color === true
    ? (text: string, [on, off]: readonly [string, string]) => on + text + off
    : (text: string) => text;
  const row = (cells: readonly string[]) => cells.map((text, at) => fit(text, widths[at]!));
  return {
    name: "table",
    head: () =>
      encoder.encode(
        paint(row(COLUMNS.map((column) => column.title)).join(GAP).trimEnd(), BOLD),
      ),
    render: (match) => {
      const cells = row(COLUMNS.map((column) => oneLine(column.text(match))));
      cells[1] = paint(cells[1]!, RED);
      return encoder.encode(cells.join(GAP).trimEnd());
    },
  };
}

function widthsFor(total: number): number[] {
  const least = COLUMNS.reduce((sum, column) => sum + column.least + GAP.length, -GAP.length);
  const shares = COLUMNS.reduce((sum, column) => sum + column.share, 0);
  const spare = Math.max(0, total - least);
  return COLUMNS.map((column) => column.least + Math.floor(spare * column.share / shares));
}

/** Pads or cuts to a number of terminal cells. */
function fit(text: string, width: number): string {
  // Nearly all text is ASCII, whose width is its length; the exact count is slow.
  const plain = /^[\x20-\x7e]*$/.test(text);
  const used = plain ? text.length : stringWidth(text);
  if (used <= width) return text + " ".repeat(width - used);
  if (plain) return text.slice(0, width - 1) + "…";
  let cut = "";
  let cells = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    const next = cells + stringWidth(segment);
    if (next > width - 1) break;
    [cut, cells] = [cut + segment, next];
  }
  return cut + "…" + " ".repeat(width - 1 - cells);
}

function flowOf(match: Match): string {
  const ends = (["source", "target"] as const).map((end) => endpointOf(match.event.value, end));
  return ends.map(address).filter((text) => text !== "").join(" → ");
}

function address([host, port]: readonly [string, string]): string {
  if (port === "") return host;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function whereOf(match: Match): string {
  const file = match.where.source.split("/").at(-1) ?? "";
  return match.where.line === undefined ? file : `${file}:${match.where.line}`;
}
