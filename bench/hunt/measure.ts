/** Running a command and measuring it, by GNU time. */

/** What one run of a command took. */
export interface Run {
  /** Seconds on the clock, of CPU time in all threads; peak memory, bytes. */
  readonly wall: number;
  readonly cpu: number;
  readonly rss: number;
  /** Lines on standard output. */
  readonly lines: number;
}

/** A command that is compared. */
export interface Tool {
  readonly name: string;
  readonly argv: readonly string[];
  /** Its exit code if it finds nothing; 1 if not given, as grep's. */
  readonly emptyExit?: number;
}

/** A run longer than this is not done again, seconds. */
const PATIENCE = 20;

/** Runs a tool up to `times` times; the run with the median wall time, and how often it ran. */
export async function measure(
  tool: Tool,
  times: number,
): Promise<Run & { readonly times: number }> {
  const runs: Run[] = [];
  while (runs.length < times && (runs[0]?.wall ?? 0) < PATIENCE) runs.push(await runOnce(tool));
  runs.sort((a, b) => a.wall - b.wall);
  return { ...runs[Math.floor((runs.length - 1) / 2)]!, times: runs.length };
}

async function runOnce({ name, argv, emptyExit = 1 }: Tool): Promise<Run> {
  const child = new Deno.Command("/usr/bin/time", {
    args: ["-q", "-f", "\n%e %U %S %M", ...argv],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [lines, errors, { code }] = await Promise.all([
    countLines(child.stdout),
    new Response(child.stderr).text(),
    child.status,
  ]);
  if (code !== 0 && code !== emptyExit) throw new Error(`${name} failed with ${code}: ${errors}`);
  const [wall, user, system, kilobytes] = errors.trim().split("\n").at(-1)!.split(" ").map(Number);
  return { wall: wall!, cpu: user! + system!, rss: kilobytes! * 1024, lines };
}

async function countLines(stream: ReadableStream<Uint8Array>): Promise<number> {
  let lines = 0;
  for await (const chunk of stream) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
  }
  return lines;
}

/** Whether a program is installed. */
export async function isInstalled(program: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", {
    args: ["-c", 'command -v "$0"', program],
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}
