/** What `bridge pattern match` does: a pattern on files of STIX observed-data. */
import { InputError } from "../errors.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import { matchObservations, readObservedData } from "../stix/eval/match_observed.ts";
import {
  type ParseOptions,
  parsePattern,
  PatternError,
  patternProblems,
} from "../stix/pattern/mod.ts";

/** The objects of a JSON file: one, or a list of them. */
async function readObjects(file: string): Promise<JsonObject[]> {
  const text = await readText(file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError(`Not JSON: ${(error as Error).message}`, { place: { file } });
  }
  const list = Array.isArray(value) ? value : [value];
  if (!list.every((item) => isJsonObject(item))) {
    throw new InputError("Expected STIX objects", {
      place: { file },
      hint: "Give observed-data, a list of it, or a bundle.",
    });
  }
  return list;
}

async function readText(file: string): Promise<string> {
  if (file === "-") return await new Response(Deno.stdin.readable).text();
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    throw new InputError(`Can't be read: ${(error as Error).message}`, { place: { file } });
  }
}

/** What an observation is called, in the order in which `readObservedData` gives them. */
function namesOf(data: readonly JsonObject[]): string[] {
  const inside = data.flatMap(({ objects }) => Array.isArray(objects) ? objects : []);
  const observed = data.some(({ objects }) => Array.isArray(objects))
    ? inside.filter((object) => isJsonObject(object) && object["type"] === "observed-data")
    : data;
  return observed.map((object, index) => {
    const id = isJsonObject(object) ? object["id"] : undefined;
    return typeof id === "string" ? id : String(index);
  });
}

/**
 * Ids of the observed-data that together fulfil a pattern (their places from 0
 * where they have none); empty if it doesn't match. Throws `InputError`.
 */
export async function matchFiles(
  text: string,
  files: readonly string[],
  options: ParseOptions = {},
): Promise<string[]> {
  const pattern = parsePattern(text, options);
  const problem = patternProblems(text, options).find(({ harmless }) => !harmless);
  if (problem !== undefined) throw new PatternError(problem.message, text, problem.column - 1);
  const data = (await Promise.all(files.map(readObjects))).flat();
  const names = namesOf(data);
  return matchObservations(pattern, readObservedData(data)).map((index) => names[index]!);
}
