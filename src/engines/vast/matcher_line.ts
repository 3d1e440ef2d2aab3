import type { Match } from "../engine.ts";
import type { Indicator } from "../../intel/indicator.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../json.ts";
import { inferKind } from "../../match/canonical.ts";
import type { Observable } from "../../match/observable.ts";

/** One result of VAST's matcher, in the format that the ancestor reads. */
export interface MatcherLine {
  /** What was seen (matchers of ports and counts give numbers); null if the result does not say. */
  readonly value: string | number | null;
  /** STIX id of the indicator; a probabilistic matcher gives none. */
  readonly id: string | undefined;
  readonly event: JsonObject;
  readonly eventBytes: Uint8Array;
}

/** How the indicators behind a result are found. */
export interface KnownIndicators {
  /** `value` is what was seen, if that is known: most indicators are found sooner by it. */
  withId(id: string, value: string | undefined): Indicator | undefined;
  withValue(value: string): readonly Indicator[];
}

/** The ancestor's reference for results without a context. */
const UNKNOWN_ID = "note--00000000-0000-4000-8000-000000000000";

const CONTEXT = /^"?threatbus__(indicator--[0-9a-f-]{36})"?$/;

/**
 * Reads `{"indicator": {"value", "context"}, "type", "event"}`; the context is a
 * JSON text inside the JSON text, or null. Undefined if it is something else.
 */
export function readMatcherLine(line: Uint8Array): MatcherLine | undefined {
  const text = new TextDecoder().decode(line);
  const result = parse(text);
  if (!isJsonObject(result) || !isJsonObject(result["event"])) return undefined;
  const { event, indicator } = result;
  if (!isJsonObject(event) || !isJsonObject(indicator!)) return undefined;
  const { context = null } = indicator;
  const { value: told } = indicator;
  const value = typeof told === "string" || typeof told === "number" ? told : null;
  const id = typeof context === "string" ? CONTEXT.exec(context)?.[1] : undefined;
  if (context !== null && id === undefined) return undefined;
  if (value === null && id === undefined) return undefined;
  return { value, id, event, eventBytes: new TextEncoder().encode(eventText(text, event)) };
}

/** The event as it stands in the line, so that numbers keep all their digits. */
function eventText(text: string, event: JsonObject): string {
  const start = text.indexOf('"event":');
  const raw = text.slice(start + 8, text.lastIndexOf("}")).trim();
  return isJsonObject(parse(raw) ?? null) ? raw : JSON.stringify(event);
}

function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The matches of a result: of the indicator that the context names; without one,
 * of all that want the value. A value that nobody here wants (another program
 * feeds the matcher too) is reported under the ancestor's placeholder.
 */
export function matchesOf(line: MatcherLine, known: KnownIndicators): Match[] {
  const { value: told, id } = line;
  const value = told === null ? undefined : String(told);
  const named = id === undefined ? undefined : known.withId(id, value);
  const found = named ? [named] : value === undefined ? [] : known.withValue(value);
  const indicators = found.length > 0 ? found : [placeholder(value ?? "", id)];
  return indicators.map((indicator) => ({
    type: "LIVE",
    indicator,
    ...observableOf(indicator, value),
    told,
    where: { source: "vast" },
    event: { bytes: line.eventBytes, value: line.event },
  }));
}

function observableOf({ points }: Indicator, value: string | undefined): {
  readonly observable?: Observable;
} {
  const observable = points.find((point) => point.value === value) ?? points[0];
  if (observable !== undefined) return { observable };
  return value === undefined ? {} : { observable: { kind: inferKind(value) ?? "domain", value } };
}

function placeholder(value: string, id = UNKNOWN_ID): Indicator {
  return { id, pattern: value, stix: {}, points: [] };
}
