/** The sockets of the recorded node. */

/**
 * Listens on a port, or one below those that the system gives away: a node that is started again on
 * its port finds nobody else there.
 */
export function listen(port?: number): Deno.TcpListener {
  for (let tries = 1;; tries++) {
    const chosen = port ?? 16_000 + Math.floor(Math.random() * 16_000);
    try {
      return Deno.listen({ hostname: "127.0.0.1", port: chosen });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse) || port !== undefined || tries === 100) {
        throw error;
      }
    }
  }
}

/** Whether an error says that the peer has closed its end, or that ours is closed. */
export function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.Interrupted || error instanceof Deno.errors.BadResource;
}

/** Lines as they come; what stands behind the last newline is left out. */
export async function* readLines(connection: Deno.Conn): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(1 << 16);
  let rest = "";
  while (true) {
    const size = await connection.read(buffer);
    if (size === null) return;
    const parts = (rest + decoder.decode(buffer.subarray(0, size), { stream: true })).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}
