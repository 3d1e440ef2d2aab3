/** Where the program of a Worker is: beside the module that starts it, or beside the bundle's chunks. */
export function workerUrl(name: string, from: string): URL {
  return new URL(`./${name}${from.endsWith(".ts") ? ".ts" : ".js"}`, from);
}
