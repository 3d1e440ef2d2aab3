import { ConfigError } from "../../errors.ts";
import type { ChildEnd } from "./errors.ts";

/** How long a child may take to end after SIGTERM (VAST takes 1.1 to 1.4 s) before SIGKILL, ms. */
const GRACE = 3000;

/** Of standard error, so much is kept from the beginning and so much from the end, characters. */
const KEPT = 1 << 15;

/** What a child is started with. */
export interface ChildOptions {
  readonly binary: string;
  readonly args: readonly string[];
  /** Written to standard input, which is then closed. */
  readonly stdin?: string;
  /** Ends the child: SIGTERM, after a while SIGKILL. */
  readonly signal: AbortSignal;
  /** A command line that comes before it and becomes it (see `tether`). */
  readonly before?: readonly string[];
}

/** A running child process. */
export interface Child {
  /** Standard output. Leaving the iteration early ends the child. */
  readonly output: AsyncIterable<Uint8Array>;
  /** Resolves when the process is gone and its output is closed; never rejects. */
  readonly end: Promise<ChildEnd>;
  /** Asks the process to end, and makes it. */
  stop(): void;
}

/**
 * Starts a program without a shell. Nothing of it is left behind: abort, `stop`
 * and the end of our own process all end it.
 *
 * @throws ConfigError if there is no such program
 */
export function startChild(options: ChildOptions): Child {
  const process = spawn(options);
  const stopper = createStopper(process);
  const abort = () => stopper.stop();
  const unload = () => stopper.kill();
  options.signal.addEventListener("abort", abort, { once: true });
  globalThis.addEventListener("unload", unload);
  if (options.signal.aborted) abort();
  const end = Promise.all([
    process.status,
    readText(process.stderr),
    writeText(process.stdin, options.stdin ?? ""),
  ]).then(([status, stderr]) => ({ code: status.code, signal: status.signal, stderr }));
  process.status.finally(() => {
    stopper.done();
    options.signal.removeEventListener("abort", abort);
    globalThis.removeEventListener("unload", unload);
  });
  return { output: readOutput(process.stdout, stopper), end, stop: abort };
}

/** Ends a child with its parent, even one that was killed and could not do so itself. */
const TETHER = ["setpriv", "--pdeathsig", "TERM", "--"];

/** The tether, where there is one: Linux with setpriv of util-linux 2.33 or later (not BusyBox). */
export async function tether(): Promise<readonly string[]> {
  if (Deno.build.os !== "linux") return [];
  try {
    const [program, ...args] = [...TETHER, "true"];
    const probe = new Deno.Command(program!, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    });
    return (await probe.output()).success ? TETHER : [];
  } catch {
    return []; // no such program, or no right to run it
  }
}

function spawn({ binary, args, signal, before = [] }: ChildOptions): Deno.ChildProcess {
  signal.throwIfAborted();
  const [program, ...rest] = [...before, binary, ...args];
  try {
    return new Deno.Command(program!, {
      args: rest,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound;
    throw new ConfigError(
      isMissing ? `There is no program ${binary}` : `${binary} is no program that may be run`,
      {
        cause: error,
        place: { key: "vast_binary" },
        hint: isMissing
          ? "Install VAST, or set the key vast_binary (--vast-binary) to its path."
          : "Set the key vast_binary (--vast-binary) to the path of VAST's executable.",
      },
    );
  }
}

/** Ends a process: SIGTERM first; SIGKILL when that does not help. */
interface Stopper {
  stop(): void;
  kill(): void;
  /** The process is gone. */
  done(): void;
}

function createStopper(process: Deno.ChildProcess): Stopper {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;
  const send = (signal: Deno.Signal) => {
    try {
      process.kill(signal);
    } catch (error) {
      // It ended by itself between two looks.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  };
  const kill = () => {
    if (!over) send("SIGKILL");
  };
  return {
    kill,
    stop() {
      if (over || timer !== undefined) return;
      send("SIGTERM");
      timer = setTimeout(kill, GRACE);
    },
    done() {
      over = true;
      clearTimeout(timer);
    },
  };
}

async function* readOutput(
  stream: ReadableStream<Uint8Array>,
  stopper: Stopper,
): AsyncGenerator<Uint8Array, void, void> {
  let whole = false;
  try {
    yield* stream;
    whole = true;
  } finally {
    // A process that closed its output is about to end; SIGTERM would change how.
    if (!whole) stopper.stop();
  }
}

/** All of it is read, so that a flood does not stop the child; little of it is kept. */
async function readText(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let head = "";
  let tail = "";
  for await (const chunk of stream) {
    const text = decoder.decode(chunk, { stream: true });
    const room = KEPT - head.length;
    head += text.slice(0, room);
    if (text.length > room) tail = (tail + text.slice(room)).slice(-KEPT);
  }
  return head + tail;
}

async function writeText(stream: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = stream.getWriter();
  try {
    if (text !== "") await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch {
    // The child did not want to read all of it; its exit code tells why.
    await writer.abort().catch(() => {});
  }
}
