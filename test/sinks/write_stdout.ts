/** Child of stdout_test.ts: opens the sink and writes as many lines as the argument says. */
import { ClosedPipe } from "../../src/errors.ts";
import * as stdout from "../../sinks/stdout.ts";
import { deliveries } from "./deliveries.ts";

const never = new AbortController().signal;
const sink = await stdout.open({}, { env: () => undefined }, never);
try {
  for (let at = 0; at < Number(Deno.args[0]); at += 1000) {
    await sink.write(deliveries(at, 1000), never);
  }
  await sink.close();
} catch (error) {
  if (!(error instanceof ClosedPipe)) throw error;
  Deno.exit(7);
}
