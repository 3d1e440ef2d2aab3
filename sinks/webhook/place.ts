import { Buffer } from "node:buffer";

/**
 * A webhook in logs, metrics and the spool. Credentials, path and query may each be what lets one
 * in (chat services have it in the path), so of what follows the host a hash is shown, which tells
 * webhooks of one host apart.
 */
export async function placeOf(text: string): Promise<string> {
  const url = URL.parse(text);
  if (url === null) return "webhook";
  const rest = url.pathname + url.search;
  if (rest === "/") return url.origin;
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(rest));
  return `${url.origin}/…${Buffer.from(hash).toString("hex", 0, 3)}`;
}
