/** An app on a Threat Bus that is named as people name it. */
import { parseHostPort } from "../config/endpoint.ts";
import type { Mechanism } from "../zmtp/mod.ts";
import { type ClientOptions, createClient, type ThreatBusClient } from "./client.ts";
import { zmqLink } from "./zmq_link.ts";

/** What a client takes, over ZeroMQ; `endpoint` is the management endpoint, `host:port`. */
export interface AppOptions extends Omit<ClientOptions, "link"> {
  /** PLAIN or CURVE; NULL unless said. */
  readonly mechanism?: Mechanism | undefined;
}

/**
 * Joins the bus at an endpoint such as `localhost:13370` or `[::1]:13370`.
 *
 * @throws ConfigError when it is no endpoint
 */
export function connectApp(
  { mechanism, ...options }: AppOptions,
  signal: AbortSignal,
): ThreatBusClient {
  const { host, port } = parseHostPort(options.endpoint);
  const link = zmqLink({ host, port, ...(mechanism && { mechanism }) });
  return createClient({ ...options, link }, signal);
}
