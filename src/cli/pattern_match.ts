/** What `bridge pattern match` does: patterns on files of STIX observed-data. */
import { BridgeError, InputError, UsageError } from "../errors.ts";
import { fileInput, openInput } from "../intel/readers/input.ts";
import { isStandardInput } from "../standard_input.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import {
  matchObservations,
  readObservedData,
  type StixObservation,
} from "../stix/eval/match_observed.ts";
import {
  type ParseOptions,
  parsePattern,
  PatternError,
  patternProblems,
} from "../stix/pattern/mod.ts";

/** What is to be evaluated on what. */
export interface MatchRequest extends ParseOptions {
  readonly patterns: readonly string[];
  /** `-` is standard input. */
  readonly files: readonly string[];
  /** Each file is looked at by itself, instead of all together. */
  readonly each: boolean;
}

/** The outcome of one pattern on one set of observed-data. */
export interface Verdict {
  readonly pattern: string;
  /** Where files are looked at one by one. */
  readonly file?: string;
  /** Absent if there is an error instead. */
  readonly matches?: boolean;
  /** Ids of the observed-data that together fulfil the pattern; places from 0 where there are none. */
  readonly ids?: readonly string[];
  readonly error?: string;
}

/** The text of a file; gzip, UTF-16 and byte order marks are undone. */
async function readText(file: string): Promise<string> {
  const { chunks } = await openInput(fileInput(file));
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return await new Blob(parts as BlobPart[]).text();
}

/** One JSON value, or one a line. */
function parseValues(text: string, file: string): unknown[] {
  if (text.trim() === "") throw new InputError("The file is empty", { place: { file } });
  try {
    return [JSON.parse(text)];
  } catch (error) {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    if (lines.length > 1 && lines[0]!.trim().endsWith("}")) {
      try {
        return lines.map((line) => JSON.parse(line));
      } catch {
        // The first error says more about what was meant to be one value.
      }
    }
    throw new InputError(`Not JSON: ${(error as Error).message}`, { place: { file } });
  }
}

/** The STIX objects of a JSON file. */
async function readObjects(file: string): Promise<JsonObject[]> {
  const list = parseValues(await readText(file), file).flat();
  if (!list.every((item) => isJsonObject(item))) {
    throw new InputError("Expected STIX objects", {
      place: { file },
      hint: "Give observed-data, a list of it, or a bundle.",
    });
  }
  return list as JsonObject[];
}

/** The patterns of a file, one a line; empty lines and those that begin with `#` say nothing. */
export async function readPatterns(file: string): Promise<string[]> {
  const lines = (await readText(file)).split("\n").map((line) => line.trim());
  const patterns = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (patterns.length === 0) throw new InputError("There is no pattern", { place: { file } });
  return patterns;
}

function evaluate(
  text: string,
  observed: readonly StixObservation[],
  options: ParseOptions,
): Omit<Verdict, "pattern" | "file"> {
  try {
    const pattern = parsePattern(text, options);
    const problem = patternProblems(text, options).find(({ harmless }) => !harmless);
    if (problem !== undefined) throw new PatternError(problem.message, text, problem.column - 1);
    const ids = matchObservations(pattern, observed)
      .map((index) => observed[index]!.id ?? String(index));
    return { matches: ids.length > 0, ids };
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error;
    return { error: error.message };
  }
}

/** Evaluates each pattern on the files. Throws `InputError` if a file can't be read. */
export async function* matchFiles(request: MatchRequest): AsyncGenerator<Verdict> {
  const { patterns, files, each, ...options } = request;
  if (files.filter(isStandardInput).length > 1) {
    throw new UsageError("Standard input can be read only once");
  }
  const groups = each ? files.map((file) => [file]) : [files];
  for (const group of groups) {
    const where = each ? { file: group[0]! } : {};
    let observed: readonly StixObservation[];
    try {
      observed = readObservedData((await Promise.all(group.map(readObjects))).flat());
    } catch (error) {
      // The other files still have their verdicts.
      if (!each || !(error instanceof InputError)) throw error;
      for (const pattern of patterns) yield { pattern, ...where, error: error.message };
      continue;
    }
    for (const pattern of patterns) {
      yield { pattern, ...where, ...evaluate(pattern, observed, options) };
    }
  }
}

/** A verdict for people: the ids alone for one pattern, else tabs between file, pattern and ids. */
export function renderVerdict({ pattern, file, ids = [] }: Verdict, alone: boolean): string {
  if (ids.length === 0) return "";
  if (alone) return ids.map((id) => `${id}\n`).join("");
  return [...(file === undefined ? [] : [file]), pattern, ids.join(" ")].join("\t") + "\n";
}
