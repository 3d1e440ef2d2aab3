/**
 * Sightings as Threat Bus apps send them, byte for byte what `canonical.ts` makes of
 * them, so that they need neither check nor respelling on the way out.
 */
import type { JsonObject } from "../json.ts";
import { eventTimestamp } from "./event_time.ts";
import { respellBytes, respellSimple, roomFor } from "./python_bytes.ts";
import { pythonJson, pythonString } from "./python_json.ts";
import {
  contextOf,
  sightingBytes,
  sightingId,
  type SightingOptions,
  type SightingSource,
  timeText,
} from "./sighting.ts";

const encoder = new TextEncoder();
const OPENING = '{"type": "sighting", "spec_version": "2.1", "id": "';
const OPENING_BYTES = encoder.encode(OPENING);
const CLOSE = 0x7d;

/**
 * The sighting of one event in Python's spelling, ASCII, without newline. One with a
 * number that no float holds can't be spelt so: it is as `sightingBytes` writes it.
 */
export function busSightingBytes(
  source: SightingSource,
  options: Pick<SightingOptions, "uuid" | "now"> = {},
): Uint8Array {
  try {
    return spell(headOf(source, options), contextOf(source));
  } catch (error) {
    if (error instanceof RangeError) return sightingBytes(source, options);
    throw error;
  }
}

/** Whether one of our own sightings is spelt as on the bus. */
export function isBusSighting(bytes: Uint8Array): boolean {
  return OPENING_BYTES.every((byte, at) => bytes[at] === byte);
}

function headOf(
  source: SightingSource,
  { uuid, now = Date.now }: Pick<SightingOptions, "uuid" | "now">,
): string {
  const time = timeText(now());
  const lastSeen = source.event.value && eventTimestamp(source.event.value);
  return `${OPENING}${sightingId(source, undefined, uuid)}` +
    `", "created": "${time}", "modified": "${time}", ` +
    (lastSeen === undefined ? "" : `"last_seen": "${lastSeen}", `) +
    `"sighting_of_ref": ${pythonString(source.indicator.id)}, ${soughtFor(source)}, ` +
    `"x_threatbus_match_type": "${source.type}", "x_threatbus_sighting_context": `;
}

/** Indicators' texts; an indicator is often seen many times over. */
const texts = new WeakMap<JsonObject, string>();

function soughtFor({ type, observable, indicator: { stix } }: SightingSource): string {
  if (type === "LIVE" && observable !== undefined) {
    return `"x_threatbus_indicator_value": ${pythonString(observable.value)}`;
  }
  let text = texts.get(stix);
  if (text === undefined) texts.set(stix, text = pythonJson(stix));
  return `"x_threatbus_indicator": ${text}`;
}

function spell(head: string, context: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + roomFor(context.length) + 1);
  encoder.encodeInto(head, bytes);
  const end = respellSimple(context, bytes, head.length);
  if (end < 0) return join(head, respellBytes(context));
  bytes[end] = CLOSE;
  return bytes.subarray(0, end + 1);
}

function join(head: string, context: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + context.length + 1);
  encoder.encodeInto(head, bytes);
  bytes.set(context, head.length);
  bytes[bytes.length - 1] = CLOSE;
  return bytes;
}
