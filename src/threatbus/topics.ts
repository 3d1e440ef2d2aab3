/** Names on the bus: human topics below `stix2/`, random p2p topics towards subscribers. */

/** Topics that an app publishes on, towards the broker. */
export const PUBLISH_TOPICS = {
  indicator: "stix2/indicator",
  sighting: "stix2/sighting",
  snapshotenvelope: "threatbus/snapshotenvelope",
} as const;

/** What a message is about; stands between the p2p topic and the space. */
export type MessageType = "indicator" | "sighting" | "snapshotrequest";

/** Length of a p2p topic. */
export const P2P_LENGTH = 32;

const LETTERS = 26;

/** A new p2p topic: 32 random lower-case letters, unguessable since it is all that names a subscriber. */
export function randomP2pTopic(): string {
  let topic = "";
  while (topic.length < P2P_LENGTH) {
    for (const byte of crypto.getRandomValues(new Uint8Array(P2P_LENGTH))) {
      // 234 = 9 * 26: larger bytes would favour the first letters.
      if (byte < 234 && topic.length < P2P_LENGTH) {
        topic += String.fromCharCode(97 + byte % LETTERS);
      }
    }
  }
  return topic;
}

/** Which snapshots a subscription to a topic asks for. */
export function snapshotTypesOf(topic: string): readonly ("indicator" | "sighting")[] {
  if (topic === "stix2" || topic === "stix2/") return ["indicator", "sighting"];
  if (topic.endsWith("sighting")) return ["sighting"];
  return topic.endsWith("indicator") ? ["indicator"] : [];
}
