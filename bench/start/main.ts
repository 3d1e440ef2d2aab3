/**
 * How long the compiled binary takes to start against an empty compiled program:
 *
 *   deno task compile && deno task bench:start [--runs 60] [--bridge dist/bridge]
 *
 * All are run in turns, so that load on the machine meets all of them; the first
 * runs, which fill V8's code cache, don't count. A ratio is that of the minima (medians).
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findCompiler } from "../../src/build/compile.ts";

const EVENT = {
  timestamp: "2026-01-01T00:00:00.000000+0000",
  event_type: "dns",
  src_ip: "192.0.2.1",
  dest_ip: "192.0.2.53",
  dns: { type: "query", rrname: "example.com" },
};

/** Runs before those that count. */
const WARM_UP = 3;

interface Start {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** How long each run took, ms. */
  readonly times: number[];
}

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "60" },
    bridge: { type: "string", default: "dist/bridge" },
  },
});

const folder = await Deno.makeTempDir({ prefix: "bridge-start-" });
try {
  const bridge = await Deno.realPath(values.bridge);
  const starts = await startsOf(bridge);
  for (let run = -WARM_UP; run < Number(values.runs); run++) {
    for (const start of starts) {
      const time = await timed(start);
      if (run >= 0) start.times.push(time);
    }
  }
  console.log(report(starts));
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function startsOf(bridge: string): Promise<Start[]> {
  const logs = join(folder, "eve.json");
  await Deno.writeTextFile(logs, JSON.stringify(EVENT) + "\n");
  const hunt = ["retro", "--ioc", "example.com", "--logs", logs];
  const uncached = { TMPDIR: join(folder, "missing") };
  return [
    { name: "an empty program", command: await emptyProgram(), args: [], times: [] },
    { name: "`bridge --version`", command: bridge, args: ["--version"], times: [] },
    { name: "`bridge --help`", command: bridge, args: ["--help"], times: [] },
    { name: "a hunt in one line", command: bridge, args: hunt, times: [] },
    {
      name: "the same without a code cache",
      command: bridge,
      args: hunt,
      env: uncached,
      times: [],
    },
  ];
}

async function emptyProgram(): Promise<string> {
  const source = join(folder, "empty.js"), output = join(folder, "empty");
  await Deno.writeTextFile(source, "");
  const { deno, env } = await findCompiler(undefined);
  const { success } = await new Deno.Command(deno, {
    args: ["compile", "--quiet", "--no-check", "--no-config", "--output", output, source],
    env,
  }).output();
  if (!success) throw new Error(`${deno} compile failed`);
  return output;
}

async function timed({ name, command, args, env = {} }: Start): Promise<number> {
  const began = performance.now();
  const { success } = await new Deno.Command(command, {
    args: [...args],
    cwd: folder,
    env,
    stdout: "null",
    stderr: "null",
  }).output();
  const time = performance.now() - began;
  if (!success) throw new Error(`${name} failed`);
  return time;
}

function report(starts: readonly Start[]): string {
  const rows = starts.map(({ name, times }) => {
    const sorted = times.toSorted((a, b) => a - b);
    return { name, least: sorted[0]!, median: sorted[sorted.length >> 1]! };
  });
  const [empty] = rows;
  return [
    `Load average ${Deno.loadavg()[0]!.toFixed(1)} at the end, ${values.runs} runs each.`,
    "",
    "| what | least, ms | median, ms | × empty, least | × empty, median |",
    "| --- | --- | --- | --- | --- |",
    ...rows.map(({ name, least, median }) =>
      `| ${name} | ${least.toFixed(1)} | ${median.toFixed(1)} | ${
        (least / empty!.least).toFixed(2)
      } | ${(median / empty!.median).toFixed(2)} |`
    ),
  ].join("\n");
}
