/** Takes COUNT messages from ENDPOINT: `receiver.ts ENDPOINT COUNT`; prints seconds from first to last. */
import { connectSub } from "../../src/zmtp/mod.ts";

const [endpoint, count] = [Deno.args[0]!, Number(Deno.args[1])];
const sub = connectSub({ endpoint, topics: [""], receiveHighWaterMark: 10_000 });
let received = 0;
let start = 0;
for await (const batch of sub.batches()) {
  if (received === 0) start = performance.now();
  received += batch.length;
  if (received >= count) break;
}
console.log((performance.now() - start) / 1000);
await sub.close();
