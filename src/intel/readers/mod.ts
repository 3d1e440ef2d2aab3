/** Reading IoCs, whatever they come as: the formats, and telling them apart. */
import { formatPlace, InputError, UsageError } from "../../errors.ts";
import type { ObservableKind } from "../../match/observable.ts";
import type { OwnIndicatorSet } from "../own_indicator_set.ts";
import { observe } from "../observe.ts";
import { findCsvHeader, readCsv } from "./csv.ts";
import { type IocInput, type OpenInput, openInput } from "./input.ts";
import { createIntake, type Intake, type ReadReport } from "./intake.ts";
import { readJson } from "./json.ts";
import { readLines, valueOfLine } from "./lines.ts";

export { fileInput, type IocInput, textInput } from "./input.ts";
export type { InvalidValue, ReadReport } from "./intake.ts";
export { addValue } from "./value.ts";

/** How a source is read. */
export interface ReadOptions {
  /** Name of a format; told from the content if unset. */
  readonly format?: string | undefined;
  /** Kind of all values, for plain lines and CSV. */
  readonly kind?: ObservableKind | undefined;
  /** Invalid values are counted and listed in the report instead of ending the reading. */
  readonly skipInvalid?: boolean | undefined;
  /** Take MISP attributes too that are not marked for detection (`to_ids`). */
  readonly allAttributes?: boolean | undefined;
}

/** A way to write IoCs down. */
interface IocFormat {
  readonly summary: string;
  /** `size` is that of the source in bytes, as far as it is known. */
  read(
    input: OpenInput,
    name: string,
    intake: Intake,
    options: ReadOptions,
    size: number,
  ): Promise<void>;
}

/** The registry: name of each format for `--ioc-format`. */
export const IOC_FORMATS: Readonly<Record<string, IocFormat>> = {
  plain: {
    summary: "one value a line, comments after #, ; or //",
    read: (input, _name, intake, { kind }, size) => readLines(input.chunks, intake, kind, size),
  },
  csv: {
    summary: "CSV or TSV with a header that names the column of values",
    read: readCsv,
  },
  stix: {
    summary: "STIX 2.1 bundle or objects, as JSON or one object a line",
    read: (input, name, intake) => readJson(input, name, intake, { only: "stix" }),
  },
  misp: {
    summary: "MISP event JSON: attributes marked to_ids",
    read: (input, name, intake, { allAttributes }) =>
      readJson(input, name, intake, { only: "misp", allAttributes }),
  },
};

/** Of a list no more than so many bytes are prepared for. */
const LARGEST_GUESS = 64 << 20;

/** Either vocabulary in JSON, when the content decides. */
const ANY_JSON: IocFormat = {
  summary: "STIX or MISP",
  read: (input, name, intake, { allAttributes }) =>
    readJson(input, name, intake, { allAttributes }),
};

/**
 * Reads a source into a set. Throws `InputError` if it can't be read, or if values are
 * invalid and `skipInvalid` is not set; then the set holds the valid ones.
 */
export async function readIndicators(
  set: OwnIndicatorSet,
  input: IocInput,
  options: ReadOptions = {},
): Promise<ReadReport> {
  const { name } = input;
  const opened = await openInput(input);
  const format = options.format ?? detectFormat(opened.head, name);
  const reader = format === "json" ? ANY_JSON : IOC_FORMATS[format];
  if (reader === undefined) {
    throw new UsageError(`There is no IoC format "${format}"`, {
      hint: `Use one of ${Object.keys(IOC_FORMATS).join(", ")}.`,
    });
  }
  const intake = createIntake(set, name, format);
  const size = Math.min(input.size?.() ?? 0, LARGEST_GUESS);
  await reader.read(opened, name, intake, options, size);
  if (intake.report.invalidCount > 0 && !options.skipInvalid) throw invalidError(intake.report);
  return intake.report;
}

/** Tells a format from the beginning of a text: `json`, `csv` or `plain`. */
function detectFormat(head: string, name: string): string {
  const text = head.trimStart();
  if (text.startsWith("{") || /^\[\s*(?:[{"\]]|$)/.test(text)) return "json";
  const first = firstValue(text);
  if (first === undefined) return "plain";
  if (observe(first) !== undefined) return "plain";
  if (findCsvHeader(head) !== undefined) return "csv";
  const cells = first.split(/[,;\t|]/);
  if (cells.length > 1 && cells.some((cell) => observe(cell) !== undefined)) {
    throw new InputError("This looks like CSV, but no header says which column holds the IoCs", {
      place: {
        file: name,
        line: head.split(/\r?\n/).findIndex((line) => line.includes(first)) + 1,
      },
      hint: 'Put a header on top, such as "value,comment", or give one value a line.',
    });
  }
  return "plain";
}

/** The first line that holds something; only so many are looked at, one by one, as the first mostly does. */
function firstValue(text: string): string | undefined {
  for (let start = 0, line = 0; start < text.length && line < 1000; line++) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    const value = valueOfLine(text.slice(start, end));
    if (value !== "") return value;
    start = end + 1;
  }
  return undefined;
}

function invalidError({ invalid, invalidCount }: ReadReport): InputError {
  const listed = invalid.map(({ place, text, reason }) =>
    `  ${formatPlace(place)}: ${JSON.stringify(text)} ${reason}`
  );
  const more = invalidCount > invalid.length ? [`  and ${invalidCount - invalid.length} more`] : [];
  const what = invalidCount === 1 ? "1 value is no IoC" : `${invalidCount} values are no IoCs`;
  return new InputError([what, ...listed, ...more].join("\n"), {
    place: invalid[0]!.place,
    hint: "Mend them, say what they are with --ioc-type, or pass --skip-invalid.",
  });
}
