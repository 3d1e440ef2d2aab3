import { parseEndpoint } from "./endpoint.ts";

/**
 * Removes the socket file that a killed process left at an ipc endpoint, so that it can be
 * bound again. One that somebody listens at stays, and binding there fails. (libzmq removes
 * whatever is there, and takes the endpoint away from who has it.)
 *
 * @throws UsageError when it is no endpoint
 */
export async function removeStale(endpoint: string): Promise<void> {
  const place = parseEndpoint(endpoint);
  if (place.transport !== "ipc") return;
  try {
    (await Deno.connect({ transport: "unix", path: place.path })).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionRefused)) return;
    // Other files refuse connections, too.
    const { isSocket } = await Deno.lstat(place.path);
    if (isSocket) await Deno.remove(place.path);
  }
}
