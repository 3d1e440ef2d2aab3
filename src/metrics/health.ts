import { getLogger } from "../log.ts";
import { parseEndpoint } from "../config/endpoint.ts";
import { UsageError } from "../errors.ts";
import { reasonOf } from "../system_error.ts";
import type { Metrics } from "./metrics.ts";

const logger = getLogger(["bridge", "metrics"]);

/** What must be well for the process to be ready: each part by name with its state in words. */
export type Readiness = () => Readonly<
  Record<string, { readonly ok: boolean; readonly state: string }>
>;

/** A listening metrics server. */
export interface MetricsServer {
  readonly port: number;
  readonly close: () => Promise<void>;
}

/**
 * Serves `/metrics` (Prometheus text format), `/healthz` and `/livez` (the
 * process runs), `/readyz` (503 while a part is not well, the body says which).
 *
 * @param listen `host:port` or `:port`
 */
export function serveMetrics(listen: string, metrics: Metrics, ready: Readiness): MetricsServer {
  const { host: hostname = "127.0.0.1", port = 0 } = parseEndpoint(listen, "[host]:port");
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve({ hostname, port, onListen: () => {} }, async (request) => {
      if (request.method !== "GET" && request.method !== "HEAD") {
        return new Response("only GET\n", { status: 405, headers: { allow: "GET, HEAD" } });
      }
      switch (new URL(request.url).pathname) {
        case "/metrics": {
          const { text, type } = await metrics.exposition();
          return new Response(text, { headers: { "content-type": type } });
        }
        case "/healthz":
        case "/livez":
          return new Response("ok\n");
        case "/readyz":
          return describeReadiness(ready());
        default:
          return new Response("not found: try /metrics, /healthz, /readyz\n", { status: 404 });
      }
    });
  } catch (error) {
    throw new UsageError(`Can't listen for metrics on ${listen}: ${reasonOf(error)}`, {
      hint: "Name another address with --metrics-listen.",
      cause: error,
    });
  }
  logger.info("Metrics on http://{address}/metrics", {
    address: `${server.addr.hostname}:${server.addr.port}`,
  });
  return { port: server.addr.port, close: () => server.shutdown() };
}

function describeReadiness(parts: ReturnType<Readiness>): Response {
  const entries = Object.entries(parts);
  const status = entries.every(([, part]) => part.ok) ? 200 : 503;
  const lines = entries.map(([name, { ok, state }]) => `${ok ? "ok " : "not"} ${name}: ${state}`);
  return new Response(lines.join("\n") + "\n", { status });
}
