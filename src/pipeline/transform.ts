import { endWithUs, kill, type Output, outputOf } from "../children.ts";
import { getLogger } from "../log.ts";
import { type CommandLine, locateCommand, parseCommand } from "../command.ts";
import type { Match } from "../engines/engine.ts";
import { ConfigError } from "../errors.ts";
import { iocOf } from "../formats/match.ts";
import { isJsonObject } from "../json.ts";
import { orAborted, withTimeout } from "../wait.ts";
import { Interrupted, openLineChild } from "./line_child.ts";
import type { Transform } from "./report.ts";

const logger = getLogger(["bridge", "transform"]);

/** How contexts are transformed. */
export interface TransformOptions {
  /** `transform_context`. */
  readonly command: string;
  /** A child for each event, as the ancestor did, or one that answers line by line. */
  readonly mode: "process" | "lines";
  /** Longest time for one event, ms; 0 is unlimited. */
  readonly timeout: number;
  readonly env: (name: string) => string | undefined;
}

/** What became of the events so far. */
export interface TransformCounts {
  transformed: number;
  /** Went on as they were, since the command failed twice on them. */
  untransformed: number;
}

/** The command that stands between matching and delivery. */
export interface Transformer {
  /**
   * The event as the command made it, JSON on one line. Nothing is lost: where the
   * command fails twice it is undefined, the event goes on as it was, counted and
   * logged. Any number may be under way; each is a child of its own in mode `process`.
   * Rejects only with the signal's reason.
   */
  readonly transform: Transform;
  readonly counts: Readonly<TransformCounts>;
  close(): Promise<void>;
}

const TRIES = 2;
/** A command whose answer is longer has gone astray. */
const LONGEST_ANSWER = 16 * 1024 * 1024;

/**
 * Reads the command; whether its program is there shows when it is used.
 *
 * @throws ConfigError when it can't be understood
 */
export function readTransform(
  { command: text, mode }: Pick<TransformOptions, "command" | "mode">,
): CommandLine {
  const command = parseCommand(text, "transform_context");
  if (mode === "lines" && command.hasPlaceholders) {
    throw new ConfigError("A long-lived command can't have %ioc or %matchtype", {
      place: { key: "transform_context" },
      hint: "Set transform.mode to process, or leave the placeholders out.",
    });
  }
  return command;
}

/**
 * Prepares the command; nothing runs yet.
 *
 * @throws ConfigError when the command can't be understood or is not there
 */
export function createTransformer(options: TransformOptions): Transformer {
  const { mode, timeout } = options;
  const parsed = readTransform(options);
  const command = locateCommand(parsed, options.env("PATH"));
  if (command === undefined) {
    throw new ConfigError(`There is no program ${JSON.stringify(parsed.program)}`, {
      place: { key: "transform_context" },
      hint: "Name one that is in PATH, or its path.",
    });
  }
  const child = mode === "lines" ? openLineChild(command, timeout, LONGEST_ANSWER) : undefined;
  const one = child === undefined
    ? (match: Match, signal: AbortSignal) => runOnce(command, match, timeout, signal)
    : (match: Match, signal: AbortSignal) => child.ask(match.event.bytes, signal);
  const counts: TransformCounts = { transformed: 0, untransformed: 0 };

  return {
    counts,
    async transform(match, signal) {
      for (let tries = 0;;) {
        try {
          const context = toContext(await one(match, signal));
          counts.transformed++;
          return context;
        } catch (error) {
          signal.throwIfAborted();
          if (error instanceof Interrupted || ++tries < TRIES) continue;
          counts.untransformed++;
          logger.warn("An event goes on untransformed: {error} (indicator {id})", {
            error,
            id: match.indicator.id,
          });
          return undefined;
        }
      }
    },
    close: () => child?.close() ?? Promise.resolve(),
  };
}

/** The ancestor's way: arguments filled, the event on standard input, the answer on standard output. */
async function runOnce(
  command: CommandLine,
  match: Match,
  timeout: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const args = command.fill({ ioc: iocOf(match), matchType: match.type });
  const limit = withTimeout(signal, timeout);
  limit.throwIfAborted();
  const child = new Deno.Command(command.path!, { args, stdin: "piped", stdout: "piped" })
    .spawn();
  endWithUs(child);
  const output = outputOf(child.stdout);
  const stop = () => {
    output.letGo();
    kill(child);
  };
  limit.addEventListener("abort", stop);
  try {
    const [answer, status] = await orAborted(
      Promise.all([readAll(output), child.status, feed(child.stdin, match.event.bytes)]),
      limit,
    );
    if (!status.success) throw new Error(`the command exited with ${status.code}`);
    return answer;
  } catch (error) {
    stop();
    await child.status;
    if (limit.aborted) throw new Error(`the command took longer than ${timeout / 1000} s`);
    throw error;
  } finally {
    limit.removeEventListener("abort", stop);
  }
}

/** A command need not read all of its input. */
async function feed(stdin: WritableStream<Uint8Array>, bytes: Uint8Array): Promise<void> {
  const writer = stdin.getWriter();
  await writer.write(bytes).catch(() => {});
  await writer.close().catch(() => {});
}

async function readAll(output: Output): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of output.chunks()) {
    length += part.length;
    if (length > LONGEST_ANSWER) throw new Error("the command's answer does not end");
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

/** An answer has to be one JSON object; formats need it on one line. */
function toContext(answer: Uint8Array): Uint8Array {
  let text: string;
  let value: unknown;
  try {
    text = decoder.decode(answer).trim();
    value = JSON.parse(text);
  } catch {
    throw new Error("the command's answer is not JSON");
  }
  if (!isJsonObject(value)) throw new Error("the command's answer is not a JSON object");
  return encoder.encode(/[\r\n]/.test(text) ? JSON.stringify(value) : text);
}
