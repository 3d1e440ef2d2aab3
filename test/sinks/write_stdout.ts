/** Child of tests: opens the sink and writes as many lines as the argument says, or hostile ones. */
import { ClosedPipe } from "../../src/errors.ts";
import * as stdout from "../../sinks/stdout.ts";
import { deliveries, delivery, HOSTILE } from "./deliveries.ts";

const never = new AbortController().signal;
const sink = await stdout.open({}, { env: () => undefined }, never);
try {
  if (Deno.args[0] === "hostile") {
    const bodies = HOSTILE.map((value) => JSON.stringify({ value }));
    await sink.write(bodies.map((body, n) => delivery(n, body, HOSTILE[n])), never);
  }
  for (let at = 0; at < Number(Deno.args[0]); at += 1000) {
    await sink.write(deliveries(at, 1000), never);
  }
  await sink.close();
} catch (error) {
  if (!(error instanceof ClosedPipe)) throw error;
  Deno.exit(7);
}
