import { bridgeCommand } from "../cli/bridge.ts";

/** A bridge in a process of its own. */
export interface Process {
  readonly pid: number;
  /** Its end: 0 to 255, or the signal that ended it. */
  readonly ended: Promise<number | Deno.Signal>;
  /** Undefined while it lives. */
  readonly outcome: number | Deno.Signal | undefined;
  /** The last that it said on standard error. */
  readonly log: string;
  kill(signal: Deno.Signal): void;
  /** Resolves when its log has matched; rejects when it ends before. */
  said(pattern: RegExp): Promise<void>;
}

const LOG_BYTES = 200_000;

/** Starts bridge; whoever starts it ends it. */
export function start(
  args: readonly string[],
  options: Partial<Deno.CommandOptions> = {},
): Process {
  const { command, args: all } = bridgeCommand(args);
  return startCommand(command, all, options);
}

/** Starts any command in the same way. */
export function startCommand(
  command: string,
  args: readonly string[],
  options: Partial<Deno.CommandOptions> = {},
): Process {
  const child = new Deno.Command(command, {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    ...options,
    env: { NO_COLOR: "1", ...options.env },
  }).spawn();
  let log = "", over = false;
  let outcome: number | Deno.Signal | undefined;
  const waiting = new Set<() => void>();
  const wake = () => waiting.forEach((check) => check());
  const reading = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      log = (log + text).slice(-LOG_BYTES);
      wake();
    }
  })();
  const ended = Promise.all([child.status, reading]).then(([status]) => {
    over = true;
    outcome = status.signal ?? status.code;
    wake();
    return outcome;
  });
  return {
    pid: child.pid,
    ended,
    get outcome() {
      return outcome;
    },
    get log() {
      return log;
    },
    kill(signal) {
      try {
        child.kill(signal);
      } catch { /* it has ended */ }
    },
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (pattern.test(log)) resolve();
          else if (over) {
            reject(new Error(`It ended (${outcome}) before saying ${pattern}:\n${log}`));
          } else return;
          waiting.delete(check);
        };
        waiting.add(check);
        check();
      }),
  };
}

/** Ends a process for good and waits for it. */
export async function reap(process: Process | undefined): Promise<void> {
  process?.kill("SIGKILL");
  await process?.ended;
}

/** Waits until a condition holds, looking often. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  within: number,
  what: string | (() => string),
): Promise<void> {
  for (const end = performance.now() + within; !await condition();) {
    if (performance.now() > end) {
      throw new Error(`Not within ${within} ms: ${typeof what === "string" ? what : what()}`);
    }
    await pause(20);
  }
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
