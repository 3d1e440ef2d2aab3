import { endWithUs, kill, letGoOfInput, type Output, outputOf } from "../src/children.ts";
import { type CommandLine, locateCommand, parseCommand, UnsafeValue } from "../src/command.ts";
import type { Values } from "../src/config/config.ts";
import type { OptionTable } from "../src/config/options.ts";
import { ConfigError } from "../src/errors.ts";
import { orAborted, sleep, withTimeout } from "../src/wait.ts";
import { afterScheme, readForm } from "./form.ts";
import { chunksOf, joinLines } from "./lines.ts";
import {
  type Delivery,
  type Sink,
  type SinkContext,
  SinkError,
  type SinkModule,
  type SinkSpec,
} from "./sink.ts";

const OPTIONS = {
  command: {
    type: "string",
    required: true,
    doc: "Program and arguments, split as a shell splits words, run without a shell; " +
      "%ioc and %matchtype are filled in after splitting",
  },
  mode: {
    type: "string",
    choices: ["auto", "lines", "each"],
    default: "auto",
    doc: "One long-lived child fed by lines, or a child for each match; auto starts one for each " +
      "if the command has placeholders",
  },
  ack: {
    type: "boolean",
    default: false,
    doc: "In mode lines: the child answers every line with a line of its own, when it is done",
  },
  timeout: {
    type: "duration",
    default: "60s",
    doc: "Longest time for a child of mode each, or for an answer; 0 is unlimited",
  },
} as const satisfies OptionTable;

type Options = Values<typeof OPTIONS>;

export const spec: SinkSpec = {
  name: "process",
  summary: "a program that reads matches on standard input",
  forms: ["process:COMMAND [ARGS]", "process:COMMAND [ARGS]?mode=each"],
  options: OPTIONS,
  guarantee: "at-least-once",
  confirms: "mode each: the child exited with 0; mode lines: the child answered (ack), or, " +
    "without ack, took the line into its pipe and was still alive",
  examples: ["process:jq -c .", "process:notify --ioc %ioc --type %matchtype"],
};

export function parse(form: string): Record<string, unknown> {
  if (!/^process:/i.test(form)) return { command: form, mode: "each" };
  const { rest, options } = readForm(form);
  const known = Object.keys(options).every((name) => Object.hasOwn(OPTIONS, name));
  // A question mark in the command (of a URL) does not begin options of ours.
  const command = afterScheme(known ? rest : form, 'process:COMMAND, such as "process:jq -c ."');
  return known ? { ...options, command } : { command };
}

export const open: SinkModule["open"] = async (raw, context, signal) => {
  const options = raw as unknown as Options;
  const parsed = parseCommand(options.command, "command");
  const command = locateCommand(parsed, context.env("PATH"));
  if (command === undefined) {
    throw new SinkError(`There is no program ${JSON.stringify(parsed.program)}`, {
      retryable: false,
      hint: "Name one that is in PATH, or its path.",
    });
  }
  const mode = options.mode === "auto" ? command.hasPlaceholders ? "each" : "lines" : options.mode;
  if (mode === "each") return oneChildEach(command, options);
  if (command.hasPlaceholders) {
    throw new ConfigError("A long-lived child can't have %ioc or %matchtype in its arguments", {
      place: { key: "command" },
      hint: "Use mode each, or take the IoC from the line (format match).",
    });
  }
  return await oneLongLivedChild(command, options, context, signal);
};

/** The ancestor's way: a child a match, its standard input the body, done when it exits with 0. */
function oneChildEach(command: CommandLine, { timeout }: Options): Sink {
  return {
    async write(batch, signal, progress) {
      for (const [at, delivery] of batch.entries()) {
        try {
          signal.throwIfAborted();
          await runOnce(command, delivery, withTimeout(signal, timeout));
        } catch (error) {
          throw problem(command, error, batch.slice(at));
        }
        await progress?.(1);
      }
    },
    close: () => Promise.resolve(),
  };
}

async function runOnce(command: CommandLine, delivery: Delivery, signal: AbortSignal) {
  const child = new Deno.Command(command.path!, {
    args: command.fill(delivery),
    stdin: "piped",
    signal,
  }).spawn();
  endWithUs(child);
  // The body alone, without a newline, as the ancestor did.
  const feeding = feed(child.stdin, delivery.body);
  try {
    const { success, code, signal: by } = await orAborted(child.status, signal);
    if (!success) throw new Error(by === null ? `it exited with ${code}` : `it was ended by ${by}`);
  } catch (error) {
    kill(child);
    await child.status;
    throw error;
  } finally {
    // A program that the child started may hold its input open for long.
    await orAborted(feeding, signal).catch(() => {});
  }
}

/** A child need not read its input; whether it did its work, its exit code tells. */
async function feed(stdin: WritableStream<Uint8Array>, bytes: Uint8Array): Promise<void> {
  const writer = stdin.getWriter();
  await writer.write(bytes).catch(() => {});
  await writer.close().catch(() => {});
}

/** A child that reads lines, and what became of it. */
interface Running {
  readonly child: Deno.ChildProcess;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly answers: Answers | undefined;
  /** Set when it ended. */
  ended: Error | undefined;
}

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 30_000;
const CHUNK = 256 * 1024;

async function oneLongLivedChild(
  command: CommandLine,
  options: Options,
  context: SinkContext,
  opening: AbortSignal,
): Promise<Sink> {
  let running: Running | undefined;
  let pause = 0;
  let notBefore = 0;

  async function start(signal: AbortSignal): Promise<Running> {
    await sleep(Math.max(0, notBefore - performance.now()), signal);
    signal.throwIfAborted();
    const child = new Deno.Command(command.path!, {
      args: command.fill({ ioc: "", matchType: "" }),
      stdin: "piped",
      stdout: options.ack ? "piped" : "inherit",
    }).spawn();
    endWithUs(child);
    const started: Running = {
      child,
      writer: child.stdin.getWriter(),
      answers: options.ack ? countLines(outputOf(child.stdout)) : undefined,
      ended: undefined,
    };
    started.writer.closed.catch(() => {});
    child.status.then(({ code, signal }) =>
      started.ended = new Error(signal === null ? `it exited with ${code}` : `${signal} ended it`)
    );
    if (context.head !== undefined) await put(started, [context.head], signal);
    return started;
  }

  async function put(to: Running, bodies: readonly Uint8Array[], signal: AbortSignal) {
    if (to.ended !== undefined) throw to.ended;
    await orAborted(to.writer.write(joinLines(bodies)), signal);
  }

  async function stop(): Promise<void> {
    const old = running;
    running = undefined;
    if (old === undefined) return;
    kill(old.child);
    old.answers?.letGo();
    await letGoOfInput(old.writer);
    await old.child.status;
    await old.answers?.done;
  }

  running = await start(opening);

  return {
    async write(batch, signal, progress) {
      let confirmed = 0;
      try {
        signal.throwIfAborted();
        if (running?.ended !== undefined) await stop();
        running ??= await start(signal);
        const current = running;
        for (const chunk of chunksOf(batch, CHUNK)) {
          const putting = put(current, chunk.map((delivery) => delivery.body), signal);
          if (current.answers === undefined) {
            await putting;
            await new Promise((resolve) => setTimeout(resolve, 0));
            if (current.ended !== undefined) throw current.ended;
            confirmed += chunk.length;
          } else {
            // A child that does not read is late with its answer; one that is gone gives none.
            putting.catch(() => {});
            for (let n = 0; n < chunk.length; n++, confirmed++) {
              await current.answers.next(signal, options.timeout);
              // Not waited for: a quick child would be held up by each.
              void progress?.(1);
            }
            await putting;
          }
        }
        pause = 0;
      } catch (error) {
        const reason = running?.ended ?? error;
        await stop();
        pause = Math.min(LONGEST_PAUSE, Math.max(FIRST_PAUSE, pause * 2));
        notBefore = performance.now() + pause;
        throw problem(command, reason, batch.slice(confirmed));
      }
    },
    async close() {
      const old = running;
      running = undefined;
      if (old === undefined) return;
      if (context.tail !== undefined) await put(old, [context.tail], opening).catch(() => {});
      await old.writer.close().catch(() => {});
      const overdue = options.timeout === 0 ? undefined : setTimeout(() => {
        kill(old.child);
        old.answers?.letGo();
      }, options.timeout);
      const { success, code } = await old.child.status;
      await old.answers?.done;
      clearTimeout(overdue);
      if (!success) throw problem(command, new Error(`it exited with ${code}`), []);
    },
  };
}

/** Lines that a child has answered and nobody has asked for yet. */
interface Answers {
  /** Takes one; rejects when it does not come within so many ms (0: unlimited). */
  next(signal: AbortSignal, timeout: number): Promise<void>;
  /** Settles when the child's output ended. */
  readonly done: Promise<void>;
  /** Waits for no more of it. */
  letGo(): void;
}

function countLines(output: Output): Answers {
  let ready = 0;
  let over = false;
  let wake = () => {};
  const done = (async () => {
    for await (const bytes of output.chunks()) {
      for (const byte of bytes) if (byte === 10) ready++;
      wake();
    }
  })().catch(() => {}).finally(() => {
    over = true;
    wake();
  });
  async function more(signal: AbortSignal): Promise<void> {
    while (ready === 0) {
      if (over) throw new Error("it closed its output");
      await orAborted(new Promise<void>((resolve) => wake = resolve), signal);
    }
  }
  return {
    done,
    letGo: output.letGo,
    async next(signal, timeout) {
      if (ready === 0) await more(withTimeout(signal, timeout));
      ready--;
    },
  };
}

function problem(
  { program }: CommandLine,
  error: unknown,
  undelivered: readonly Delivery[],
): SinkError {
  const { name, message } = error as Error;
  const reason = name === "TimeoutError" ? "it took too long" : message;
  return new SinkError(`The program ${JSON.stringify(program)} failed: ${reason}`, {
    undelivered,
    // Another try would meet the same value.
    retryable: !(error instanceof UnsafeValue),
    cause: error,
  });
}
