import type { LineFormat } from "../scan/finder.ts";

/**
 * The header of a Zeek ASCII log: lines that begin with `#` and say how the rows
 * after them are to be read (Zeek's `LogAscii` writer). A file may hold several
 * logs one after another, each with its own header.
 */
export interface TsvHeader {
  readonly separator: string;
  readonly setSeparator: string;
  readonly emptyField: string;
  readonly unsetField: string;
  /** Name of the log, `conn`; goes into events as `_path`. */
  readonly path: string | undefined;
  readonly fields: readonly string[];
  readonly types: readonly string[];
}

/** What holds before any header line was read: the writer's defaults. */
export const DEFAULT_HEADER: TsvHeader = {
  separator: "\t",
  setSeparator: ",",
  emptyField: "(empty)",
  unsetField: "-",
  path: undefined,
  fields: [],
  types: [],
};

/** Of a log with tabs: after one with another separator, another log whose head was cut off. */
const TABBED = /^#(path|fields)\t/;

/** The header after one more line that begins with `#`; comments and unknown directives change nothing. */
export function readHeaderLine(header: TsvHeader, line: string): TsvHeader {
  if (line.startsWith("#separator ")) {
    // A new log begins; what the one before said no longer counts.
    return { ...DEFAULT_HEADER, separator: unescapeText(line.slice("#separator ".length)) };
  }
  if (!header.separator.startsWith("\t") && TABBED.test(line)) {
    return readHeaderLine(DEFAULT_HEADER, line);
  }
  const [directive, ...values] = line.split(header.separator);
  const value = values[0] ?? "";
  switch (directive) {
    case "#set_separator":
      return { ...header, setSeparator: unescapeText(value) };
    case "#empty_field":
      return { ...header, emptyField: value };
    case "#unset_field":
      return { ...header, unsetField: value };
    case "#path":
      return { ...header, path: value };
    case "#fields":
      return { ...header, fields: values, types: [] };
    case "#types":
      return { ...header, types: values };
    default:
      return header;
  }
}

/** The format that lines after this header have for a finder. */
export function formatOf(header: TsvHeader): LineFormat {
  const separator = singleByte(header.separator);
  const setSeparator = singleByte(header.setSeparator);
  if (separator === undefined || setSeparator === undefined) return { type: "lines" };
  return { type: "tsv", separator, setSeparator };
}

/** The format after a line that begins with `#`, as far as a finder has to know. */
export function formatAfter(now: LineFormat, line: Uint8Array): LineFormat {
  const text = new TextDecoder().decode(line).replace(/\r$/, "");
  const next = separatorsAfter(now, text);
  if (next.type !== "tsv" || now.type !== "tsv" || now.header === undefined) return next;
  return withHeader(next, readHeaderLine(now.header, text));
}

const TAB = 9;

function separatorsAfter(now: LineFormat, text: string): LineFormat {
  if (text.startsWith("#separator ")) return formatOf(readHeaderLine(DEFAULT_HEADER, text));
  if (now.type === "tsv" && now.separator !== TAB && TABBED.test(text)) {
    return separatorsAfter(formatOf(DEFAULT_HEADER), text);
  }
  if (!text.startsWith("#set_separator")) return now;
  // One character of any kind stands between the directive and its value.
  const setSeparator = singleByte(unescapeText(text.slice("#set_separator".length + 1)));
  if (now.type !== "tsv" || setSeparator === undefined) return { type: "lines" };
  return { ...now, setSeparator };
}

/** The format of rows of which it is known what they say. */
export function withHeader(format: LineFormat, header = DEFAULT_HEADER): LineFormat {
  return format.type === "tsv" ? { ...format, header } : format;
}

/** Tells whether two formats are the same to a finder. */
export function sameFormat(a: LineFormat, b: LineFormat): boolean {
  if (a.type !== "tsv" || b.type !== "tsv") return a.type === b.type;
  return a.separator === b.separator && a.setSeparator === b.setSeparator &&
    (a.header === b.header || JSON.stringify(a.header) === JSON.stringify(b.header));
}

function singleByte(text: string): number | undefined {
  const code = text.charCodeAt(0);
  return text.length === 1 && code < 0x80 ? code : undefined;
}

/** `\x09` → tab, as the writer spells separators. */
function unescapeText(text: string): string {
  return text.replace(/\\x([0-9a-fA-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}
