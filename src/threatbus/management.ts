/**
 * The management protocol of a Threat Bus: one JSON object a request, one a
 * reply, REQ to REP on the `manage` endpoint. Recorded from Threat Bus 2022.5.16.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import { pythonJson } from "../stix/python_json.ts";

const SECONDS_PER_DAY = 86_400;
/** Python's `timedelta` holds no more. */
const MAX_DAYS = 999_999_999;

/** What an app asks of the broker. */
export type ManagementRequest =
  | {
    readonly action: "subscribe";
    /** Human topics, prefixes of `stix2/indicator` and `stix2/sighting`. */
    readonly topics: readonly string[];
    /** Whole days of history asked for; 0 or less is none. */
    readonly snapshotDays: number;
  }
  | { readonly action: "unsubscribe" | "heartbeat"; /** The p2p topic. */ readonly topic: string };

/** What the broker makes of a request's bytes. */
export type ReadRequest =
  | ManagementRequest
  /** Answered with `{"status": "error"}`. */
  | { readonly action: "error"; readonly detail: string }
  /** Answered with `{"status": "unknown request"}`. */
  | { readonly action: "unknown"; readonly detail: string };

/** A subscription as granted: where to listen and to publish. */
export interface Grant {
  /** 32 lower-case letters that begin every message to this subscriber. */
  readonly topic: string;
  readonly pubPort: number;
  readonly subPort: number;
}

/** What the broker says to a request. */
export type ManagementReply =
  | { readonly status: "success"; readonly grant?: Grant }
  | { readonly status: "error" | "unknown request" }
  /** Not a reply of a Threat Bus. */
  | { readonly status: "malformed"; readonly detail: string };

/** Reads JSON that has to be plain UTF-8 without byte order mark. */
function readJson(bytes: Uint8Array): JsonValue {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  return JSON.parse(text);
}

/** Writes a request as `pyzmq`'s `send_json` does for the real app. */
export function encodeRequest(request: ManagementRequest): Uint8Array<ArrayBuffer> {
  const { action } = request;
  const json: JsonObject = action === "subscribe"
    ? { action, topic: oneOrMany(request.topics), snapshot: request.snapshotDays }
    : { action, topic: request.topic };
  return new TextEncoder().encode(pythonJson(json));
}

function oneOrMany(topics: readonly string[]): JsonValue {
  return topics.length === 1 ? topics[0]! : [...topics];
}

/** Reads a request as the real broker does; never throws. */
export function decodeRequest(bytes: Uint8Array): ReadRequest {
  let json: JsonValue;
  try {
    json = readJson(bytes);
  } catch (error) {
    return { action: "error", detail: `Request is not JSON: ${(error as Error).message}` };
  }
  if (!isJsonObject(json)) return { action: "error", detail: "Request is not a JSON object" };
  const days = readDays(json.snapshot);
  if (days === undefined) {
    return { action: "error", detail: `Snapshot is not a number of days: ${brief(json.snapshot)}` };
  }
  return readAction(json, days);
}

function readAction(json: JsonObject, snapshotDays: number): ReadRequest {
  const { action, topic } = json;
  if (action !== "subscribe" && action !== "unsubscribe" && action !== "heartbeat") {
    return { action: "unknown", detail: `Unknown action ${brief(action)}` };
  }
  if (!isTruthy(topic)) return { action: "unknown", detail: `No topic to ${action}` };
  if (action !== "subscribe") {
    if (typeof topic === "string") return { action, topic };
    return { action: "error", detail: `Topic to ${action} is not a text: ${brief(topic)}` };
  }
  const topics = Array.isArray(topic) ? topic : [topic];
  if (topics.every((item) => typeof item === "string")) {
    return { action, topics, snapshotDays };
  }
  return { action: "error", detail: `Topic is not a text or a list of texts: ${brief(topic)}` };
}

/** Python's truth: what the real broker takes as given. */
function isTruthy(value: JsonValue | undefined): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isJsonObject(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** Python's `int()`: whole numbers, floats cut, texts of digits; missing is 0. */
function readDays(value: JsonValue | undefined): number | undefined {
  if (value === undefined) return 0;
  if (typeof value === "boolean") return value ? 1 : 0;
  let days = NaN;
  if (typeof value === "number") days = Math.trunc(value);
  if (typeof value === "string" && /^\s*[+-]?\d+(?:_\d+)*\s*$/.test(value)) {
    days = Number(value.replaceAll("_", ""));
  }
  return Math.abs(days) <= MAX_DAYS ? days + 0 : undefined;
}

function brief(value: JsonValue | undefined): string {
  const text = JSON.stringify(value) ?? "missing";
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Writes a reply; byte for byte the real broker's. */
export function encodeReply(
  reply: Exclude<ManagementReply, { status: "malformed" }>,
): Uint8Array<ArrayBuffer> {
  const { status } = reply;
  const grant = status === "success" ? reply.grant : undefined;
  const json: JsonObject = grant
    ? { topic: grant.topic, pub_port: grant.pubPort, sub_port: grant.subPort, status }
    : { status };
  return new TextEncoder().encode(pythonJson(json));
}

/** Reads a reply; never throws. */
export function decodeReply(bytes: Uint8Array): ManagementReply {
  let json: JsonValue;
  try {
    json = readJson(bytes);
  } catch (error) {
    return { status: "malformed", detail: `Reply is not JSON: ${(error as Error).message}` };
  }
  if (!isJsonObject(json)) return { status: "malformed", detail: "Reply is not a JSON object" };
  const { status } = json;
  if (status === "error" || status === "unknown request") return { status };
  if (status !== "success") {
    return { status: "malformed", detail: `Reply has the status ${brief(status)}` };
  }
  if (json.topic === undefined) return { status };
  return readGrant(json);
}

function readGrant(json: JsonObject): ManagementReply {
  const { topic, pub_port: pubPort, sub_port: subPort } = json;
  if (typeof topic !== "string" || topic === "") {
    return { status: "malformed", detail: `Granted topic is ${brief(topic)}` };
  }
  if (!isPort(pubPort) || !isPort(subPort)) {
    const ports = `${brief(pubPort)} and ${brief(subPort)}`;
    return { status: "malformed", detail: `Granted ports are ${ports}` };
  }
  return { status: "success", grant: { topic, pubPort, subPort } };
}

function isPort(value: JsonValue | undefined): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value < 65_536;
}

/** Days to the seconds that stand in a SnapshotRequest. */
export function daysToSeconds(days: number): number {
  return days * SECONDS_PER_DAY;
}
