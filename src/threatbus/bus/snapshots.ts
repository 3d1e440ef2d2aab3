/**
 * Snapshots: answered from the bus's own store, and asked of all other connected
 * apps, whose answers (envelopes) go to the requester alone.
 */
import { getLogger } from "../../log.ts";
import {
  encodeDelivery,
  encodeSnapshotRequest,
  type Refused,
  refused,
  type SnapshotEnvelope,
} from "../messages.ts";
import { daysToSeconds } from "../management.ts";
import { snapshotTypesOf } from "../topics.ts";
import { canonicalStix } from "../../stix/canonical.ts";
import { pythonJson, respellMembers } from "../../stix/python_json.ts";
import type { BusStore, StoredType } from "./store.ts";
import type { Subscriber, Subscribers } from "./subscribers.ts";

const encoder = new TextEncoder();
const logger = getLogger(["bridge", "bus"]);

/** Rows read from the store at a time; between pages others get their turn. */
const PAGE = 500;

/** The snapshots under way. */
export interface Snapshots {
  /** Asks for the past of each topic on behalf of a subscriber, and answers what the store has. */
  request(subscriber: Subscriber, days: number): void;
  /** Hands an app's answer to the requester; a refusal if there is none or the body is bad. */
  answer(envelope: SnapshotEnvelope): Refused | undefined;
  /** Forgets the snapshots of a subscriber that is gone. */
  forget(subscriber: Subscriber): void;
}

function onStoreError(error: unknown): void {
  logger.error("Cannot read the store for a snapshot: {error}", { error });
}

/** Makes the snapshot desk of a bus. */
export function createSnapshots(
  subscribers: Subscribers,
  store: BusStore,
  now: () => number,
): Snapshots {
  const requesters = new Map<string, Subscriber>();

  const ask = (requester: Subscriber, snapshotType: StoredType, id: string, seconds: number) => {
    requesters.set(id, requester);
    const json = encoder.encode(encodeSnapshotRequest({ snapshotType, snapshotId: id, seconds }));
    for (const subscriber of subscribers.all()) {
      if (subscriber === requester) continue;
      subscriber.outbox.push(encodeDelivery(subscriber.prefix, "snapshotrequest", json));
    }
  };

  const replay = async (subscriber: Subscriber, type: StoredType, since: number) => {
    const until = store.lastRow(type);
    for (let after = 0; subscribers.get(subscriber.topic) === subscriber;) {
      const page = store.page(type, { since, after, until, limit: PAGE });
      for (const json of page.objects) {
        subscriber.outbox.push(encodeDelivery(subscriber.prefix, type, encoder.encode(json)));
      }
      if (page.objects.length < PAGE) return;
      after = page.last;
      await subscriber.outbox.room();
    }
  };

  return {
    request: (subscriber, days) => {
      const seconds = daysToSeconds(days);
      const since = now() - seconds * 1000;
      const replayed = new Set<StoredType>();
      for (const topic of new Set(subscriber.topics)) {
        const id = crypto.randomUUID();
        for (const type of snapshotTypesOf(topic)) {
          ask(subscriber, type, id, seconds);
          if (!replayed.has(type)) replay(subscriber, type, since).catch(onStoreError);
          replayed.add(type);
        }
      }
    },
    answer: (envelope) => {
      const requester = requesters.get(envelope.snapshotId);
      if (requester === undefined) {
        return refused("unknown-snapshot", `No one asked for snapshot ${envelope.snapshotId}`);
      }
      const body = canonicalStix(settleIndicator(envelope.body), "bus", now);
      if (!body.ok) return refused(body.fault.reason, body.fault.detail);
      const { type, text } = body.value;
      requester.outbox.push(encodeDelivery(requester.prefix, type, encoder.encode(text)));
      return undefined;
    },
    forget: (subscriber) => {
      for (const [id, requester] of requesters) {
        if (requester === subscriber) requesters.delete(id);
      }
    },
  };
}

/** The real broker reads the indicator inside an enveloped sighting too, and so writes it anew. */
function settleIndicator(body: string): string {
  if (!body.includes('"x_threatbus_indicator": {')) return body;
  const members = respellMembers(body);
  const inner = canonicalStix(members.get("x_threatbus_indicator") ?? "null", "bus");
  if (!inner.ok) return body;
  members.set("x_threatbus_indicator", inner.value.text);
  const parts = [...members].map(([name, text]) => `${pythonJson(name)}: ${text}`);
  return `{${parts.join(", ")}}`;
}
