/** Reading allow-lists: MISP warninglists as they are, and plain text. */
import { InputError } from "../../errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../json.ts";
import { type Observable, OBSERVABLE_KINDS, type ObservableKind } from "../../match/observable.ts";
import { observe } from "../observe.ts";
import { type IocInput, openInput } from "../readers/input.ts";
import { valueOfLine } from "../readers/lines.ts";
import { kindFor, typeNamed } from "../readers/types.ts";
import { type AllowList, type AllowListParts, createAllowList } from "./allow_list.ts";

/** The largest list: the top million sites are 30 MiB. */
const MAX_BYTES = 256 << 20;

/** Reads one list; throws `InputError` if it is none. */
export async function readAllowList(input: IocInput): Promise<AllowList> {
  const opened = await openInput(input);
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of opened.chunks) {
    length += chunk.length;
    if (length > MAX_BYTES) throw wrong(input, `Allow-list is larger than ${MAX_BYTES >> 20} MiB`);
    text += decoder.decode(chunk, { stream: true });
  }
  text += decoder.decode();
  return createAllowList(
    text.trimStart().startsWith("{") ? warninglist(text, input) : plainList(text, input),
  );
}

/** A value a line; `.example.com` and `*.example.com` stand for all below too. */
function plainList(text: string, input: IocInput): AllowListParts {
  const values: Observable[] = [];
  const hosts: Observable[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = valueOfLine(raw);
    if (line === "") continue;
    const below = /^\*?\.(.+)$/.exec(line)?.[1];
    const observable = observe(below ?? line) ?? observe(below ?? line, "domain");
    if (observable === undefined) {
      throw wrong(
        input,
        `${JSON.stringify(line.slice(0, 120))} is no value for an allow-list`,
        index + 1,
      );
    }
    (below === undefined ? values : hosts).push(observable);
  }
  return { name: input.name, values, hosts };
}

/** A MISP warninglist (misp-warninglists, schema.json). */
function warninglist(text: string, input: IocInput): AllowListParts {
  let json: JsonValue;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw wrong(input, `Malformed JSON: ${(error as Error).message}`);
  }
  if (!isJsonObject(json) || !Array.isArray(json["list"])) {
    throw wrong(input, "JSON is no MISP warninglist: it has no list");
  }
  const list = json["list"].filter((entry) => typeof entry === "string");
  const name = typeof json["name"] === "string" ? json["name"] : input.name;
  return { name, ...kindsOf(json), ...partsOf(json, list, input) };
}

function partsOf(json: JsonObject, list: string[], input: IocInput): Partial<AllowListParts> {
  const type = json["type"] ?? "string";
  switch (type) {
    case "string":
    case "cidr":
      return { values: list.flatMap((entry) => observe(entry) ?? observe(entry, "domain") ?? []) };
    case "hostname":
      return {
        hosts: list.flatMap((entry) => observe(entry.replace(/^\*?\./, ""), "domain") ?? []),
      };
    case "substring":
      return {
        substrings: list.map((entry) => entry.toLowerCase()).filter((entry) => entry !== ""),
      };
    case "regex":
      return { patterns: list.map((entry) => regex(entry, input)) };
    default:
      throw wrong(input, `Warninglist has the unknown type ${JSON.stringify(type)}`);
  }
}

/** Kinds that the list's attribute types stand for; all if it names none. */
function kindsOf(json: JsonObject): { kinds?: ReadonlySet<ObservableKind> } {
  const types = json["matching_attributes"];
  if (!Array.isArray(types) || types.length === 0) return {};
  const kinds = new Set<ObservableKind>();
  for (const type of types.flatMap((type) => String(type).split("|"))) {
    const named = typeNamed(type);
    if (named === undefined) continue;
    if (named !== "inferred") kinds.add(named);
    else if (/ip/.test(type)) ["ipv4", "ipv6", "cidr"].forEach((kind) => kinds.add(kind as "cidr"));
    else OBSERVABLE_KINDS.filter((kind) => kindFor(kind)).forEach((kind) => kinds.add(kind));
  }
  return { kinds };
}

/** A regular expression, bare or as `/…/flags`. */
function regex(entry: string, input: IocInput): RegExp {
  const [, source = entry, flags = ""] = /^\/(.*)\/([a-z]*)$/s.exec(entry) ?? [];
  try {
    return new RegExp(source, flags.includes("i") ? "i" : "");
  } catch (error) {
    throw wrong(input, `Not a regular expression: ${(error as Error).message}`);
  }
}

function wrong({ name }: IocInput, message: string, line?: number): InputError {
  return new InputError(message, {
    place: line === undefined ? { file: name } : { file: name, line },
    hint: "An allow-list is plain text with a value a line, or a MISP warninglist in JSON.",
  });
}
