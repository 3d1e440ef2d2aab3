import { createBusSpeller } from "../stix/bus_sighting.ts";
import { createBundleWriter, sightingBytes } from "../stix/sighting.ts";
import type { Format, FormatOptions } from "./format.ts";

/**
 * STIX 2.1 sightings as the ancestor sends them to the bus, one object a line; or
 * all of them in one bundle, which is a JSON document once its tail is written.
 */
export function create(options: FormatOptions): Format {
  if (options.bundle !== true) {
    const spell = options.bus === true ? createBusSpeller() : sightingBytes;
    return {
      name: "sighting",
      render: (match, uuid) => spell(match, { uuid }),
      renderWindow: (source, window) => sightingBytes(source, { window }),
    };
  }
  const bundle = createBundleWriter();
  return {
    name: "sighting",
    head: bundle.head,
    render: (match) => bundle.add(match),
    renderWindow: bundle.add,
    tail: bundle.tail,
  };
}
