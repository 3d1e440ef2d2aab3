import type { CommandLine } from "../command.ts";
import { orAborted } from "../wait.ts";

/** A child that answers each line with one line, in order; started when asked, and again when it died. */
export interface LineChild {
  /**
   * Sends a line (without newline) and resolves with the answer. Any number may be
   * under way. Rejects when the child dies, is late or says too much.
   */
  ask(line: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** The child ended over an earlier line; this one can simply be asked again. */
export class Interrupted extends Error {
  override name = "Interrupted";
}

interface Question {
  readonly resolve: (answer: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** A started child with its unanswered questions. */
interface Running {
  readonly child: Deno.ChildProcess;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly questions: Question[];
  readonly over: Promise<void>;
  /** Runs while a question waits; each answer begins it anew. */
  timer: ReturnType<typeof setTimeout> | undefined;
}

const NEWLINE = Uint8Array.of(10);

export function openLineChild(
  command: CommandLine,
  timeout: number,
  longestAnswer: number,
): LineChild {
  let running: Running | undefined;

  function start(): Running {
    const child = new Deno.Command(command.path ?? command.program, {
      args: command.fill({ ioc: "", matchType: "" }),
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const questions: Question[] = [];
    const writer = child.stdin.getWriter();
    writer.closed.catch(() => {});
    const over = readAnswers(child.stdout, (answer) => {
      questions.shift()?.resolve(answer);
      watch(started);
    }, longestAnswer)
      .then((fault) => end(started, fault ?? "the command closed its output"));
    const started: Running = { child, writer, questions, over, timer: undefined };
    return started;
  }

  /** Ends a child that can't be trusted to be in step any more; its questions fail. */
  async function end(old: Running, reason: string): Promise<void> {
    if (running === old) running = undefined;
    clearTimeout(old.timer);
    // The first that has no answer is to blame; the others did but stand behind it.
    const [first, ...others] = old.questions.splice(0);
    first?.reject(new Error(reason));
    for (const { reject } of others) reject(new Interrupted(reason));
    try {
      old.child.kill("SIGKILL");
    } catch { /* it has ended */ }
    await old.writer.abort().catch(() => {});
    await old.child.status;
  }

  function watch(current: Running): void {
    clearTimeout(current.timer);
    if (current.questions.length === 0 || timeout === 0) return;
    const late = `the command took longer than ${timeout / 1000} s`;
    current.timer = setTimeout(() => void end(current, late), timeout);
  }

  return {
    async ask(line, signal) {
      signal.throwIfAborted();
      const current = running ??= start();
      const answered = Promise.withResolvers<Uint8Array>();
      current.questions.push(answered);
      if (current.questions.length === 1) watch(current);
      const bytes = new Uint8Array(line.length + 1);
      bytes.set(line);
      bytes.set(NEWLINE, line.length);
      // A failure of the pipe is the child's death, which fails the question too.
      current.writer.write(bytes).catch(() => {});
      return await orAborted(answered.promise, signal);
    },
    async close() {
      const old = running;
      running = undefined;
      if (old === undefined) return;
      await old.writer.close().catch(() => {});
      const overdue = timeout === 0
        ? undefined
        : setTimeout(() => void end(old, "it is late"), timeout);
      await old.over;
      clearTimeout(overdue);
      await old.child.status;
    },
  };
}

/** Hands on each line; resolves with what was wrong, or undefined at the end. */
async function readAnswers(
  output: ReadableStream<Uint8Array>,
  take: (line: Uint8Array) => void,
  longest: number,
): Promise<string | undefined> {
  let parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (let bytes of output) {
      for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10)) {
        parts.push(bytes.subarray(0, at));
        take(concat(parts));
        [parts, length] = [[], 0];
        bytes = bytes.subarray(at + 1);
      }
      parts.push(bytes);
      length += bytes.length;
      if (length > longest) return "the command's answer does not end";
    }
    return undefined;
  } catch (error) {
    return String(error);
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
