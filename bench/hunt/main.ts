/**
 * How fast a hunt is against its alternatives, all in one run:
 *
 *   deno task bench:hunt [--size 400MB] [--iocs 1,1000,100000,1000000] [--runs 5]
 *                        [--targets one,many,gz] [--skip jq,grep] [--bridge dist/bridge] [--write]
 *
 * Makes its own logs and lists (see corpus.ts) in a cache folder, measures the
 * compiled binary and its peers, prints a table of ratios; `--write` puts it into
 * docs/benchmarks.md.
 */
import { parseArgs } from "node:util";
import { createGzip } from "node:zlib";
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { iocList, writeCorpus } from "./corpus.ts";
import { isInstalled, measure, type Run, type Tool } from "./measure.ts";

const MEGA = 1e6;
const MANY = 20;
const DOCS = new URL("../../docs/benchmarks.md", import.meta.url);
const MARKS = ["<!-- hunt: begin -->", "<!-- hunt: end -->"] as const;

/** A set of files to hunt in. */
interface Target {
  readonly name: string;
  readonly files: readonly string[];
  /** Bytes of log, decompressed. */
  readonly bytes: number;
  readonly compressed: boolean;
}

interface Row {
  readonly iocs: number;
  readonly target: string;
  readonly tool: string;
  readonly run: Run & { readonly times: number };
  readonly gigabytes: number;
}

const { values } = parseArgs({
  options: {
    size: { type: "string", default: "400MB" },
    iocs: { type: "string", default: "1,1000,100000,1000000" },
    runs: { type: "string", default: "5" },
    targets: { type: "string", default: "one,many,gz" },
    bridge: { type: "string", default: "dist/bridge" },
    cache: { type: "string", default: "/tmp/bridge-bench" },
    skip: { type: "string", default: "" },
    write: { type: "boolean", default: false },
  },
});

const bytes = sizeOf(values.size);
await Deno.mkdir(values.cache, { recursive: true });
const rows: Row[] = [];
for (const name of values.targets.split(",")) {
  const target = await makeTarget(name, bytes, values.cache);
  await add(0, target, readTool(target));
  for (const count of values.iocs.split(",").map(Number)) {
    const list = `${values.cache}/iocs-${count}.txt`;
    await Deno.writeTextFile(list, iocList(count));
    for (const tool of await toolsFor(target, list, count)) await add(count, target, tool);
  }
}
const report = await format(rows);
console.log(report);
if (values.write) await writeDocs(report);

async function add(iocs: number, target: Target, tool: Tool): Promise<void> {
  const run = await measure(tool, Number(values.runs));
  rows.push({ iocs, target: target.name, tool: tool.name, run, gigabytes: target.bytes / 1e9 });
  console.error(
    `${target.name} ${iocs} ${tool.name}: ${run.wall.toFixed(2)} s, ${run.lines} lines`,
  );
}

function sizeOf(text: string): number {
  const [, number, unit] = /^([0-9.]+)(MB|GB)$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`--size is like 400MB or 4GB, not ${text}`);
  return Number(number) * (unit === "GB" ? 1000 : 1) * MEGA;
}

async function makeTarget(name: string, bytes: number, cache: string): Promise<Target> {
  const label = `${bytes / MEGA}`;
  const one = `${cache}/eve-${label}.json`;
  if (name === "one") {
    await writeCorpus(one, "eve", bytes, 1);
    return { name: "one file", files: [one], bytes: await sizeOnDisk([one]), compressed: false };
  }
  if (name === "many") {
    const files: string[] = [];
    for (let i = 0; i < MANY; i++) {
      const kind = i % 4 === 3 ? "zeek-json" : "eve";
      const file = `${cache}/many-${label}-${i}.json`;
      await writeCorpus(file, kind, bytes / MANY, 10 + i);
      files.push(file);
    }
    return { name: `${MANY} files`, files, bytes: await sizeOnDisk(files), compressed: false };
  }
  await writeCorpus(one, "eve", bytes, 1);
  const packed = `${one}.gz`;
  if (!await exists(packed)) {
    await pipeline(createReadStream(one), createGzip({ level: 6 }), createWriteStream(packed));
  }
  return { name: "gz", files: [packed], bytes: await sizeOnDisk([one]), compressed: true };
}

async function sizeOnDisk(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => (await Deno.stat(file)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** What merely reading (and decompressing) takes. */
function readTool({ files, compressed }: Target): Tool {
  if (compressed) {
    return { name: "gzip -dc", argv: ["sh", "-c", 'gzip -dc "$@" >/dev/null', "sh", ...files] };
  }
  return { name: "cat", argv: ["sh", "-c", 'cat "$@" >/dev/null', "sh", ...files] };
}

async function toolsFor(target: Target, list: string, count: number): Promise<Tool[]> {
  const { files, compressed } = target;
  const logs = files.flatMap((file) => ["--logs", file]);
  const tools: Tool[] = [
    { name: "bridge", argv: [values.bridge, "retro", "--ioc-file", list, ...logs, "-q"] },
    {
      name: "rg -F -f",
      argv: ["rg", ...(compressed ? ["-z"] : []), "--no-filename", "-F", "-f", list, ...files],
    },
  ];
  const grep = compressed ? "zgrep" : "grep";
  tools.push({ name: `${grep} -F -f`, argv: [grep, "-h", "-F", "-f", list, ...files] });
  if (!compressed && count <= 1000) {
    const program = '($l | split("\\n") | map({(.): true}) | add) as $d | ' +
      "inputs | select(any(.. | strings; $d[.]))";
    tools.push({ name: "jq", argv: ["jq", "-cn", "--rawfile", "l", list, program, ...files] });
  }
  if (!compressed) tools.push(duckdb(files, list));
  if (!compressed && count === 1) {
    const value = (await Deno.readTextFile(list)).trim();
    tools.push({ name: "zq", argv: ["zq", "-z", JSON.stringify(value), ...files] });
  }
  const skipped = values.skip.split(",");
  const wanted = await Promise.all(tools.map(async ({ name, argv: [program] }) => {
    if (name === "bridge") return true;
    return !skipped.includes(program!) && await isInstalled(program!);
  }));
  return tools.filter((_, i) => wanted[i]);
}

/** DuckDB, which looks at five fields only: each further one costs it time. */
function duckdb(files: readonly string[], list: string): Tool {
  const fields = ["src_ip", "dest_ip", "dns.rrname", "http.hostname", "tls.sni"];
  const names = files.map((file) => `'${file}'`).join(", ");
  const query = `
    with iocs as (from read_csv('${list}', header = false, columns = {'ioc': 'varchar'}))
    select json from read_json_objects([${names}], format = 'newline_delimited')
    where ${fields.map((field) => `(json ->> '$.${field}') in (from iocs)`).join(" or ")}`;
  return { name: "duckdb", argv: ["duckdb", "-list", "-noheader", "-c", query], emptyExit: 0 };
}

async function format(rows: readonly Row[]): Promise<string> {
  const head = [
    "IoCs",
    "logs",
    "tool",
    "s",
    "× bridge",
    "CPU s",
    "peak MB",
    "GB/s",
    "of reading",
    "lines",
    "runs",
  ];
  const lines = [head.join(" | "), head.map(() => "---").join(" | ")];
  for (const { iocs, target, tool, run, gigabytes } of rows) {
    const of = (name: string, iocs: number) =>
      rows.find((row) => row.iocs === iocs && row.target === target && row.tool.startsWith(name));
    const bridge = of("bridge", iocs)?.run.wall;
    const reading = rows.find((row) => row.iocs === 0 && row.target === target)!.run.wall;
    lines.push([
      iocs === 0 ? "—" : iocs.toLocaleString("en"),
      target,
      tool,
      run.wall.toFixed(2),
      bridge === undefined ? "—" : (run.wall / bridge).toFixed(1),
      run.cpu.toFixed(2),
      Math.round(run.rss / MEGA),
      (gigabytes / run.wall).toFixed(2),
      `${Math.round(100 * reading / run.wall)} %`,
      run.lines,
      run.times,
    ].join(" | "));
  }
  const command = `deno task bench:hunt ${Deno.args.filter((arg) => arg !== "--write").join(" ")}`;
  return `${await machine()}\n\n\`${command.trim()}\`\n\n${
    lines.map((line) => `| ${line} |`).join("\n")
  }`;
}

async function machine(): Promise<string> {
  const lscpu = await new Deno.Command("lscpu").output().catch(() => undefined);
  const info = new TextDecoder().decode(lscpu?.stdout);
  const model = /Model name: *(.*)/.exec(info)?.[1] ?? Deno.build.arch;
  const load = Deno.loadavg()[0]!.toFixed(1);
  return `${model}, ${navigator.hardwareConcurrency} cores, ${Deno.build.os}; files in the page cache; ` +
    `load average ${load} at the end; medians; runs over 20 s are not repeated.`;
}

async function writeDocs(report: string): Promise<void> {
  const text = await Deno.readTextFile(DOCS).catch(() => "# Benchmarks\n\n## Hunt\n");
  const [begin, end] = MARKS;
  const section = `${begin}\n${report}\n${end}`;
  const from = text.indexOf(begin), to = text.indexOf(end);
  const next = from < 0
    ? `${text.trimEnd()}\n\n${section}\n`
    : text.slice(0, from) + section + text.slice(to + end.length);
  await Deno.writeTextFile(DOCS, next);
}
