/**
 * Messages a second that the client publishes and takes in, over `bridge bus` in
 * another process: sightings out, then indicators in from a snapshot.
 *
 *     deno run -A bench/bus/client.ts [messages]
 */
import { createClient } from "../../src/threatbus/client.ts";
import { zmqLink } from "../../src/threatbus/zmq_link.ts";
import { startChild } from "../../test/interop/threatbus/child.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const BATCH = 1000;
const messages = Number(Deno.args[0] ?? 100_000);

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const indicator = (n: number) =>
  `{"type":"indicator","spec_version":"2.1","id":"indicator--${uuid(n)}",` +
  `"created":"2026-11-21T10:00:00.123456Z","modified":"2026-11-21T10:00:00.123456Z",` +
  `"pattern":"[ipv4-addr:value = '10.0.0.${n % 256}']","pattern_type":"stix"}`;
const sighting = (n: number) =>
  `{"type":"sighting","spec_version":"2.1","id":"sighting--${uuid(n)}",` +
  `"last_seen":"2026-11-21T10:00:00.123456Z","sighting_of_ref":"indicator--${uuid(1)}",` +
  `"x_threatbus_indicator_value":"6.6.6.6","x_threatbus_match_type":"LIVE",` +
  `"x_threatbus_sighting_context":{"timestamp":"2011-08-12T13:00:36.349948",` +
  `"src_ip":"147.32.84.165","dest_ip":"6.6.6.6","event_type":"flow"}}`;

const bus = startChild(Deno.execPath(), [
  ...["run", "--no-check", "-A", MAIN],
  ...["bus", "--listen", "127.0.0.1:0", "--store", ":memory:"],
]);
const port = Number(
  /listens on \S+:(\d+) /.exec(await bus.until((line) => line.includes("listens on")))![1],
);
const stop = new AbortController();
const client = (snapshotDays: number) =>
  createClient({
    link: zmqLink({ host: "127.0.0.1", port }),
    endpoint: "bench",
    topics: ["stix2/indicator"],
    snapshotDays,
  }, stop.signal);

const source = client(0);
await source.subscribed;
const publish = async (make: (n: number) => string) => {
  const texts = Array.from({ length: messages }, (_, n) => make(n));
  const start = performance.now();
  for (let at = 0; at < messages; at += BATCH) {
    await source.publish(texts.slice(at, at + BATCH), stop.signal);
  }
  return messages / (performance.now() - start) * 1000;
};
console.log(`published sightings: ${Math.round(await publish(sighting))}/s`);
await publish(indicator);
const hunter = client(1);
await hunter.subscribed;
const start = performance.now();
let received = 0;
for await (const batch of hunter.batches()) {
  for (const _ of batch) received++;
  if (received >= messages) break;
}
const rate = messages / (performance.now() - start) * 1000;
console.log(`indicators taken in from a snapshot: ${Math.round(rate)}/s`);
await Promise.all([hunter.close(), source.close()]);
await bus.stop("SIGTERM");
