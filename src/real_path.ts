/** Where paths lead once links are followed. */
import { dirname, resolve } from "node:path";

/** The path without links; of what is not there (yet), the path as it is given. */
export function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path;
  }
}

/** The folder that a path lies in, without links. */
export const realFolder = (path: string): string => realPath(dirname(resolve(path)));
