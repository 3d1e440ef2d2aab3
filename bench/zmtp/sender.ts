/** Publishes messages as fast as a subscriber takes them: `sender.ts COUNT SIZE`; prints its endpoint. */
import { bindPub } from "../../src/zmtp/mod.ts";

const [count, size] = Deno.args.map(Number) as [number, number];
const joined = Promise.withResolvers<void>();
const pub = bindPub({
  endpoint: "tcp://127.0.0.1:0",
  sendHighWaterMark: 4000,
  onSubscription: () => joined.resolve(),
});
console.log(pub.endpoint);
await joined.promise;
const message = [new Uint8Array(size).fill(120)];
for (let sent = 0; sent < count;) {
  const until = Math.min(count, sent + 2000);
  for (; sent < until; sent++) pub.publish(message);
  await pub.drained(2000);
}
await pub.close(10_000);
if (pub.dropped > 0) throw new Error(`${pub.dropped} messages dropped`);
