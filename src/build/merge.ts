/**
 * Joins the chunks that every hunt loads into few files: each costs about half a
 * millisecond at start-up, whatever its size, and the bundler makes fifty of them.
 */
import { basename, dirname, join } from "node:path";
import { type OutputChunk, type Plugin, rollup } from "rollup";

/** Texts, each in one of the chunks that a hunt in logs imports dynamically; else the build fails. */
const HUNTING = [
  "Standard input can be read but once", // the command
  "Suricata and Zeek logs on disk", // the engine
  'name:"context"', // the format
  "lines on standard output", // the sink
];

/** The same of what all calls but those of a hunt import. */
const TREE = ["Connects threat intelligence to network telemetry."];

/** And of what a hunt imports besides for lists of IoCs, and for logs that are not tiny. */
const LISTS = ["one value a line, comments after", "top-level domain or local name"];
const KERNEL = ["ended without an end"];

/**
 * Joins chunks of the bundle in `from` and writes it to `to`; `main` and `workers` keep their
 * names. A worker gets chunks of its own, so that what it shares with a hunt is no chunk by itself.
 */
export async function mergeChunks(
  from: string,
  to: string,
  main: string,
  workers: readonly string[],
): Promise<void> {
  const graph = await readGraph(from);
  await Deno.mkdir(to, { recursive: true });
  const started = closure(graph, [join(from, main)]);
  const within = (texts: readonly string[]) =>
    closure(graph, texts.map((text) => findChunk(graph, text)));
  const hunt = within(HUNTING), tree = within(TREE), lists = within(LISTS), kernel = within(KERNEL);
  // What is in the tree and in another must not have the tree load that.
  for (const id of tree.intersection(hunt.union(lists).union(kernel))) started.add(id);
  const groups = Object.entries({ main: started, hunt, tree, lists, kernel });
  const groupOf = (id: string) => groups.find(([, members]) => members.has(id))?.[0];
  await write(graph, join(from, main), join(to, main), groupOf);
  for (const worker of workers) {
    await write(graph, join(from, worker), join(to, basename(worker)), () => undefined);
  }
}

/** Writes what is reached from an entry; `groupOf` names the chunk that a module goes into, if it is not free. */
async function write(
  graph: Graph,
  entry: string,
  to: string,
  groupOf: (id: string) => string | undefined,
): Promise<void> {
  const bundle = await rollup({
    input: entry,
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
    entryFileNames: basename(to),
    chunkFileNames: "[name]-[hash].js",
  });
  for (const chunk of output as OutputChunk[]) {
    await Deno.writeTextFile(join(dirname(to), chunk.fileName), chunk.code);
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
  const [path, ...others] = [...graph].flatMap(([path, { code }]) =>
    code.includes(text) ? path : []
  );
  if (path !== undefined && others.length === 0) return path;
  const where = path === undefined ? "No chunk holds" : "More than one chunk holds";
  throw new Error(`${where} ${JSON.stringify(text)}: bring src/build/merge.ts up to date`);
}

/** What was read once need not be read again. */
function fromGraph(graph: Graph): Plugin {
  return { name: "graph", load: (id) => graph.get(id)?.code ?? null };
}
