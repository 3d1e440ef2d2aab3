/**
 * Writes the files that are made from the code: `deno task docs`. With
 * `--check` it writes nothing and fails, naming the stale ones.
 */
import { renderConfigDocs, renderExample } from "../config/render.ts";
import { renderFieldsDocs } from "../match/fields/render.ts";
import { renderSinkDocs } from "./sink_docs.ts";

/** Generated files by path from the root of the project. */
const GENERATED: Readonly<Record<string, () => string | Promise<string>>> = {
  "config.yaml.example": renderExample,
  "docs/configuration.md": renderConfigDocs,
  "docs/fields.md": renderFieldsDocs,
  "docs/sinks.md": renderSinkDocs,
};

/** Paths whose content differs from what the code would write now. */
export async function staleFiles(root: URL): Promise<string[]> {
  const stale = [];
  for (const [path, render] of Object.entries(GENERATED)) {
    const content = await Deno.readTextFile(new URL(path, root)).catch(() => undefined);
    if (content !== await render()) stale.push(path);
  }
  return stale;
}

if (import.meta.main) {
  const root = new URL("../../", import.meta.url);
  const stale = await staleFiles(root);
  if (Deno.args.includes("--check")) {
    for (const path of stale) console.error(`${path} is stale: run deno task docs`);
    Deno.exit(stale.length > 0 ? 1 : 0);
  }
  for (const path of stale) {
    await Deno.writeTextFile(new URL(path, root), await GENERATED[path]!());
    console.error(`wrote ${path}`);
  }
}
