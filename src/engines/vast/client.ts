import { ConfigError } from "../../errors.ts";
import type { JsonObject } from "../../json.ts";
import { type Child, startChild, tether } from "./child.ts";
import { type ConfigFile, writeConfigFile } from "./config_file.ts";
import { type ChildEnd, errorOf, NodeAwayError, VastError } from "./errors.ts";
import { type Block, countLines, linesOf, readBlocks } from "./lines.ts";
import { type ExportEnd, exportEnd, layoutsIn, parseObject, versionIn } from "./outcome.ts";
import type { Layouts } from "./predicates.ts";

/** A node answers `vast status` in 0.4 s; under load a request fails after 10 s. Ms. */
const STATUS_TIMEOUT = 15_000;

/** Layouts come seldom; hunts that follow each other closely ask once. Ms. */
const LAYOUTS_AGE = 10_000;

/** How long the client may take to tell its version or help, ms. */
const ASK_TIMEOUT = 10_000;

/** Where the node is and how to reach it. */
export interface ClientOptions {
  /** `host:port`. */
  readonly endpoint: string;
  readonly binary: string;
  /** Where its config file is kept; the user's state directory if absent. */
  readonly folder?: string | undefined;
  /** How long a node may take to answer `vast status` before it counts as no VAST, ms. */
  readonly statusTimeout?: number;
}

/** What this version of VAST can do, told by itself. */
export interface Support {
  /** As `vast version` says; undefined if it says nothing. */
  readonly version: string | undefined;
  /** `export --low-priority` exists. */
  readonly lowPriority: boolean;
  /** A config file with a small log queue, where such are taken: 22 MB a process instead of 420 MB. */
  readonly config: string | undefined;
  /** What makes the client end when we are killed; empty where there is no such thing. */
  readonly tether: readonly string[];
}

/** One query. */
export interface ExportQuery {
  readonly query: string;
  /** For the whole query; 0 or absent is unlimited. */
  readonly maxEvents?: number;
  readonly continuous?: boolean;
}

/** A typed binding of VAST's command line. */
export interface VastClient {
  readonly endpoint: string;
  /** Asks the client once. */
  support(signal: AbortSignal): Promise<Support>;
  /**
   * Number of events by layout, at most `age` ms old (10 s if absent); undefined if this version
   * does not tell. Rejects if the node is away.
   */
  layouts(signal: AbortSignal, age?: number): Promise<Layouts>;
  /** Resolves when a VAST node answers. */
  check(signal: AbortSignal): Promise<void>;
  /** Rows as lines of JSON, as they come, in blocks valid until the next; returns how it ended, throws why it did not. */
  export(query: ExportQuery, signal: AbortSignal): AsyncGenerator<Block, ExportEnd, void>;
  /** The rows of a small answer, parsed; none also if the query seems to have been cut short. */
  rows(query: ExportQuery, signal: AbortSignal): Promise<JsonObject[]>;
  /** Lines of a matcher; ends when the node or the process does. */
  attachMatcher(name: string, signal: AbortSignal): AsyncGenerator<Block, void, void>;
  addToMatcher(name: string, value: string, context: string, signal: AbortSignal): Promise<void>;
  removeFromMatcher(name: string, value: string, signal: AbortSignal): Promise<void>;
  /** Removes the config file, if it is not one to keep. */
  close(): Promise<void>;
}

/** Makes a binding; nothing is started before it is needed. */
export function createVastClient(options: ClientOptions): VastClient {
  const { endpoint, binary, folder, statusTimeout = STATUS_TIMEOUT } = options;
  let asked: Promise<Support> | undefined;
  /** A promise, so that closing takes a file along that is just being written. */
  let writing: Promise<ConfigFile> | undefined;
  let known: { readonly at: number; readonly layouts: Layouts } | undefined;

  const start = (
    args: readonly string[],
    signal: AbortSignal,
    more: { readonly stdin?: string; readonly before?: readonly string[] } = {},
  ): Child => startChild({ binary, args, signal, ...more });

  /** Options that stand before the command. */
  const before = (support: Support) => [
    ...(support.config === undefined ? [] : [`--config=${support.config}`]),
    ...["-e", endpoint],
  ];

  async function askSupport(signal: AbortSignal): Promise<Support> {
    writing ??= writeConfigFile(folder);
    const { path } = await writing;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT)]);
    const [queued, help, before] = await Promise.all([
      collect(start([`--config=${path}`, "version"], limit)),
      collect(start(["-e", endpoint, "export", "--help"], limit)),
      tether(),
    ]);
    const isTaken = queued.end.code === 0;
    const version = isTaken ? queued : await collect(start(["version"], limit));
    signal.throwIfAborted();
    return {
      version: versionIn(version.text),
      lowPriority: help.text.includes("--low-priority"),
      config: isTaken ? path : undefined,
      tether: before,
    };
  }

  async function status(args: readonly string[], signal: AbortSignal): Promise<JsonObject> {
    // It runs while the client tells its version, as it needs none of that.
    const support = client.support(signal);
    support.catch(() => {});
    const timeout = AbortSignal.timeout(statusTimeout);
    const limit = AbortSignal.any([signal, timeout]);
    const { text, end } = await collect(start(["-e", endpoint, "status", ...args], limit));
    signal.throwIfAborted();
    if (timeout.aborted) {
      throw new NodeAwayError(
        "no_vast",
        `What listens at ${endpoint} does not answer as VAST does`,
        {
          hint: "Set the key vast (--vast) to the host:port of a VAST node.",
        },
      );
    }
    const error = errorOf(end, endpoint);
    if (error) throw error;
    const answer = parseObject(text);
    if (answer === undefined) {
      throw new ConfigError(`The program ${binary} does not answer as VAST does`, {
        place: { key: "vast_binary" },
        hint: "Set the key vast_binary (--vast-binary) to the path of VAST's executable.",
      });
    }
    return answer;
  }

  async function matcher(args: readonly string[], signal: AbortSignal): Promise<void> {
    const support = await client.support(signal);
    const { end } = await collect(start([...before(support), "matcher", ...args], signal));
    signal.throwIfAborted();
    const error = errorOf(end, endpoint);
    if (error) throw error;
  }

  const client: VastClient = {
    endpoint,
    support(signal) {
      asked ??= askSupport(signal).catch((error) => {
        asked = undefined;
        throw error;
      });
      return asked;
    },
    async check(signal) {
      await status([], signal);
    },
    async layouts(signal, age = LAYOUTS_AGE) {
      if (!known || performance.now() - known.at > age) {
        const answer = await status(["--detailed"], signal);
        known = { at: performance.now(), layouts: layoutsIn(answer) };
      }
      return known.layouts;
    },
    async *export({ query, maxEvents = 0, continuous = false }, signal) {
      const support = await client.support(signal);
      const child = start(
        [
          ...before(support),
          "export",
          ...(continuous ? ["--continuous"] : ["--caf.scheduler.max-threads=1"]),
          ...(support.lowPriority && !continuous ? ["--low-priority"] : []),
          ...(maxEvents > 0 ? [`--max-events=${maxEvents}`] : []),
          "json",
          // Recorded as an argument only; queries of any length go to standard input.
          ...(continuous ? [positional(query)] : []),
        ],
        signal,
        { stdin: continuous ? "" : query, before: support.tether },
      );
      let rows = 0;
      let cut = false;
      try {
        for await (const block of readBlocks(child.output)) {
          rows += maxEvents > 0 || rows === 0 ? countLines(block) : 0;
          cut = block.cut;
          yield block;
        }
      } finally {
        // Leaving early ends the process; it is waited for.
        await child.end;
      }
      signal.throwIfAborted();
      const { sure, limited } = exportEnd(await child.end, rows > 0, cut, endpoint);
      return { sure, limited: limited || (maxEvents > 0 && rows >= maxEvents) };
    },
    async rows(query, signal) {
      const rows: JsonObject[] = [];
      const decoder = new TextDecoder();
      try {
        for await (const block of client.export(query, signal)) {
          for (const line of linesOf(block)) {
            const row = parseObject(decoder.decode(line));
            if (row !== undefined) rows.push(row);
          }
        }
      } catch (error) {
        if (!(error instanceof NodeAwayError && error.reason === "cut_short")) throw error;
      }
      return rows;
    },
    async *attachMatcher(name, signal) {
      const support = await client.support(signal);
      const child = start([...before(support), "matcher", "attach", "json", name], signal, {
        before: support.tether,
      });
      try {
        yield* readBlocks(child.output);
      } finally {
        await child.end;
      }
      signal.throwIfAborted();
      const error = errorOf(await child.end, endpoint);
      if (error) throw error;
    },
    async addToMatcher(name, value, context, signal) {
      await matcher(["add", name, positional(value), context], signal);
    },
    async removeFromMatcher(name, value, signal) {
      await matcher(["remove", name, positional(value)], signal);
    },
    async close() {
      const config = writing;
      writing = undefined;
      await (await config)?.remove();
    },
  };
  return client;
}

/** A value that VAST would take for an option never gets there. */
function positional(value: string): string {
  if (value.startsWith("-")) {
    throw new VastError("refused", `The value ${JSON.stringify(value)} begins like an option`);
  }
  return value;
}

async function collect(child: Child): Promise<{ text: string; end: ChildEnd }> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of child.output) text += decoder.decode(chunk, { stream: true });
  return { text, end: await child.end };
}
