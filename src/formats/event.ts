import type { JsonObject, JsonValue } from "../json.ts";
import { guessLog } from "../match/fields/log_name.ts";

/** What Suricata, Zeek and ECS call the two ends of a flow; the first name that is there counts. */
const ENDPOINTS = {
  source: [["src_ip", "src_port"], ["id.orig_h", "id.orig_p"], ["source.ip", "source.port"]],
  target: [["dest_ip", "dest_port"], ["id.resp_h", "id.resp_p"], [
    "destination.ip",
    "destination.port",
  ]],
} as const;

/** What kind of event it is, in the words of its source: `dns`, `http`, `conn`. */
export function typeOf(event: JsonObject): string {
  // Zeek's JSON says it only if told to: then the fields do.
  return textOf(event["event_type"] ?? event["_path"] ?? event["type"] ?? guessLog(event));
}

/** One end of the flow as address and port, empty where there is none. */
export function endpointOf(
  event: JsonObject,
  end: keyof typeof ENDPOINTS,
): readonly [address: string, port: string] {
  for (const [address, port] of ENDPOINTS[end]) {
    const found = textOf(look(event, address));
    if (found !== "") return [found, textOf(look(event, port))];
  }
  return ["", ""];
}

/** Zeek's `id.orig_h` is a flat key in its JSON and a record in VAST's; ECS has both, too. */
function look(event: JsonObject, name: string): JsonValue | undefined {
  if (event[name] !== undefined) return event[name];
  const [record, field] = name.split(".");
  const inner = field === undefined ? undefined : event[record!];
  return typeof inner === "object" && inner !== null && !Array.isArray(inner)
    ? inner[field!]
    : undefined;
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
