/**
 * Builds the one binary: `deno task compile [--target TRIPLE] [--output FILE]`.
 *
 * The program is bundled first, in chunks that are loaded when used: an npm
 * package's many small files would cost more at start-up than all of our code.
 */
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { C_LIBRARIES } from "../../sinks/syslog/unix_datagram.ts";
import { compileEagerly } from "./eager.ts";
import { mergeChunks } from "./merge.ts";
import { profileStarts } from "./start_profile.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Entries beside main.ts that the program starts by name (Workers); they become files beside main.js. */
const WORKERS: readonly string[] = [
  "src/engines/logs/scan/scan_worker.ts",
  "src/state/checkpoint_worker.ts",
];

/** What the binary may do, and no more; `docs/reliability.md` says what for. */
export const PERMISSIONS = [
  "--allow-read",
  "--allow-write",
  "--allow-net",
  "--allow-env",
  "--allow-run",
  "--allow-sys=hostname",
  // The local syslog socket takes datagrams. (Deno's own, of --unstable-net, slow each start down.)
  `--allow-ffi=${C_LIBRARIES}`,
  "--no-prompt",
];

/**
 * Room for young objects, MiB. At the start V8 gives 1 otherwise: a tiny hunt fills that, and
 * collecting the garbage then takes a tenth of its time. Later it gives 16, three times over: with
 * half of that `bridge run` takes a third less memory, and no more time.
 *
 * Room for old ones, as a percentage of what is left after a collection. What is read from the bus
 * makes few of them but large ones, and V8 would collect twice as often for no less memory.
 */
const V8_FLAGS =
  "--v8-flags=--min-semi-space-size=4,--max-semi-space-size=8,--heap-growing-percent=200";

interface Compiler {
  readonly deno: string;
  readonly env: Readonly<Record<string, string>>;
}

if (import.meta.main) await main(Deno.args);

async function main(args: readonly string[]): Promise<void> {
  const target = valueOf(args, "--target");
  const windows = target?.includes("windows") ?? false;
  const output = valueOf(args, "--output") ??
    join(ROOT, "dist", `bridge${target ? `-${target}` : ""}${windows ? ".exe" : ""}`);
  const bundle = join(ROOT, "dist", "bundle");
  const compiler = await findCompiler(target);
  await makeBundle(bundle);
  await hasten(bundle, compiler);
  const workers = WORKERS.flatMap((at) => ["--include", join(bundle, basename(built(at)))]);
  await run(compiler.deno, [
    "compile",
    "--quiet",
    "--no-check",
    "--no-lock",
    "--no-config",
    ...PERMISSIONS,
    V8_FLAGS,
    ...workers,
    ...(target === undefined ? [] : ["--target", target]),
    "--output",
    output,
    join(bundle, "main.js"),
  ], compiler.env);
  console.error(`compiled ${output}`);
}

async function makeBundle(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  const chunks = `${folder}-chunks`;
  await Deno.remove(chunks, { recursive: true }).catch(() => {});
  const entries = [join(ROOT, "main.ts"), ...WORKERS.map((at) => join(ROOT, at))];
  await run(Deno.execPath(), [
    "bundle",
    "--quiet",
    "--platform",
    "deno",
    "--format",
    "esm",
    "--code-splitting",
    "--minify",
    "--outdir",
    chunks,
    ...entries,
  ]);
  await mergeChunks(chunks, folder, "main.js", WORKERS.map(built));
  await Deno.remove(chunks, { recursive: true });
}

function built(source: string): string {
  return source.replace(/\.ts$/, ".js");
}

/** Has the functions that every start calls compiled ahead, see `eager.ts`. */
async function hasten(bundle: string, { deno }: Compiler): Promise<void> {
  const logs = join(ROOT, "test", "fixtures", "logs");
  const profile = await profileStarts(deno, join(bundle, "main.js"), logs);
  const stray = [...profile.keys()].filter((name) =>
    !/^(main|(hunt|tree|lists|kernel)-.*)\.js$/.test(name)
  );
  if (stray.length > 0) {
    throw new Error(
      `A start loads ${stray.join(", ")} as well: bring src/build/merge.ts up to date`,
    );
  }
  for (const [name, starts] of profile) {
    const path = join(bundle, name);
    await Deno.writeTextFile(path, compileEagerly(await Deno.readTextFile(path), starts));
  }
}

/**
 * The Deno that compiles: `DENO_COMPILE` if set; here where Deno's download
 * site is out of reach, the base executable that ../shared/tools/denort makes;
 * else this one, which downloads its base executable.
 */
export async function findCompiler(target: string | undefined): Promise<Compiler> {
  const named = Deno.env.get("DENO_COMPILE");
  if (named !== undefined) return { deno: named, env: {} };
  const helper = join(ROOT, "..", "shared", "tools", "denort");
  if (target !== undefined || !await exists(helper)) return { deno: Deno.execPath(), env: {} };
  const { stdout, success } = await new Deno.Command("bash", {
    args: [helper],
    stderr: "inherit",
  }).output();
  if (!success) return { deno: Deno.execPath(), env: {} };
  const lines = new TextDecoder().decode(stdout).matchAll(/^export (\w+)='?(.*?)'?$/gm);
  const { DENO_COMPILE: deno, ...env } = Object.fromEntries(
    [...lines].map(([, name, value]) => [name!, value!]),
  );
  return { deno: deno ?? Deno.execPath(), env };
}

async function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { success, code } = await new Deno.Command(command, {
    args: [...args],
    env,
    cwd: ROOT,
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  if (success) return;
  console.error(`${command} ${args[0]} failed with exit code ${code}`);
  if (args[0] === "compile") {
    console.error(
      "Deno downloads the base executable of the target from its site. Where that is out of\n" +
        "reach, DENORT_BIN names one of the same version on this machine (see README, Build).",
    );
  }
  Deno.exit(2);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

function valueOf(args: readonly string[], flag: string): string | undefined {
  const at = args.indexOf(flag);
  return at < 0
    ? args.find((arg) => arg.startsWith(`${flag}=`))?.slice(flag.length + 1)
    : args[at + 1];
}
