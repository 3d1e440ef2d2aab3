import { endWithUs, kill, letGoOfInput, type Output, outputOf } from "../children.ts";
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
  /** The line with its newline. */
  readonly bytes: Uint8Array;
  readonly resolve: (answer: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** A started child with its unanswered questions. */
interface Running {
  readonly child: Deno.ChildProcess;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly output: Output;
  readonly questions: Question[];
  /** Number of questions, from the first on, that were sent. */
  sent: number;
  /** It answered the first question with one line, as the first is sent alone to see. */
  trusted: boolean;
  readonly over: Promise<void>;
  /** Runs while a question waits; each answer begins it anew. */
  timer: ReturnType<typeof setTimeout> | undefined;
}

const NEWLINE = 10;

export function openLineChild(
  command: CommandLine,
  timeout: number,
  longestAnswer: number,
): LineChild {
  let running: Running | undefined;
  const ending = new Set<Promise<void>>();

  function start(): Running {
    const child = new Deno.Command(command.path ?? command.program, {
      args: command.fill({ ioc: "", matchType: "" }),
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    endWithUs(child);
    const writer = child.stdin.getWriter();
    writer.closed.catch(() => {});
    const output = outputOf(child.stdout);
    const over = readAnswers(output, (answers) => take(started, answers), longestAnswer)
      .then((fault) => end(started, fault ?? "the command closed its output"));
    const started: Running = {
      child,
      writer,
      output,
      questions: [],
      sent: 0,
      trusted: false,
      over,
      timer: undefined,
    };
    return started;
  }

  /** Takes answers that came together; returns what is wrong with them. */
  function take(current: Running, answers: readonly Uint8Array[]): string | undefined {
    // Whose answers they are, nobody can tell then.
    if (answers.length > current.sent) return "the command answers a line with several";
    current.sent -= answers.length;
    current.trusted = true;
    for (const answer of answers) current.questions.shift()!.resolve(answer);
    send(current);
    watch(current);
    return undefined;
  }

  function send(current: Running): void {
    const most = current.trusted ? Infinity : 1;
    while (current.sent < Math.min(current.questions.length, most)) {
      // A failure of the pipe is the child's death, which fails the question too.
      current.writer.write(current.questions[current.sent++]!.bytes).catch(() => {});
    }
  }

  /** Ends a child that can't be trusted to be in step any more; its questions fail. */
  function end(old: Running, reason: string): Promise<void> {
    const ended = takeDown(old, reason).finally(() => ending.delete(ended));
    ending.add(ended);
    return ended;
  }

  async function takeDown(old: Running, reason: string): Promise<void> {
    if (running === old) running = undefined;
    clearTimeout(old.timer);
    // The first that has no answer is to blame; the others did but stand behind it.
    const [first, ...others] = old.questions.splice(0);
    first?.reject(new Error(reason));
    for (const { reject } of others) reject(new Interrupted(reason));
    kill(old.child);
    old.output.letGo();
    await letGoOfInput(old.writer);
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
      const bytes = new Uint8Array(line.length + 1);
      bytes.set(line);
      bytes[line.length] = NEWLINE;
      current.questions.push({ bytes, resolve: answered.resolve, reject: answered.reject });
      if (current.questions.length === 1) watch(current);
      send(current);
      return await orAborted(answered.promise, signal);
    },
    async close() {
      const old = running;
      running = undefined;
      if (old !== undefined) {
        await old.writer.close().catch(() => {});
        const late = () => void end(old, "it is late");
        const overdue = timeout === 0 ? undefined : setTimeout(late, timeout);
        await old.over;
        clearTimeout(overdue);
      }
      await Promise.all(ending);
    },
  };
}

/** Hands on lines as they come, until `take` finds fault; resolves with that, or undefined at the end. */
async function readAnswers(
  output: Output,
  take: (lines: readonly Uint8Array[]) => string | undefined,
  longest: number,
): Promise<string | undefined> {
  let parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (let bytes of output.chunks()) {
      const lines: Uint8Array[] = [];
      for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE)) {
        parts.push(bytes.subarray(0, at));
        lines.push(concat(parts));
        [parts, length] = [[], 0];
        bytes = bytes.subarray(at + 1);
      }
      const fault = lines.length > 0 ? take(lines) : undefined;
      if (fault !== undefined) return fault;
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
