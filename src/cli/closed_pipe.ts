/** The reader of standard output is gone (`| head`): end quietly, nothing is wrong. */
export class ClosedPipe extends Error {
  override name = "ClosedPipe";
}

/** Tells whether an error from writing to standard output means that its reader is gone. */
export function isClosedPipe(error: unknown): boolean {
  return error instanceof ClosedPipe || error instanceof Deno.errors.BrokenPipe;
}
