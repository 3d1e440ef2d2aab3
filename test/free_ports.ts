/**
 * Ports on loopback that are free now: for what has to come back at the same place, or is to be
 * missing there. They lie below the range from which the system takes ports for connections, which
 * come and go, and among which one that is made to a free port may be connected to itself.
 */
export function freePorts(count: number): number[] {
  for (;;) {
    const first = 15_000 + Math.floor(Math.random() * 15_000);
    // An embedded bus takes the two ports after its own as well.
    const ports = Array.from({ length: count + 2 }, (_, index) => first + index);
    if (ports.every(isFree)) return ports.slice(0, count);
  }
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
