import { pythonJson } from "../../src/stix/python_json.ts";
import type { SnapshotEnvelope } from "../../src/threatbus/messages.ts";

/** The message with which an app answers a SnapshotRequest with one object. */
export function encodeEnvelope(envelope: SnapshotEnvelope): Uint8Array<ArrayBuffer> {
  const head = pythonJson({
    type: "snapshotenvelope",
    snapshot_type: envelope.snapshotType === "indicator" ? 1 : 2,
    snapshot_id: envelope.snapshotId,
  });
  const message = `threatbus/snapshotenvelope ${head.slice(0, -1)}, "body": ${envelope.body}}`;
  return new TextEncoder().encode(message);
}
