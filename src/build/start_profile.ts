/** Finds out which functions a start of the program calls, by starting it. */
import { basename, join } from "node:path";

/** Where functions that were called begin, by the name of their chunk. */
export type StartProfile = ReadonlyMap<string, ReadonlySet<number>>;

/**
 * The starts that are to be fast. The IoCs are in the sample logs, so that matches are written too;
 * tiny logs are hunted in differently.
 */
async function startsOf(logs: string, folder: string): Promise<string[][]> {
  const hunt = (path: string, ...iocs: string[]) => ["retro", ...iocs, "--logs", path];
  const eve = join(logs, "suricata/eve.json"), tiny = join(folder, "tiny.json");
  const domain = "download.example.org", address = "198.51.100.23";
  const lines = (await Deno.readTextFile(eve)).split("\n");
  await Deno.writeTextFile(tiny, `${lines.find((line) => line.includes(domain))}\n`);
  const list = join(folder, "list.txt");
  await Deno.writeTextFile(list, `${domain}\n${address}\n`);
  return [
    ["--version"],
    ["--help"],
    hunt(tiny, "--ioc", domain),
    hunt(eve, "--ioc", domain),
    hunt(eve, "--ioc-file", list),
    hunt(join(logs, "zeek/http.log"), "--ioc", address),
    hunt(join(logs, "zeek/conn.log"), "--ioc", address),
    hunt(join(logs, "zeek-json/conn.log"), "--ioc", address),
  ];
}

/**
 * Starts `main` (a bundle) a few times in the ways that are to be fast, with V8
 * telling which functions it compiles and calls.
 *
 * @throws Error when V8 tells of none: its log has changed then
 */
export async function profileStarts(deno: string, main: string, logs: string) {
  const profile = new Map<string, Set<number>>();
  const folder = await Deno.makeTempDir({ prefix: "bridge-profile-" });
  try {
    for (const args of await startsOf(logs, folder)) {
      await start(deno, main, args, folder);
      for await (const { name } of Deno.readDir(folder)) {
        if (!name.endsWith(".log")) continue;
        readFunctions(await Deno.readTextFile(join(folder, name)), profile);
        await Deno.remove(join(folder, name));
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  if (!profile.has(basename(main))) throw new Error("V8 did not log which functions a start calls");
  return profile;
}

async function start(deno: string, main: string, args: readonly string[], folder: string) {
  const flags = `--v8-flags=--log-function-events,--logfile=${join(folder, "v8.log")}`;
  const { code } = await new Deno.Command(deno, {
    args: ["run", "--allow-all", "--no-config", flags, main, ...args],
    cwd: folder,
    // No configuration of this machine shall decide what is called; compiled code kept from before neither.
    env: { XDG_CONFIG_HOME: folder, DENO_DIR: folder },
    stdout: "null",
    stderr: "null",
  }).output();
  if (code !== 0) throw new Error(`bridge ${args.join(" ")} ended with ${code} in the bundle`);
}

/**
 * Adds the functions of local files that a log of V8 tells of. Its lines:
 * `script-details,<id>,<url>,…` and `function,<event>,<script id>,<start>,<end>,…`.
 */
export function readFunctions(log: string, into: Map<string, Set<number>>): void {
  const scripts = new Map<string, Set<number>>();
  const lines = log.split("\n").map((line) => line.split(","));
  for (const [what, id, url] of lines) {
    if (what !== "script-details" || !url?.startsWith("file:")) continue;
    const name = basename(new URL(url).pathname);
    scripts.set(id!, into.get(name) ?? into.set(name, new Set()).get(name)!);
  }
  for (const [what, event, id, start] of lines) {
    if (what !== "function" || (event !== "interpreter" && event !== "first-execution")) continue;
    scripts.get(id!)?.add(Number(start));
  }
}
