import { getLogger } from "../log.ts";
import { sleep } from "../wait.ts";
import type { Metrics } from "./metrics.ts";

const logger = getLogger(["bridge", "metrics"]);

/**
 * Appends one line in Influx line protocol an interval to the ancestor's metrics
 * file, with its measurement and field names, until the signal aborts; the last
 * interval is written then. Intervals in which nothing happened write no line.
 *
 * @param every milliseconds
 */
export async function writeInfluxFile(
  metrics: Metrics,
  path: string,
  every: number,
  signal: AbortSignal,
): Promise<void> {
  const write = async () => {
    const line = influxLine(metrics, Deno.hostname(), BigInt(Date.now()) * 1_000_000n);
    if (line === undefined) return;
    try {
      await Deno.writeTextFile(path, line + "\n", { append: true });
    } catch (error) {
      logger.warn("Can't write metrics to {path}: {error}", { path, error });
    }
  };
  while (!signal.aborted) {
    await sleep(every, signal);
    await write();
  }
  // What was counted while the line before was being written.
  await write();
}

/** One line of the file, or undefined when there is nothing to tell. */
export function influxLine(
  metrics: Metrics,
  host: string,
  nanoseconds: bigint,
): string | undefined {
  const fields = [...metrics.takeInterval()].map(([name, value]) => `${name}=${value}`);
  if (fields.length === 0) return undefined;
  return `vast-threatbus,host=${host.replaceAll(/[ ,=\\]/g, "\\$&")} ${
    fields.join(",")
  } ${nanoseconds}`;
}
