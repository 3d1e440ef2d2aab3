/** Runs the program as a person would, in a process of its own. */

const MAIN = new URL("../../main.ts", import.meta.url);

/** What a call left behind. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to call. */
export interface CallOptions {
  readonly stdin?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The command line that runs bridge: the binary in `BRIDGE_BIN`, else the sources. */
export function bridgeCommand(args: readonly string[]): { command: string; args: string[] } {
  const binary = Deno.env.get("BRIDGE_BIN");
  if (binary) return { command: binary, args: [...args] };
  const config = new URL("../../deno.json", import.meta.url).pathname;
  return {
    command: Deno.execPath(),
    args: ["run", "--no-check", "-A", "--config", config, MAIN.pathname, ...args],
  };
}

/** Calls bridge and waits for its end. */
export async function bridge(args: readonly string[], options: CallOptions = {}): Promise<Outcome> {
  const call = bridgeCommand(args);
  const child = new Deno.Command(call.command, {
    args: call.args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { NO_COLOR: "1", ...options.env },
  }).spawn();
  const writer = child.stdin.getWriter();
  const input = options.stdin ?? "";
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  // A command that does not read its input may close it first.
  const fed = writer.write(bytes).then(() => writer.close()).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  await fed;
  const text = (data: Uint8Array) => new TextDecoder().decode(data);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
