/**
 * STIX 2.1 sightings (§5.2) in the ancestor's form: the event and the indicator
 * travel along in custom properties. Written as text straight from the event's
 * own bytes, since there may be tens of thousands a second.
 */
import type { JsonObject } from "../json.ts";
import { eventTimestamp } from "./event_time.ts";
import { sightingUuid } from "./ids.ts";

/** What a sighting tells of; `Match` of the engines is one. */
export interface SightingSource {
  readonly type: "RETRO" | "LIVE";
  readonly indicator: { readonly id: string; readonly stix: JsonObject };
  /** The value that was seen; absent when a compound pattern matched. */
  readonly observable?: { readonly value: string };
  /**
   * What the telemetry's own matcher says that it saw, in the observable's place; null if it
   * does not say.
   */
  readonly told?: string | number | null;
  /** The event as one line of JSON, and parsed (for its time, where no window tells one). */
  readonly event: { readonly bytes: Uint8Array; readonly value?: JsonObject };
  /** What goes out as context in the event's place, JSON on one line. */
  readonly context?: Uint8Array;
}

/** Makes one sighting stand for many events of one indicator. */
export interface SightingWindow {
  /** Names the window; the same window gives the same id, so a later one replaces it. */
  readonly name: string;
  /** Events in it so far, at least 1. */
  readonly count: number;
  /** STIX timestamps of the earliest and the latest of them. */
  readonly firstSeen: string;
  readonly lastSeen: string;
  /** When it was told for the first time and this time, ms since the epoch; unset is now. */
  readonly told?: { readonly first: number; readonly now: number };
}

export interface SightingOptions {
  readonly window?: SightingWindow;
  /** Declares the custom properties, so that strict readers take them (see `EXTENSION`). */
  readonly declared?: boolean;
  /** The sighting's UUID, for who has it already. */
  readonly uuid?: string | undefined;
  /** Milliseconds since the epoch, for `created` and `modified`. */
  readonly now?: () => number;
}

const EXTENSION_ID = "extension-definition--4b7c183f-eba0-56ea-b20d-ce0a1790f792";
const IDENTITY_ID = "identity--e9df6a31-280a-5a02-9c8c-18318519d4bf";

/** Who defines the extension; goes into a bundle with it. */
const EXTENSION_AUTHOR: JsonObject = {
  type: "identity",
  spec_version: "2.1",
  id: IDENTITY_ID,
  created: "2026-11-21T00:00:00.000Z",
  modified: "2026-11-21T00:00:00.000Z",
  name: "bridge",
  identity_class: "system",
};

/**
 * Declares the properties named `x_threatbus_…` (STIX 2.1 §7.3). Without it strict
 * readers (`stix2.parse` without `allow_custom`) refuse a sighting that has them.
 */
const EXTENSION: JsonObject = {
  type: "extension-definition",
  spec_version: "2.1",
  id: EXTENSION_ID,
  created_by_ref: IDENTITY_ID,
  created: "2026-11-21T00:00:00.000Z",
  modified: "2026-11-21T00:00:00.000Z",
  name: "Threat Bus sighting context",
  description: "The event that was seen, how it was found and the indicator it fulfils.",
  schema: "https://github.com/tenzir/threatbus",
  version: "1.0.0",
  extension_types: ["toplevel-property-extension"],
  extension_properties: [
    "x_threatbus_indicator",
    "x_threatbus_indicator_value",
    "x_threatbus_match_type",
    "x_threatbus_sighting_context",
  ],
};

const DECLARATION =
  `,"extensions":{"${EXTENSION_ID}":{"extension_type":"toplevel-property-extension"}}`;

const encoder = new TextEncoder();
/** Indicators' texts; an indicator is often seen many times over. */
const texts = new WeakMap<JsonObject, string>();

function textOf(stix: JsonObject): string {
  let text = texts.get(stix);
  if (text === undefined) texts.set(stix, text = JSON.stringify(stix));
  return text;
}

function seen(source: SightingSource, window: SightingWindow | undefined): string {
  if (window !== undefined) {
    return `,"first_seen":"${window.firstSeen}","last_seen":"${window.lastSeen}","count":${window.count}`;
  }
  const time = source.event.value && eventTimestamp(source.event.value);
  return time === undefined ? "" : `,"last_seen":"${time}"`;
}

/** The property that tells what was looked for: retro the whole indicator, live the value. */
function soughtFor({ type, observable, indicator, told = observable?.value }: SightingSource) {
  if (told === null) return "";
  return type === "LIVE" && told !== undefined
    ? `,"x_threatbus_indicator_value":${JSON.stringify(told)}`
    : `,"x_threatbus_indicator":${textOf(indicator.stix)}`;
}

/** What goes out as context, without blanks and a carriage return at the end. */
export function contextOf({ context, event }: SightingSource): Uint8Array {
  const bytes = context ?? event.bytes;
  let length = bytes.length;
  while (length > 0 && bytes[length - 1]! <= 0x20) length--;
  return length === bytes.length ? bytes : bytes.subarray(0, length);
}

let lastMillis = NaN;
let lastTime = "";

/** A count of milliseconds as a STIX timestamp; most are asked for many times over. */
export function timeText(millis: number): string {
  if (millis !== lastMillis) {
    lastTime = new Date(millis).toISOString();
    lastMillis = millis;
  }
  return lastTime;
}

/** STIX id of the sighting of one indicator in one event. */
export function sightingId(
  source: SightingSource,
  window?: SightingWindow,
  uuid = sightingUuid(source.indicator.id, source.event.bytes, window?.name),
): string {
  return `sighting--${uuid}`;
}

/** A sighting as one line of JSON, UTF-8, without newline. */
export function sightingBytes(source: SightingSource, options: SightingOptions = {}): Uint8Array {
  const { window, declared = false, uuid, now = Date.now } = options;
  const modified = timeText(window?.told?.now ?? now());
  const created = window?.told === undefined ? modified : new Date(window.told.first).toISOString();
  const head = encoder.encode(
    `{"type":"sighting","spec_version":"2.1","id":"${sightingId(source, window, uuid)}"` +
      `,"created":"${created}","modified":"${modified}"${seen(source, window)}` +
      `,"sighting_of_ref":${JSON.stringify(source.indicator.id)}${declared ? DECLARATION : ""}` +
      `${soughtFor(source)},"x_threatbus_match_type":"${source.type}"` +
      `,"x_threatbus_sighting_context":`,
  );
  const context = contextOf(source);
  const bytes = new Uint8Array(head.length + context.length + 1);
  bytes.set(head);
  bytes.set(context, head.length);
  bytes[bytes.length - 1] = 0x7d;
  return bytes;
}

/** Sightings as one STIX bundle, in parts, so that any number of them can be written. */
export interface BundleWriter {
  /** The opening with the objects every bundle here has. */
  head(): Uint8Array;
  /** A sighting, with its indicator before it the first time. */
  add(source: SightingSource, window?: SightingWindow): Uint8Array;
  tail(): Uint8Array;
}

/** Writes a bundle that stands for itself: declared extension, every indicator, every sighting. */
export function createBundleWriter(options: SightingOptions = {}): BundleWriter {
  const written = new Set<string>();
  return {
    head() {
      const id = `bundle--${crypto.randomUUID()}`;
      const first = JSON.stringify([EXTENSION_AUTHOR, EXTENSION]).slice(0, -1);
      return encoder.encode(`{"type":"bundle","id":"${id}","objects":${first}`);
    },
    add(source, window) {
      const sighting = sightingBytes(source, {
        ...options,
        declared: true,
        ...(window === undefined ? {} : { window }),
      });
      const { id, stix } = source.indicator;
      const fresh = !written.has(id);
      written.add(id);
      const prefix = encoder.encode(fresh ? `,${textOf(stix)},` : ",");
      const bytes = new Uint8Array(prefix.length + sighting.length);
      bytes.set(prefix);
      bytes.set(sighting, prefix.length);
      return bytes;
    },
    tail: () => encoder.encode("]}"),
  };
}
