import type { Match } from "../engines/engine.ts";
import { timeOf } from "./event.ts";
import type { Format, FormatOptions } from "./format.ts";
import { identityOf } from "./identity.ts";

const encoder = new TextEncoder();

/**
 * STIX 2.1 sightings as the ancestor sends them to the bus, one object a line; or
 * all of them in one bundle, which is a JSON document once its tail is written.
 */
export function create(options: FormatOptions): Format {
  const common = { name: "sighting", summary: "a STIX 2.1 sighting" };
  if (options.bundle !== true) return { ...common, render: (match) => sightingOf(match) };
  let separator = "";
  return {
    ...common,
    head: () =>
      encoder.encode(`{"type":"bundle","id":"bundle--${crypto.randomUUID()}","objects":[`),
    render: (match) => {
      const line = prefixed(separator, sightingOf(match));
      separator = ",";
      return line;
    },
    tail: () => encoder.encode("]}"),
  };
}

function prefixed(separator: string, object: Uint8Array): Uint8Array {
  const line = new Uint8Array(separator.length + object.length);
  line.set(encoder.encode(separator));
  line.set(object, separator.length);
  return line;
}

function sightingOf(match: Match): Uint8Array {
  const now = new Date().toISOString();
  const seen = instantOf(timeOf(match.event.value));
  return encoder.encode(JSON.stringify({
    type: "sighting",
    spec_version: "2.1",
    id: `sighting--${identityOf(match)}`,
    created: now,
    modified: now,
    ...(seen === undefined ? {} : { last_seen: seen }),
    sighting_of_ref: match.indicator.id,
    x_threatbus_indicator: match.indicator.stix,
    x_threatbus_match_type: match.type,
    x_threatbus_sighting_context: match.event.value,
  }));
}

/** The event's time as a STIX timestamp; its digits are kept, a missing zone is UTC. */
function instantOf(time: string): string | undefined {
  const zoned = /(?:[Zz]|[+-]\d\d:?\d\d)$/.test(time) ? time : `${time}Z`;
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(zoned)) return zoned;
  const instant = new Date(zoned);
  return Number.isNaN(instant.getTime()) ? undefined : instant.toISOString();
}
