import { VERSION } from "../version.ts";
import { BridgeError, ClosedPipe, isClosedPipe } from "../errors.ts";
import { flushLog } from "../log.ts";
import { reasonOf } from "../system_error.ts";
import { type CliContext, EXIT } from "./context.ts";
import { describeError } from "./report.ts";

/** Runs one call of the program and resolves with its exit code; never rejects. */
export async function runCli(args: readonly string[]): Promise<number> {
  const variables = new Map(Object.entries(Deno.env.toObject()));
  const env = (name: string) => variables.get(name) || undefined;
  const { signal, dispose } = abortOnSignals();
  let code: number = EXIT.matched;
  const context: CliContext = { signal, env, print, exitWith: (given) => code = given };
  try {
    await run(args, context);
    return code;
  } catch (error) {
    if (isClosedPipe(error)) return EXIT.matched;
    await flushLog();
    console.error(describeError(error, env("BRIDGE_DEBUG") !== undefined));
    return EXIT.error;
  } finally {
    await flushLog();
    dispose();
  }
}

async function run(args: readonly string[], context: CliContext): Promise<void> {
  const [first, ...rest] = args;
  if (rest.length === 0 && (first === "--version" || first === "-V")) {
    // At once, before the event loop writes the code cache, which has to have more in it.
    return console.log(`bridge ${VERSION}`);
  }
  if (Deno.build.standalone && !hasCodeCache()) await fillCodeCache();
  // Hunts that are easily understood go round commander, which costs a start 4 ms.
  if (first === "retro" && await (await loadHunt()).retroAtOnce(rest, context)) return;
  await (await loadTree()).runTree(args, context);
}

const loadHunt = () => import("./retro.ts");
const loadTree = () => import("./tree.ts");

/**
 * V8's code cache is written by the first start that loads a chunk, and never again: it has to have
 * the code of all that is to start fast, whichever command is first. One import a chunk: Deno waits
 * for ever for the code of one that is asked for twice.
 */
async function fillCodeCache(): Promise<void> {
  await Promise.all([
    loadHunt(),
    loadTree(),
    import("../intel/readers/mod.ts"),
    import("../engines/logs/scan/kernel_scan.ts"),
  ]);
  // It is written in a turn of the event loop, for which a short hunt may never wait.
  await new Promise((resolve) => setTimeout(resolve, 0));
}

/**
 * Whether compiled code is kept already: Deno does it beside the folder that our files seem to be
 * in. Code older than the binary is that of another build; Deno writes it anew only then, so it is
 * removed for the case that it is not.
 */
function hasCodeCache(): boolean {
  const path = `${import.meta.dirname}.cache`;
  try {
    const kept = Deno.statSync(path), binary = Deno.statSync(Deno.execPath());
    if (kept.mtime! >= (binary.ctime ?? binary.mtime)!) return true;
    Deno.removeSync(path);
  } catch { /* there is none, or it is somebody else's */ }
  return false;
}

async function print(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let done = 0; done < bytes.length;) done += await Deno.stdout.write(bytes.subarray(done));
  } catch (error) {
    if (isClosedPipe(error)) throw new ClosedPipe();
    throw new BridgeError(`Can't write to standard output: ${reasonOf(error)}`, { cause: error });
  }
}

/** First SIGINT or SIGTERM: abort. Second: the process ends at once. */
function abortOnSignals(): { signal: AbortSignal; dispose: () => void } {
  const controller = new AbortController();
  const names: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  const onSignal = (name: Deno.Signal) => () => {
    if (controller.signal.aborted) Deno.exit(name === "SIGINT" ? 130 : 143);
    controller.abort(new DOMException(`stopped by ${name}`, "AbortError"));
  };
  const listeners = names.map((name) => [name, onSignal(name)] as const);
  for (const [name, listener] of listeners) Deno.addSignalListener(name, listener);
  const dispose = () => {
    for (const [name, listener] of listeners) Deno.removeSignalListener(name, listener);
  };
  return { signal: controller.signal, dispose };
}
