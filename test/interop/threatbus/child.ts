/** A child process whose output is read line by line. */

/** A running child. */
export interface Child {
  readonly pid: number;
  /** Resolves with the first line, seen or to come, that passes; rejects when the output ends. */
  until(test: (line: string) => boolean): Promise<string>;
  /** All lines so far. */
  readonly lines: readonly string[];
  /** Writes a line to its standard input. */
  tell(line: string): Promise<void>;
  /** Sends the signal and waits for the end. */
  stop(signal?: Deno.Signal): Promise<void>;
}

/** Starts a command; both its outputs are read together. */
export function startChild(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
): Child {
  const process = new Deno.Command(command, {
    ...options,
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = process.stdin.getWriter();
  const lines: string[] = [];
  let waiters: (() => void)[] = [];
  let open = 2;
  const wake = () => {
    const woken = waiters;
    waiters = [];
    for (const resolve of woken) resolve();
  };
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop()!;
      lines.push(...parts);
      wake();
    }
    open--;
    wake();
  };
  const reading = Promise.all([read(process.stdout), read(process.stderr)]);

  return {
    pid: process.pid,
    lines,
    until: async (test) => {
      for (let at = 0;;) {
        for (; at < lines.length; at++) if (test(lines[at]!)) return lines[at]!;
        if (open === 0) {
          const last = lines.slice(-15).join("\n");
          throw new Error(`${command} ended before what was waited for:\n${last}`);
        }
        await new Promise<void>((resolve) => waiters.push(resolve));
      }
    },
    tell: (line) => input.write(new TextEncoder().encode(line + "\n")),
    stop: async (signal = "SIGKILL") => {
      try {
        process.kill(signal);
      } catch { /* it has ended already */ }
      await input.close().catch(() => {});
      await process.status;
      await reading;
    },
  };
}
