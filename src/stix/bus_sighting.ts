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

/** Writes the sighting of one event in Python's spelling, ASCII, without newline. */
export type BusSpeller = (
  source: SightingSource,
  options?: Pick<SightingOptions, "uuid" | "now">,
) => Uint8Array;

/** Bytes that are cut from one allocation: each costs more than filling a few hundred of them. */
const SLAB = 64 * 1024;

/**
 * Makes a speller. A sighting with a number that no float holds can't be spelt so: it
 * is as `sightingBytes` writes it.
 */
export function createBusSpeller(): BusSpeller {
  let slab = new Uint8Array(0), used = 0;
  const spell = (head: string, context: Uint8Array): Uint8Array => {
    const room = head.length + roomFor(context.length) + 1;
    if (room > SLAB) return join(head, respellBytes(context));
    if (used + room > slab.length) [slab, used] = [new Uint8Array(SLAB), 0];
    const start = used;
    writeAscii(head, slab, start);
    const end = respellSimple(context, slab, start + head.length);
    if (end < 0) return join(head, respellBytes(context));
    slab[end] = CLOSE;
    used = end + 1;
    return slab.subarray(start, used);
  };
  return (source, options = {}) => {
    try {
      return spell(headOf(source, options), contextOf(source));
    } catch (error) {
      if (error instanceof RangeError) return sightingBytes(source, options);
      throw error;
    }
  };
}

/** Whether one of our own sightings is spelt as on the bus. */
export function isBusSighting(bytes: Uint8Array): boolean {
  for (let at = 0; at < OPENING_BYTES.length; at++) {
    if (bytes[at] !== OPENING_BYTES[at]) return false;
  }
  return true;
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

function writeAscii(text: string, into: Uint8Array, at: number): void {
  for (let index = 0; index < text.length; index++) into[at + index] = text.charCodeAt(index);
}

function join(head: string, context: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + context.length + 1);
  writeAscii(head, bytes, 0);
  bytes.set(context, head.length);
  bytes[bytes.length - 1] = CLOSE;
  return bytes;
}
