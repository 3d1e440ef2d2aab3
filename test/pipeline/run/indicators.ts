import { indicatorFromStix } from "../../../src/intel/from_stix.ts";
import type { Indicator } from "../../../src/intel/indicator.ts";
import type { JsonObject } from "../../../src/json.ts";
import type { Item } from "../../../src/threatbus/messages.ts";

/** A STIX indicator for a domain, its id from a number, its version from a second. */
export function stix(number: number, domain: string, version = 1, more: JsonObject = {}) {
  const modified = new Date(1_700_000_000_000 + version * 1000).toISOString();
  return {
    type: "indicator",
    spec_version: "2.1",
    id: `indicator--00000000-0000-4000-8000-${String(number).padStart(12, "0")}`,
    created: "2023-11-14T22:13:20.000Z",
    modified,
    pattern: `[domain-name:value = '${domain}']`,
    pattern_type: "stix",
    valid_from: "2023-11-14T22:13:20.000Z",
    ...more,
  };
}

/** The same as read. */
export function indicator(...args: Parameters<typeof stix>): Indicator {
  const reading = indicatorFromStix(stix(...args) as unknown as JsonObject);
  if (reading.type !== "indicator") throw new Error(reading.reason);
  return reading.indicator;
}

/** The same as it comes from the bus. */
export function arrival(...args: Parameters<typeof stix>): Item {
  const object = stix(...args) as unknown as JsonObject;
  return {
    type: "indicator",
    update: "ADD",
    id: object["id"] as string,
    indicator: object,
  } as Item;
}
