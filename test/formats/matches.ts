import type { Match } from "../../src/engines/engine.ts";
import type { JsonObject } from "../../src/json.ts";

/** A match of a domain in the given event. */
export function matchOf(event: JsonObject, ioc = "evil.example"): Match {
  const id = "indicator--00000000-0000-4000-8000-000000000001";
  const pattern = `[domain-name:value = '${ioc}']`;
  const observable = { kind: "domain", value: ioc } as const;
  return {
    type: "RETRO",
    indicator: {
      id,
      pattern,
      stix: { type: "indicator", id, pattern },
      points: [observable],
    },
    observable,
    where: { source: "/var/log/eve.json", line: 7, field: "dns.rrname" },
    event: { bytes: new TextEncoder().encode(JSON.stringify(event)), value: event },
  };
}
