/**
 * Joins the chunks that every hunt loads into few files: each costs about half a
 * millisecond at start-up, whatever its size, and the bundler makes fifty of them.
 */
import { dirname, join } from "node:path";
import { type OutputChunk, type Plugin, rollup } from "rollup";

/** Texts that are in the chunks which a hunt in logs imports dynamically; the build fails when one is nowhere. */
const HUNTING = [
  "--allow-list <file>", // the command
  "Standard input can be read but once", // what it does
  "Suricata and Zeek logs on disk", // the engine
  "one value a line, comments after", // the readers of IoCs
  "the event alone, as it is", // the format
  "lines on standard output", // the sink
];

/** Joins chunks of the bundle in `from` and writes it to `to`; `entries` keep their names. */
export async function mergeChunks(
  from: string,
  to: string,
  entries: Readonly<Record<string, string>>,
): Promise<void> {
  const graph = await readGraph(from);
  const main = closure(graph, [join(from, entries["main"]!)]);
  const others = Object.values(entries).map((entry) => join(from, entry));
  const worker = closure(graph, others.slice(1));
  const hunt = closure(graph, HUNTING.map((text) => findChunk(graph, text)));
  const groupOf = (id: string) => {
    if (main.has(id)) return undefined;
    if (worker.has(id) && !others.includes(id)) return "scan";
    return hunt.has(id) ? "hunt" : undefined;
  };
  const bundle = await rollup({
    input: Object.fromEntries(Object.entries(entries).map(([name, at]) => [name, join(from, at)])),
    external: /^node:/,
    treeshake: false,
    plugins: [fromGraph(graph)],
    // Above all of circles: `eager.ts` counts on there being none.
    onwarn: ({ message }) => {
      throw new Error(message);
    },
  });
  const { output } = await bundle.generate({
    format: "es",
    compact: true,
    manualChunks: groupOf,
    onlyExplicitManualChunks: true,
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
  });
  await Deno.mkdir(to, { recursive: true });
  for (const chunk of output as OutputChunk[]) {
    await Deno.writeTextFile(join(to, chunk.fileName), chunk.code);
  }
}

interface Chunk {
  readonly code: string;
  /** Paths of what it imports statically. */
  readonly imports: readonly string[];
}

type Graph = ReadonlyMap<string, Chunk>;

async function readGraph(folder: string): Promise<Graph> {
  const graph = new Map<string, Chunk>();
  const visit = async (directory: string) => {
    for await (const { name, isDirectory } of Deno.readDir(directory)) {
      const path = join(directory, name);
      if (isDirectory) await visit(path);
      else graph.set(path, parse(path, await Deno.readTextFile(path)));
    }
  };
  await visit(folder);
  return graph;
}

function parse(path: string, source: string): Chunk {
  const code = withoutModuleLoader(source);
  const imports = [...code.matchAll(/(?:from|\bimport)\s*"(\.[^"]+)"/g)];
  return { code, imports: imports.map(([, to]) => join(dirname(path), to!)) };
}

/**
 * The bundler gives CommonJS packages a `require` by way of node:module, which
 * costs 8 ms at every start. They only ask for built-in modules, which are had for nothing.
 */
function withoutModuleLoader(code: string): string {
  const loader = /import\{createRequire as (\w+)\}from"node:module";/;
  const name = loader.exec(code.replaceAll(/\s*([{}])\s*|(from)\s+/g, "$1$2"))?.[1];
  if (name === undefined) return code;
  return code
    .replace(/import\s*\{\s*createRequire as \w+\s*\}\s*from\s*"node:module";/, "")
    .replace(`${name}(import.meta.url)`, "(id)=>process.getBuiltinModule(id)");
}

function closure(graph: Graph, roots: readonly string[]): Set<string> {
  const seen = new Set<string>();
  const todo = [...roots];
  for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    todo.push(...graph.get(path)?.imports ?? []);
  }
  return seen;
}

function findChunk(graph: Graph, text: string): string {
  for (const [path, { code }] of graph) if (code.includes(text)) return path;
  throw new Error(`No chunk holds ${JSON.stringify(text)}: bring src/build/merge.ts up to date`);
}

/** What was read once need not be read again. */
function fromGraph(graph: Graph): Plugin {
  return { name: "graph", load: (id) => graph.get(id)?.code ?? null };
}
