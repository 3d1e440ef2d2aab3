import { ConfigError } from "../errors.ts";

/** What an endpoint is made of; what stands in brackets may be missing. */
export type EndpointForm = "host:port" | "[host]:port" | "[host][:port]";

/** An endpoint taken apart; the address of an IPv6 one without its brackets. */
export interface HostAndPort {
  readonly host: string | undefined;
  readonly port: number | undefined;
}

const ENDPOINT = /^(?:tcp:\/\/)?(?:\[([0-9a-fA-F:.]+(?:%\w+)?)\]|([^\s:/?#@[\]]+))?(?::(\d+))?$/;

/**
 * Takes an endpoint such as `localhost:13370` or `[::1]:13370` apart.
 *
 * @throws ConfigError when it is none of that form
 */
export function parseEndpoint(text: string, form: EndpointForm): HostAndPort {
  const match = ENDPOINT.exec(text.trim());
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? undefined : Number(match[3]);
  const fault = match === null
    ? "it is no host and port"
    : port !== undefined && port > 65535
    ? "ports end at 65535"
    : host === undefined && (form === "host:port" || port === undefined)
    ? "the host is missing"
    : port === undefined && form !== "[host][:port]"
    ? "the port is missing"
    : undefined;
  if (fault === undefined) return { host, port };
  throw new ConfigError(`Not an endpoint: ${JSON.stringify(text)}, ${fault}`, {
    hint: "Write host:port, such as localhost:13370 or [::1]:13370.",
  });
}

/** The same where both parts must be there. */
export function parseHostPort(text: string): { readonly host: string; readonly port: number } {
  const { host, port } = parseEndpoint(text, "host:port");
  return { host: host!, port: port! };
}
