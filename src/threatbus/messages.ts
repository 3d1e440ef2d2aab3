/**
 * What travels on a Threat Bus: ONE frame, `<topic> <json>`. Towards the broker the
 * topic is a human one (`stix2/indicator`), towards a subscriber it is the p2p topic
 * with the message type appended. Recorded from Threat Bus 2022.5.16.
 */
import { readReceived, type ReceivedIndicator } from "../intel/received_indicator.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import { canonicalStix, canonicalStixObject, type StixFaultReason } from "../stix/canonical.ts";
import { pythonJson, respellMembers } from "../stix/python_json.ts";
import type { Message } from "../zmtp/mod.ts";
import { type MessageType, PUBLISH_TOPICS } from "./topics.ts";

/** Asks connected apps for their past: `snapshot` seconds of it, of one type. */
export interface SnapshotRequest {
  readonly snapshotType: "indicator" | "sighting";
  /** Names the snapshot; answers carry it. */
  readonly snapshotId: string;
  readonly seconds: number;
}

/** One answer to a SnapshotRequest. */
export interface SnapshotEnvelope {
  readonly snapshotType: "indicator" | "sighting";
  readonly snapshotId: string;
  /** The STIX object as JSON text. */
  readonly body: string;
}

/** Why a message was not taken; few fixed values, so that they can be counted. */
export type RefusalReason =
  | StixFaultReason
  | "too-large"
  | "not-one-frame"
  | "not-utf-8"
  | "wrong-topic"
  | "unknown-type"
  | "bad-snapshot-request"
  | "bad-snapshot-envelope"
  | "unknown-snapshot";

/** A message that could not be understood. */
export interface Refused {
  readonly type: "refused";
  readonly reason: RefusalReason;
  /** In words, for a log. */
  readonly detail: string;
  /** STIX id, if it got that far. */
  readonly id?: string;
}

/** What happened to an indicator: it is there, was changed, or is to be forgotten. */
export type IndicatorUpdate = "ADD" | "EDIT" | "REMOVE";

/** An indicator to a subscriber. */
export interface IndicatorItem {
  readonly type: "indicator";
  readonly update: IndicatorUpdate;
  readonly id: string;
  /** The whole STIX 2.1 Indicator as received. */
  readonly indicator: JsonObject;
  /** The same as it came. */
  readonly json: string;
  /** The same with what decides about it read; the rest is parsed only when it is asked for. */
  readonly received?: ReceivedIndicator;
}

/** A message to a subscriber. */
export type Item =
  | IndicatorItem
  | { readonly type: "sighting"; readonly id: string; readonly sighting: JsonObject }
  | { readonly type: "snapshotrequest"; readonly request: SnapshotRequest }
  | Refused;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Splits a frame at its first space into topic and JSON text. */
export function splitMessage(frame: Uint8Array): { topic: string; json: string } | Refused {
  let text: string;
  try {
    text = decoder.decode(frame);
  } catch {
    return refused("not-utf-8", `Message of ${frame.length} bytes is not UTF-8`, idIn(frame));
  }
  const space = text.indexOf(" ");
  if (space < 0) return refused("wrong-topic", "Message has no space after its topic");
  return { topic: text.slice(0, space), json: text.slice(space + 1) };
}

/** Reads what the broker sent to the subscriber with this p2p topic; never throws. */
export function decodeDelivery(frame: Uint8Array, p2pTopic: string): Item {
  // The most frequent message by far is read without parsing it.
  const head = indicatorHead(p2pTopic);
  const received = startsWith(frame, head) ? readReceived(frame.subarray(head.length)) : undefined;
  return received === undefined ? decodeByText(frame, p2pTopic) : new ReceivedItem(received);
}

/** What messages with indicators start with; the last one is kept, as a subscriber has one topic. */
const indicatorHead = rememberLast((p2pTopic: string) => encoder.encode(`${p2pTopic}indicator `));

function rememberLast<K, V>(make: (key: K) => V): (key: K) => V {
  let last: { readonly key: K; readonly value: V } | undefined;
  return (key) => {
    if (last?.key !== key) last = { key, value: make(key) };
    return last.value;
  };
}

function startsWith(frame: Uint8Array, head: Uint8Array): boolean {
  if (frame.length < head.length) return false;
  for (let at = 0; at < head.length; at++) if (frame[at] !== head[at]) return false;
  return true;
}

/** The same of any message, by the text that it is. */
export function decodeByText(frame: Uint8Array, p2pTopic: string): Item {
  const split = splitMessage(frame);
  if ("type" in split) return split;
  if (!split.topic.startsWith(p2pTopic)) {
    return refused("wrong-topic", `Message is for another topic: ${split.topic.slice(0, 40)}`);
  }
  const kind = split.topic.slice(p2pTopic.length);
  if (kind !== "indicator" && kind !== "sighting" && kind !== "snapshotrequest") {
    return refused("unknown-type", `Message type ${JSON.stringify(kind.slice(0, 40))}`);
  }
  const parsed = parseObject(split.json);
  if ("refused" in parsed) return parsed.refused;
  const { object } = parsed;
  if (object.type !== kind) {
    const holds = JSON.stringify(object.type)?.slice(0, 40);
    return refused("unsupported-type", `${kind} message holds type ${holds}`, object.id);
  }
  if (kind === "snapshotrequest") return readSnapshotRequest(object);
  return kind === "indicator" ? readIndicator(object, split.json) : readSighting(object);
}

/** Most characters of a detail and of an id: they stand in logs, and the peer wrote them. */
const LONGEST_DETAIL = 300;
const LONGEST_ID = 100;

/** Makes a refusal; `id` is kept if it is a text. */
export function refused(reason: RefusalReason, detail: string, id?: unknown): Refused {
  return {
    type: "refused",
    reason,
    detail: cut(detail, LONGEST_DETAIL),
    ...(typeof id === "string" && { id: cut(id, LONGEST_ID) }),
  };
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

/** Longest message in bytes that is taken; longer ones are not even kept while they are read. */
export const LONGEST_MESSAGE = 1 << 24;

/** Refuses a message that has a frame longer than `longest` bytes, was cut, or is not one frame. */
export function checkFrames(message: Message, longest: number): Refused | undefined {
  const { cutFrom } = message;
  const long = cutFrom === undefined ? message.find(({ length }) => length > longest) : message[0];
  if (long !== undefined) {
    return refused("too-large", `Message of ${cutFrom ?? long.length} bytes`, idIn(long));
  }
  if (message.length === 1) return undefined;
  const id = message.slice(0, 3).map(idIn).find((id) => id !== undefined);
  return refused("not-one-frame", `Message of ${message.length} frames`, id);
}

function parseObject(json: string): { object: JsonObject } | { refused: Refused } {
  try {
    const object: unknown = JSON.parse(json);
    if (isJsonObject(object)) return { object };
    return { refused: refused("not-an-object", "Message is not a JSON object") };
  } catch (error) {
    return { refused: refused("malformed-json", (error as Error).message, idIn(json)) };
  }
}

/** What looks like the id in a message that can't be read, for the log. */
export function idIn(message: Uint8Array | string): string | undefined {
  const start = typeof message === "string"
    ? message.slice(0, 4096)
    : new TextDecoder("latin1").decode(message.subarray(0, 4096));
  return /\b(?:indicator|sighting)--[0-9a-f-]{36}\b/i.exec(start)?.[0];
}

const INDICATOR_ID = /^indicator--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function readIndicator(indicator: JsonObject, json: string): Item {
  const { id, pattern } = indicator;
  if (typeof id !== "string" || !INDICATOR_ID.test(id)) {
    return refused("bad-id", "Indicator has no id of the form indicator--<UUID>", id);
  }
  const update = readUpdate(indicator);
  if (update === undefined) {
    const given = JSON.stringify(indicator.x_threatbus_update);
    return refused("bad-property", `x_threatbus_update is ${given}, expected EDIT or REMOVE`, id);
  }
  // What is to be forgotten is named by its id; it needs no pattern any more.
  if (update !== "REMOVE" && (typeof pattern !== "string" || pattern.trim() === "")) {
    return refused("no-pattern", "Indicator has no pattern", id);
  }
  return { type: "indicator", update, id, indicator, json };
}

/** An indicator whose object is parsed when it is asked for. A class, as a million have these getters. */
class ReceivedItem implements IndicatorItem {
  readonly type = "indicator";
  readonly update = "ADD";

  constructor(readonly received: ReceivedIndicator) {}

  get id(): string {
    return this.received.id;
  }

  get json(): string {
    return this.received.json;
  }

  get indicator(): JsonObject {
    return this.received.stix;
  }
}

function readUpdate(indicator: JsonObject): IndicatorUpdate | undefined {
  const update = indicator.x_threatbus_update;
  if (update === undefined || update === null) return "ADD";
  const name = typeof update === "string" ? update.toUpperCase() : "";
  return name === "ADD" || name === "EDIT" || name === "REMOVE" ? name : undefined;
}

function readSighting(sighting: JsonObject): Item {
  const { id } = sighting;
  if (typeof id === "string") return { type: "sighting", id, sighting };
  return refused("bad-id", "Sighting has no id");
}

const SNAPSHOT_TYPES = ["indicator", "sighting"] as const;

function readSnapshotRequest(object: JsonObject): Item {
  const snapshotType = snapshotTypeOf(object.snapshot_type);
  const { snapshot_id: snapshotId, snapshot: seconds } = object;
  if (!snapshotType || typeof snapshotId !== "string" || typeof seconds !== "number") {
    return refused("bad-snapshot-request", `Not a SnapshotRequest: ${pythonJson(object)}`);
  }
  return { type: "snapshotrequest", request: { snapshotType, snapshotId, seconds } };
}

/** The type that a number on the wire, or its digits, stand for. */
function snapshotTypeOf(value: unknown): SnapshotRequest["snapshotType"] | undefined {
  // Not of any value: an object may have a `toString` that is no function.
  const number = typeof value === "string" ? Number(value) : value;
  return typeof number === "number" ? SNAPSHOT_TYPES[number - 1] : undefined;
}

/** The number that stands for a type on the wire. */
function snapshotTypeNumber(type: "indicator" | "sighting"): 1 | 2 {
  return type === "indicator" ? 1 : 2;
}

/** A SnapshotRequest as JSON. */
export function encodeSnapshotRequest(request: SnapshotRequest): string {
  return pythonJson({
    type: "snapshotrequest",
    snapshot_type: snapshotTypeNumber(request.snapshotType),
    snapshot_id: request.snapshotId,
    snapshot: request.seconds,
  });
}

/** Reads the JSON of a SnapshotEnvelope; the body is not yet checked. */
export function decodeEnvelope(json: string): SnapshotEnvelope | Refused {
  const parsed = parseObject(json);
  if ("refused" in parsed) return parsed.refused;
  const { type, snapshot_type: number, snapshot_id: snapshotId } = parsed.object;
  const snapshotType = snapshotTypeOf(number);
  if (type !== "snapshotenvelope" || !snapshotType || typeof snapshotId !== "string") {
    return refused("bad-snapshot-envelope", "Not a SnapshotEnvelope with type and snapshot_id");
  }
  const body = respellMembers(json).get("body");
  if (body === undefined) return refused("bad-snapshot-envelope", "SnapshotEnvelope has no body");
  return { snapshotType, snapshotId, body };
}

/**
 * The message that publishes an indicator or sighting, checked and written as the
 * real apps do. `stix` is JSON text, or an object (whose whole numbers are written as integers).
 */
export function encodeStix(stix: string | JsonObject): Uint8Array<ArrayBuffer> | Refused {
  const result = typeof stix === "string"
    ? canonicalStix(stix, "app")
    : canonicalStixObject(stix, "app");
  if (!result.ok) return refused(result.fault.reason, result.fault.detail, idOf(stix));
  const { type, text } = result.value;
  return encoder.encode(`${PUBLISH_TOPICS[type]} ${text}`);
}

/** What stands before a sighting that is spelt as `encodeStix` would spell it, in its message. */
export const SIGHTING_HEAD = encoder.encode(`${PUBLISH_TOPICS.sighting} `);

/** The id of an object that is otherwise not as it should be. */
function idOf(stix: string | JsonObject): unknown {
  if (typeof stix !== "string") return stix.id;
  const parsed = parseObject(stix);
  return "object" in parsed ? parsed.object.id : undefined;
}

/** The message to the subscriber whose p2p topic this is; the JSON is encoded once for all. */
export function encodeDelivery(
  p2pTopic: Uint8Array,
  type: MessageType,
  json: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const head = HEADS[type];
  const message = new Uint8Array(p2pTopic.length + head.length + json.length);
  message.set(p2pTopic);
  message.set(head, p2pTopic.length);
  message.set(json, p2pTopic.length + head.length);
  return message;
}

const HEADS: Readonly<Record<MessageType, Uint8Array>> = {
  indicator: encoder.encode("indicator "),
  sighting: encoder.encode("sighting "),
  snapshotrequest: encoder.encode("snapshotrequest "),
};
