import { latin1 } from "./sub.ts";

/**
 * Who wants what: prefixes by subscriber. A lookup costs one map access for each
 * distinct length of prefix, however many subscribers there are.
 */
export interface Subscriptions<S> {
  /** Counts: as often subscribed, as often it has to be cancelled (RFC 29). Returns whether it is new for `who`. */
  add(who: S, topic: Uint8Array): boolean;
  /** Returns whether `who` does not want the topic any more. */
  remove(who: S, topic: Uint8Array): boolean;
  removeAll(who: S): void;
  /** Whoever wants a message with this first frame, each once. */
  match(first: Uint8Array): readonly S[];
}

/** Makes an empty table. */
export function createSubscriptions<S>(): Subscriptions<S> {
  const byTopic = new Map<string, Map<S, number>>();
  const bySubscriber = new Map<S, Set<string>>();
  const lengths = new Map<number, number>();
  const forget = (who: S, key: string) => {
    const subscribers = byTopic.get(key)!;
    subscribers.delete(who);
    bySubscriber.get(who)?.delete(key);
    if (subscribers.size > 0) return;
    byTopic.delete(key);
    const left = lengths.get(key.length)! - 1;
    if (left > 0) lengths.set(key.length, left);
    else lengths.delete(key.length);
  };
  return {
    add(who, topic) {
      const key = latin1(topic);
      let subscribers = byTopic.get(key);
      if (subscribers === undefined) {
        byTopic.set(key, subscribers = new Map());
        lengths.set(key.length, (lengths.get(key.length) ?? 0) + 1);
      }
      const count = subscribers.get(who) ?? 0;
      subscribers.set(who, count + 1);
      if (!bySubscriber.has(who)) bySubscriber.set(who, new Set());
      bySubscriber.get(who)!.add(key);
      return count === 0;
    },
    remove(who, topic) {
      const key = latin1(topic);
      const count = byTopic.get(key)?.get(who) ?? 0;
      if (count > 1) byTopic.get(key)!.set(who, count - 1);
      else if (count === 1) forget(who, key);
      return count === 1;
    },
    removeAll(who) {
      for (const key of [...bySubscriber.get(who) ?? []]) forget(who, key);
      bySubscriber.delete(who);
    },
    match(first) {
      let found: readonly S[] = [];
      for (const length of lengths.keys()) {
        if (length > first.length) continue;
        const subscribers = byTopic.get(latin1(first.subarray(0, length)));
        if (subscribers === undefined) continue;
        // Most messages match prefixes of one length only.
        if (found.length === 0) found = [...subscribers.keys()];
        else found = [...new Set([...found, ...subscribers.keys()])];
      }
      return found;
    },
  };
}
