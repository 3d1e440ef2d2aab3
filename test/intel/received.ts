import assert from "node:assert/strict";
import { validityOf } from "../../src/intel/filter.ts";
import { indicatorFromStix } from "../../src/intel/from_stix.ts";
import { readReceived } from "../../src/intel/received_indicator.ts";

/** Of any valid shape. */
export const ID = "indicator--df0f9a0e-c3b6-4f53-b0cf-5e9c454ee0cc";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const utf8 = (text: string) => encoder.encode(text);

/** What JSON.parse makes of bytes; undefined if they are no JSON in UTF-8. */
export function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

/** Holds what is read of the bytes to what JSON.parse and `indicatorFromStix` make of them; returns whether they were taken. */
export function holds(bytes: Uint8Array): boolean {
  const received = readReceived(bytes);
  if (received === undefined) return false;
  const json = decoder.decode(bytes);
  const stix = JSON.parse(json);
  const reading = indicatorFromStix(stix);
  assert.ok(reading.type === "indicator");
  const { id, pattern, points } = reading.indicator;
  const receivedPoints = received.points.map(({ kind, value }) => ({ kind, value }));
  assert.deepEqual([received.id, received.pattern, receivedPoints], [id, pattern, points]);
  assert.deepEqual(received.validity, validityOf(stix));
  assert.deepEqual([received.json, received.stix], [json, stix]);
  return true;
}
