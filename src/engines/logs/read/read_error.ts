import { reasonOf } from "../../../system_error.ts";

/** What stands in the way of reading a file or folder, in words. */
export function describeReadError(error: unknown): string {
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.NotFound) return "file is gone";
  return `can't be read (${reasonOf(error)})`;
}
