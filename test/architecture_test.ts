import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** Layers from the bottom up: a folder imports only from those above it in this list. */
const LAYERS: readonly (readonly string[])[] = [
  ["src"], // errors, json, controls, version: for all
  ["src/config", "src/zmtp", "src/stix", "src/state"],
  ["src/match"],
  ["src/intel"],
  ["src/engines", "src/metrics"],
  ["src/threatbus"],
  ["src/formats"],
  ["sinks"],
  ["src/delivery"],
  ["src/pipeline"],
  ["src/cli"],
];

interface Import {
  readonly from: string;
  readonly to: string;
  /** Loaded at start, not only typed and not only when used. */
  readonly eager: boolean;
}

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(join(ROOT, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sources(path);
    else if (name.endsWith(".ts")) yield path;
  }
}

async function readImports(): Promise<Import[]> {
  const imports: Import[] = [];
  for (const folder of ["src", "sinks"]) {
    for await (const from of sources(folder)) {
      const text = await Deno.readTextFile(join(ROOT, from));
      const found = text.matchAll(
        /^(?:import|export)\s+(type\s)?[^;]*?from\s+"(\.[^"]+)"|import\("(\.[^"]+)"\)/gm,
      );
      for (const [, typed, fixed, dynamic] of found) {
        const to = relative(ROOT, join(ROOT, dirname(from), fixed ?? dynamic!));
        imports.push({ from, to, eager: typed === undefined && dynamic === undefined });
      }
    }
  }
  return imports;
}

function layerOf(path: string): number {
  const folder = dirname(path);
  return LAYERS.findIndex((folders) =>
    folders.some((one) => folder === one || (one !== "src" && folder.startsWith(`${one}/`)))
  );
}

const isBuild = (path: string) => path.startsWith("src/build/");

Deno.test("imports run one way through the layers", async () => {
  const wrong = (await readImports())
    .filter(({ from }) => !isBuild(from))
    .filter(({ from, to }) => layerOf(to) > layerOf(from))
    .map(({ from, to }) => `${from} -> ${to}`);
  assert.deepEqual(wrong, []);
});

Deno.test("no module imports itself by way of others", async () => {
  const graph = new Map<string, string[]>();
  for (const { from, to, eager } of await readImports()) {
    if (eager) graph.set(from, [...graph.get(from) ?? [], to]);
  }
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): void => {
    assert.ok(!way.includes(path), `a circle: ${[...way, path].join(" -> ")}`);
    if (done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...way, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
});
