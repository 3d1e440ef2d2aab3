import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Match } from "../engines/engine.ts";

/** Namespace of deterministic STIX ids (STIX 2.1, section 2.9). */
const NAMESPACE = Buffer.from("00abedb4aa42466c9c01fed23315a9b7", "hex");

/**
 * A UUIDv5 (RFC 9562) for one indicator in one event: the same over retries, restarts
 * and rescans, so that receivers and the spool can tell what they already have.
 */
export function identityOf(match: Match): string {
  const hash = createHash("sha1")
    .update(NAMESPACE)
    .update(match.indicator.id)
    .update("\n")
    .update(match.event.bytes)
    .digest();
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString("hex");
  return [[0, 8], [8, 12], [12, 16], [16, 20], [20, 32]].map(([from, to]) => hex.slice(from, to))
    .join("-");
}
