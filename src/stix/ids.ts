/** Deterministic ids, so that the same thing found twice has one name everywhere. */
import { createHash } from "node:crypto";

/** Namespace of deterministic STIX ids, 00abedb4-aa42-466c-9c01-fed23315a9b7 (STIX 2.1 §2.9). */
const STIX_NAMESPACE = new Uint8Array([
  ...[0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c],
  ...[0x9c, 0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7],
]);

/** The digit that says RFC 9562, by its two free bits. */
const VARIANT = "89ab";

/** The UUIDv5 (RFC 9562 §5.5) of the parts' bytes, one after the other, in STIX's namespace. */
export function stixUuid(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha1").update(STIX_NAMESPACE);
  for (const part of parts) hash.update(part);
  const hex = hash.digest("hex");
  const variant = VARIANT[parseInt(hex[16]!, 16) & 3]!;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}` +
    `${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/**
 * Names one indicator in one event: the same over retries, restarts, rescans and
 * from live and retro alike. `window` (any text) names a stretch of time instead,
 * for sightings that stand for many events.
 */
export function sightingUuid(indicatorId: string, event: Uint8Array, window?: string): string {
  return window === undefined
    ? stixUuid(`${indicatorId}\n`, event)
    : stixUuid(`${indicatorId}\nwindow ${window}`);
}
