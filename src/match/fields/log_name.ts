/** Which log an event is from; kept apart from the table's compiled form, as formats ask too. */
import type { JsonObject } from "../../json.ts";
import { compilePresence } from "./lookup.ts";
import { type FieldGroup, FIELDS } from "./table.ts";

const ZEEK = FIELDS.filter(({ source }) => source === "Zeek");
const TOLD = ZEEK.map((group) => ({ group, fields: group.told!.map(compilePresence) }));
const ZEEK_BY_NAME = new Map(ZEEK.map((group) => [group.log, group]));

export function isSuricata(event: JsonObject): boolean {
  return typeof event["event_type"] === "string" || "src_ip" in event || "dest_ip" in event;
}

/** The log of a Zeek event: what it says itself, else the one whose fields it has. */
export function zeekGroup(event: JsonObject): FieldGroup | undefined {
  const path = event["_path"] ?? event["#path"];
  const named = typeof path === "string" ? ZEEK_BY_NAME.get(path) : undefined;
  return named ?? TOLD.find(({ fields }) => fields.some((isThere) => isThere(event)))?.group;
}

/** The name of the log of an event that doesn't say it, by its fields; undefined if they tell none. */
export function guessLog(event: JsonObject): string | undefined {
  if (isSuricata(event)) return undefined;
  const log = zeekGroup(event)?.log;
  return log === "*" ? undefined : log;
}
