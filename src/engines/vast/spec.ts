import type { EngineSpec } from "../engine.ts";
import { OBSERVABLE_KINDS } from "../../match/observable.ts";

/** What `bridge engines list` says. */
export const spec: EngineSpec = {
  name: "vast",
  summary: "a VAST node, asked through its command line",
  kinds: OBSERVABLE_KINDS,
  retro: "yes: thousands of indicators a query, each row credited by the exact matcher",
  live: "yes: a matcher of the node (matcher_name), or its event stream matched here",
  batching:
    "up to retro_batch_size indicators a query, fewer where the node is slow; up to 8 queries at once, fewer where it is overloaded",
  limits: [
    "VAST compares texts by case: names that a log spells in mixed case are found in DNS and mail logs only",
    "hosts logged with a port (example.com:8080) are found by their URLs and addresses, not as domains",
    "inside lists (DNS answers, hosts of files, recipients) only in VAST's own Zeek and Suricata schemas",
    "e-mail addresses only in SMTP logs",
    "compound patterns see the events that hold one of their values; those that can be met without any (NOT, ranges, LIKE) see the event stream only",
    "a matcher of the node compares whole values: use the event stream for URLs, hashes in any case and subnets",
  ],
};
