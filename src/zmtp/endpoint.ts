import { UsageError } from "../errors.ts";

/** A place to bind or connect to. */
export type Endpoint =
  | { readonly transport: "tcp"; readonly hostname: string; readonly port: number }
  | { readonly transport: "ipc"; readonly path: string };

/**
 * Reads `tcp://host:port`, `tcp://[::1]:port`, `tcp://*:port` (all interfaces)
 * and `ipc:///path`; port 0 lets the system choose when binding.
 *
 * @throws UsageError when it is none of these
 */
export function parseEndpoint(text: string): Endpoint {
  if (text.startsWith("ipc://@")) {
    throw new UsageError(`An abstract socket can't be used: ${JSON.stringify(text)}`, {
      hint: "Write ipc:///path: Deno knows only sockets that are files.",
    });
  }
  if (text.startsWith("ipc://") && text.length > 6) {
    return { transport: "ipc", path: text.slice(6) };
  }
  const match = /^tcp:\/\/(?:\[([0-9a-fA-F:.%]+)\]|([^/:[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[3]) > 65535) {
    throw new UsageError(`Not an endpoint: ${JSON.stringify(text)}`, {
      hint: "Write tcp://host:port, tcp://[address]:port or ipc:///path.",
    });
  }
  const host = match[1] ?? match[2]!;
  return { transport: "tcp", hostname: host === "*" ? "0.0.0.0" : host, port: Number(match[3]) };
}

/** The text of an endpoint, the inverse of `parseEndpoint`. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.transport === "ipc") return `ipc://${endpoint.path}`;
  const host = endpoint.hostname.includes(":") ? `[${endpoint.hostname}]` : endpoint.hostname;
  return `tcp://${host}:${endpoint.port}`;
}
