import { isJsonObject, type JsonObject } from "../../json.ts";
import { type ChildEnd, errorOf, NodeAwayError } from "./errors.ts";
import type { Layouts } from "./predicates.ts";

/** Reading what `vast` printed, and how it ended. */

/** How an export ended when nothing went wrong. */
export interface ExportEnd {
  /** The limit of events was reached, so there may be more. */
  readonly limited: boolean;
  /**
   * VAST's log says that the query ran to its end. A user's configuration may silence the log;
   * then a node that stopped midway looks the same.
   */
  readonly sure: boolean;
}

/**
 * Tells the end of the answer from an answer cut short: both exit with 0, but a
 * query that did not run to its end is said to have taken `0.0ns`.
 */
export function exportEnd(
  end: ChildEnd,
  answered: boolean,
  cutLine: boolean,
  endpoint: string,
): ExportEnd {
  const error = errorOf(end, endpoint);
  if (error) throw error;
  const limited = /json-writer reached limit of \d+ events/.test(end.stderr);
  const unfinished = /exporter processed .* in 0\.0ns/.test(end.stderr) ||
    end.stderr.includes("initiating graceful shutdown");
  // A log that is silenced tells neither.
  const sure = limited || end.stderr.includes("exporter processed");
  if (cutLine || (unfinished && !limited) || (!sure && !answered)) {
    const reason = answered ? "gone" : "cut_short";
    throw new NodeAwayError(reason, `VAST at ${endpoint} ended a query before its end`);
  }
  return { limited, sure };
}

/** The version in what `vast version` prints. */
export function versionIn(text: string): string | undefined {
  const version = parseObject(text)?.["VAST"];
  return typeof version === "string" ? version : undefined;
}

/** The statistics of the index in `vast status --detailed`. */
export function layoutsIn(status: JsonObject): Layouts {
  // deno-lint-ignore no-explicit-any
  const layouts = (status as any).index?.statistics?.layouts;
  if (typeof layouts !== "object" || layouts === null) return undefined;
  return new Map(
    Object.entries(layouts as Record<string, { count?: unknown }>).map((
      [name, { count }],
    ) => [name, Number(count) || 0]),
  );
}

/** A JSON object, undefined if the text is something else. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
