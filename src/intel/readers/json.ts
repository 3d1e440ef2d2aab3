/** STIX and MISP JSON, as one document or one object a line. */
import { InputError } from "../../errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../json.ts";
import { type OpenInput, textInput } from "./input.ts";
import type { Intake, Spot } from "./intake.ts";
import { readMisp } from "./misp.ts";
import { readStix } from "./stix.ts";
import { visitLines } from "./text_lines.ts";

/** Limits of what a JSON source may ask of us. */
const MAX_DOCUMENT = 256 << 20;
const MAX_LINE = 16 << 20;
const MAX_DEPTH = 64;

/** What decides about JSON sources. */
export interface JsonOptions {
  /** Only this vocabulary; else whichever the objects are. */
  readonly only?: "stix" | "misp" | undefined;
  /** Values that MISP does not mark for detection count too. */
  readonly allAttributes?: boolean | undefined;
}

/** Reads JSON; throws `InputError` if it is malformed, too large, or neither STIX nor MISP. */
export async function readJson(
  input: OpenInput,
  name: string,
  intake: Intake,
  options: JsonOptions,
): Promise<void> {
  if (isNdjson(input.head)) return await readNdjson(input.chunks, intake, options);
  const text = await readAll(input, name);
  let value: JsonValue;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The first object may have been longer than the head.
    if (isNdjson(text)) return await readNdjson(textInput(name, text).open(), intake, options);
    throw new InputError(`Malformed JSON: ${(error as Error).message}`, { place: { file: name } });
  }
  if (!withinDepth(value)) {
    throw new InputError(`JSON is nested deeper than ${MAX_DEPTH} levels`, {
      place: { file: name },
    });
  }
  if (!readValue(value, "", intake, options)) {
    const wanted = options.only === undefined ? "STIX nor MISP" : `${options.only.toUpperCase()}`;
    throw new InputError(`JSON is ${options.only ? "not" : "neither"} ${wanted}`, {
      place: { file: name },
      hint: "Give a STIX 2.1 bundle or objects, or MISP events; other lists as plain lines or CSV.",
    });
  }
}

/** Several objects, each on its line. */
function isNdjson(head: string): boolean {
  const text = head.trim();
  const end = text.indexOf("\n");
  if (end < 0) return false;
  try {
    return isJsonObject(JSON.parse(text.slice(0, end)));
  } catch {
    return false;
  }
}

async function readNdjson(
  chunks: AsyncIterable<Uint8Array>,
  intake: Intake,
  options: JsonOptions,
): Promise<void> {
  const decoder = new TextDecoder();
  await visitLines(chunks, MAX_LINE, (bytes, start, end, line) => {
    if (end - start >= MAX_LINE) {
      return intake.invalid("", line, `is longer than ${MAX_LINE} bytes`);
    }
    const text = decoder.decode(bytes.subarray(start, end)).trim();
    if (text === "") return;
    let value: JsonValue;
    try {
      value = JSON.parse(text);
    } catch {
      return intake.invalid(text, line, "is not JSON");
    }
    if (!withinDepth(value)) return intake.invalid(text, line, "is nested too deeply");
    if (!readValue(value, line, intake, options)) {
      intake.invalid(text, line, "is neither STIX nor MISP");
    }
  });
}

/** Reads a document or line; false if it is nothing known. */
function readValue(value: JsonValue, spot: Spot, intake: Intake, options: JsonOptions): boolean {
  const at = (key: string | number) =>
    typeof spot === "number" ? spot : typeof key === "number" ? `${spot}[${key}]` : join(spot, key);
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      // A plain list in the clothes of JSON.
      if (typeof item === "string" && options.only === undefined) intake.value(item, at(index));
      else if (!readValue(item, at(index), intake, options)) {
        intake.invalid(JSON.stringify(item), at(index), "is neither STIX nor MISP");
      }
    }
    return true;
  }
  if (!isJsonObject(value)) return false;
  return options.only !== "misp" && readStix(value, at, intake) ||
    options.only !== "stix" && readMisp(value, at, intake, options.allAttributes === true);
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

async function readAll(input: OpenInput, name: string): Promise<string> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let length = 0;
  for await (const chunk of input.chunks) {
    length += chunk.length;
    if (length > MAX_DOCUMENT) {
      throw new InputError(`JSON document is larger than ${MAX_DOCUMENT >> 20} MiB`, {
        place: { file: name },
        hint: "Write one object a line (jq -c '.objects[]'): that is read as a stream.",
      });
    }
    parts.push(decoder.decode(chunk, { stream: true }));
  }
  return parts.join("") + decoder.decode();
}

/** Whether nothing is nested deeper than we go; level by level, as recursion would be the harm itself. */
function withinDepth(value: JsonValue): boolean {
  let level: (JsonValue[] | JsonObject)[] = isContainer(value) ? [value] : [];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= MAX_DEPTH) return false;
    level = level.flatMap((container) => Object.values(container).filter(isContainer));
  }
  return true;
}

function isContainer(value: JsonValue): value is JsonValue[] | JsonObject {
  return typeof value === "object" && value !== null;
}
