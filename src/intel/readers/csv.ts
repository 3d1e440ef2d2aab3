/** CSV and TSV with a header (RFC 4180, with comment lines and any of four separators). */
import { InputError } from "../../errors.ts";
import type { ObservableKind } from "../../match/observable.ts";
import type { Intake } from "./intake.ts";
import type { OpenInput } from "./input.ts";
import { observe, splitHostPort } from "../observe.ts";
import { kindFor, plainName, typeNamed } from "./types.ts";

/** Where the values stand. */
export interface CsvHeader {
  readonly separator: string;
  /** Columns of values; `type` is the name of the column's kind, if it has but one. */
  readonly columns: readonly { readonly index: number; readonly type: string | undefined }[];
  /** Column that names the type of the value in the same row. */
  readonly typeColumn: number | undefined;
  /** MISP's mark for values fit for detection. */
  readonly toIdsColumn: number | undefined;
  /** Line of the header, from 1. */
  readonly line: number;
}

const SEPARATORS = [",", "\t", ";", "|"];
const VALUE_NAMES = ["value", "indicator", "ioc", "iocvalue", "indicatorvalue", "observable"];
const TYPE_NAMES = ["type", "ioctype", "indicatortype", "kind", "attributetype"];
/** A quoted field longer than this has lost its closing quote. */
const MAX_FIELD = 1 << 20;
/** Columns beyond these are not looked at. */
const MAX_CELLS = 4096;

/**
 * Finds the header at the beginning of a text: the first row, or the last comment before it
 * (abuse.ch's lists, `#fields` of Zeek's intelligence framework).
 */
export function findCsvHeader(head: string): CsvHeader | undefined {
  let commented: CsvHeader | undefined;
  let line = 0;
  for (const raw of head.split(/\r?\n/, 1000)) {
    line++;
    const text = raw.trim();
    if (text === "") continue;
    if (!text.startsWith("#")) return readHeader(text, line) ?? commented;
    commented = readHeader(text.replace(/^#+(?:fields\t)?\s*/, ""), line) ?? commented;
  }
  return commented;
}

function readHeader(text: string, line: number): CsvHeader | undefined {
  for (const separator of SEPARATORS) {
    const cells: string[] = [];
    const rows = createCsvRows(separator, (row) => cells.push(...row));
    rows.feed(text);
    rows.end();
    const names = cells.map(plainName);
    const generic = names.findIndex((name) => VALUE_NAMES.includes(name));
    const columns = generic >= 0
      ? [{ index: generic, type: undefined }]
      : cells.flatMap((type, index) => typeNamed(type) ? [{ index, type }] : []);
    // A row with a value in it is data, though a cell may say "domain".
    if (columns.length === 0 || (generic < 0 && cells.some(isValue))) continue;
    const columnOf = (wanted: string[]) => {
      const index = names.findIndex((name) => wanted.includes(name));
      return index < 0 ? undefined : index;
    };
    return {
      separator,
      columns,
      typeColumn: generic >= 0 ? columnOf(TYPE_NAMES) : undefined,
      toIdsColumn: columnOf(["toids"]),
      line,
    };
  }
  return undefined;
}

function isValue(cell: string): boolean {
  return observe(cell) !== undefined || observe(splitHostPort(cell)?.host ?? "") !== undefined;
}

/** What decides about rows. */
export interface CsvOptions {
  /** Kind of all values, whatever the file says. */
  readonly kind?: ObservableKind | undefined;
  /** Values that MISP does not mark for detection count too. */
  readonly allAttributes?: boolean | undefined;
}

/** Reads CSV; throws `InputError` if there is no usable header or a quote never closes. */
export async function readCsv(
  input: OpenInput,
  name: string,
  intake: Intake,
  options: CsvOptions,
): Promise<void> {
  const header = findCsvHeader(input.head);
  if (header === undefined) {
    throw new InputError("No header says which column holds the IoCs", {
      place: { file: name, line: 1 },
      hint: 'Put a header on top, such as "value,comment" or "indicator,type".',
    });
  }
  const rows = createCsvRows(header.separator, (cells, line) => {
    if (line > header.line) readRow(cells, line, header, intake, options);
  }, name);
  const decoder = new TextDecoder();
  for await (const chunk of input.chunks) rows.feed(decoder.decode(chunk, { stream: true }));
  rows.feed(decoder.decode());
  rows.end();
}

function readRow(
  cells: readonly string[],
  line: number,
  header: CsvHeader,
  intake: Intake,
  options: CsvOptions,
): void {
  const toIds = header.toIdsColumn === undefined ? "" : cells[header.toIdsColumn] ?? "";
  if (/^(0|false|no)$/i.test(toIds) && !options.allAttributes) {
    return intake.ignore("to_ids is off");
  }
  if (cells.length <= header.columns[0]!.index) {
    return intake.invalid(cells.join(header.separator), line, "has too few columns");
  }
  for (const { index, type } of header.columns) {
    const text = cells[index]?.trim() ?? "";
    if (text === "") continue;
    const named = type ?? (header.typeColumn === undefined ? "" : cells[header.typeColumn] ?? "");
    readTyped(text, named, line, intake, options.kind);
  }
}

/**
 * A value with the name of its type, which may be composite as in MISP:
 * `domain|ip` has two values, `filename|sha256` one that is looked for.
 */
export function readTyped(
  text: string,
  type: string,
  spot: number | string,
  intake: Intake,
  kind?: ObservableKind,
): void {
  if (kind !== undefined || type === "") return intake.value(text, spot, kind);
  const types = type === "malware-sample" ? ["filename", "md5"] : type.split("|");
  const values = types.length > 1 ? text.split("|") : [text];
  let taken = false;
  for (const [index, name] of types.entries()) {
    const is = typeNamed(name);
    const value = values[index]?.trim() ?? "";
    if (is === undefined || value === "") continue;
    taken = true;
    intake.value(value, spot, kindFor(is));
  }
  if (!taken) intake.ignore(`type ${type.slice(0, 40)} is not looked for`);
}

/** A parser that is fed pieces of text. */
export interface CsvRows {
  feed(text: string): void;
  end(): void;
}

/** Calls back with the cells of each row and the line where it starts; empty lines and `#` comments are skipped. */
export function createCsvRows(
  separator: string,
  visit: (cells: string[], line: number) => void,
  name = "",
): CsvRows {
  let cells: string[] = [];
  let cell = "";
  /** `start`: before a cell; `bare` and `quoted`: inside; `closed`: after a quote that may end it; `comment`. */
  let state: "start" | "bare" | "quoted" | "closed" | "comment" = "start";
  let line = 1;
  let rowLine = 1;

  function endCell(): void {
    if (cells.length < MAX_CELLS) cells.push(state === "closed" ? cell : cell.trim());
    cell = "";
    state = "start";
  }

  function endRow(): void {
    if (state !== "comment") {
      endCell();
      if (cells.length > 1 || cells[0] !== "") visit(cells, rowLine);
    }
    cells = [];
    cell = "";
    state = "start";
    rowLine = line + 1;
  }

  function take(char: string): void {
    if (state === "quoted") {
      if (char === '"') state = "closed";
      else cell += char;
      if (cell.length > MAX_FIELD) throw unclosed();
    } else if (char === "\n") {
      endRow();
    } else if (state === "comment") {
      return;
    } else if (char === separator) {
      endCell();
    } else if (char === '"' && state === "closed") {
      cell += char;
      state = "quoted";
    } else if (char === '"' && state === "start" && cell.trim() === "") {
      cell = "";
      state = "quoted";
    } else if (char === "#" && state === "start" && cells.length === 0) {
      state = "comment";
    } else if (state !== "closed") {
      cell += char;
      if (state === "start" && char.trim() !== "") state = "bare";
      if (cell.length > MAX_FIELD) throw unclosed();
    }
  }

  /** Where the characters end that only belong to the cell, so that they are taken at once. */
  function runEnd(text: string, from: number): number {
    if (state === "start" || state === "closed") return from;
    const stop = state === "bare" ? separator : state === "quoted" ? '"' : "\n";
    let end = from;
    while (end < text.length && text[end] !== stop && text[end] !== "\n") end++;
    return end;
  }

  function unclosed(): InputError {
    return new InputError("A field does not end: a closing quote is missing", {
      place: { file: name, line: rowLine },
    });
  }

  return {
    feed(text) {
      for (let i = 0; i < text.length; i++) {
        const end = runEnd(text, i);
        if (end > i) {
          if (state !== "comment") cell += text.slice(i, end);
          i = end;
          if (i === text.length) break;
        }
        take(text[i]!);
        if (text[i] === "\n") line++;
      }
      if (cell.length > MAX_FIELD) throw unclosed();
    },
    end() {
      if (state === "quoted") throw unclosed();
      endRow();
    },
  };
}
