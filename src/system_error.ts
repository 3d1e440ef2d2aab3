/** What the operating system, or Deno for it, has to say when a file can't be used. */

/**
 * A failure in words that go after a colon, without the path, which the message
 * around it names.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotCapable) {
    return "bridge may not use devices and what is under /proc and /sys";
  }
  if (error instanceof Deno.errors.NotFound) return "there is no such file or folder";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (!(error instanceof Error)) return String(error);
  return error.message.replace(/ \(os error \d+\).*$/s, "");
}
