/** `bridge run` in a process of its own, and an app on its bus. */
import assert from "node:assert/strict";
import type { JsonObject } from "../../src/json.ts";
import type { ThreatBusClient } from "../../src/threatbus/client.ts";
import { connectApp } from "../../src/threatbus/connect.ts";
import { bridgeCommand, type CallOptions } from "./bridge.ts";

/** A bridge that runs. */
export interface Running {
  readonly pid: number;
  /** Lines of standard error and output so far. */
  readonly log: readonly string[];
  readonly output: readonly string[];
  /** The first line, seen or to come, that matches; rejects when the output ends before. */
  logged(pattern: RegExp): Promise<RegExpExecArray>;
  /** So many lines of standard output. */
  printed(count: number): Promise<readonly string[]>;
  /** Management endpoint of its own bus. */
  bus(): Promise<string>;
  /** Body of a page of its metrics server, with the status. */
  page(path: string): Promise<Page>;
  /** Resolves when /readyz says that all is well. */
  ready(): Promise<void>;
  /** Resolves when /metrics has a line that matches. */
  counts(pattern: RegExp): Promise<void>;
  /** Sends SIGTERM, or another, and resolves with the exit code. */
  stop(signal?: Deno.Signal): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A page that the program serves. */
interface Page {
  readonly status: number;
  readonly text: string;
}

/** Longest time for what takes moments on a machine that is not overloaded, ms. */
const PATIENCE = 180_000;

/** Starts the program with these arguments; after so many ms it is killed. */
export function start(
  args: readonly string[],
  options: CallOptions = {},
  longest = PATIENCE,
): Running {
  const call = bridgeCommand(args);
  const child = new Deno.Command(call.command, {
    args: call.args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { NO_COLOR: "1", ...options.env },
  }).spawn();
  const error = gather(child.stderr);
  const output = gather(child.stdout);
  // A test that waits in vain fails with what was logged.
  const patience = setTimeout(() => stop("SIGKILL"), longest);
  const logged = async (pattern: RegExp) => {
    const found = await error.until((lines) => lines.find((line) => pattern.test(line)));
    return pattern.exec(found)!;
  };
  const page = async (path: string) => {
    const address = (await logged(/Metrics on (http:\S+)\/metrics/))[1]!;
    const response = await fetch(address + path);
    return { status: response.status, text: await response.text() };
  };
  const stop = async (signal: Deno.Signal = "SIGTERM") => {
    try {
      child.kill(signal);
    } catch { /* it has ended */ }
    await Promise.all([error.ended, output.ended]);
    clearTimeout(patience);
    return (await child.status).code;
  };
  const shown = async (path: string, is: (page: Page) => boolean) => {
    while (!is(await page(path))) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  return {
    pid: child.pid,
    log: error.lines,
    output: output.lines,
    logged,
    printed: (count) => output.until((lines) => lines.length >= count ? lines : undefined),
    bus: async () => (await logged(/Threat Bus listens on (\S+)/))[1]!,
    page,
    ready: () => shown("/readyz", ({ status }) => status === 200),
    counts: (pattern) => shown("/metrics", ({ text }) => pattern.test(text)),
    stop,
    [Symbol.asyncDispose]: async () => void await stop("SIGKILL"),
  };
}

/** An app on a bus that publishes indicators and gathers sightings. */
export interface App {
  readonly client: ThreatBusClient;
  readonly sightings: readonly JsonObject[];
  publish(...objects: JsonObject[]): Promise<void>;
  /** Resolves with all sightings so far when these are among them, each told as `told` does. */
  saw(...wanted: string[]): Promise<readonly string[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Joins the bus at an endpoint. */
export async function join(endpoint: string): Promise<App> {
  const client = connectApp(
    { endpoint, topics: ["stix2/sighting"], snapshotDays: 0 },
    new AbortController().signal,
  );
  // A test that waits in vain says for what.
  const patience = setTimeout(() => client.close(), PATIENCE);
  await client.subscribed.catch((error) => {
    clearTimeout(patience);
    throw error;
  });
  const sightings: JsonObject[] = [];
  let wake = () => {};
  let open = true;
  const reading = (async () => {
    for await (const item of client.items()) {
      assert.notEqual(item.type, "refused", JSON.stringify(item));
      if (item.type === "sighting") sightings.push(item.sighting);
      wake();
    }
    open = false;
    wake();
  })();
  const never = new AbortController().signal;
  return {
    client,
    sightings,
    async publish(...objects) {
      assert.deepEqual(await client.publish(objects, never), []);
    },
    async saw(...wanted) {
      for (;;) {
        const all = sightings.map(told);
        const missing = wanted.filter((one) => !all.includes(one));
        if (missing.length === 0) return all;
        if (!open) throw new Error(`The bus is gone; missing ${missing}; seen ${all}`);
        await new Promise<void>((resolve) => wake = resolve);
      }
    },
    [Symbol.asyncDispose]: async () => {
      clearTimeout(patience);
      await client.close();
      await reading;
    },
  };
}

/** A sighting in short: how, of which indicator, which flow. */
export function told(sighting: JsonObject): string {
  const context = sighting["x_threatbus_sighting_context"] as JsonObject;
  const name = String(sighting["sighting_of_ref"]).slice(-12).replace(/^0+/, "");
  return `${sighting["x_threatbus_match_type"]} ${name} ${context["flow_id"]}`;
}

/** The indicator with this number. */
export function indicator(number: number, pattern: string, more: JsonObject = {}): JsonObject {
  return {
    type: "indicator",
    spec_version: "2.1",
    id: `indicator--00000000-0000-4000-8000-${String(number).padStart(12, "0")}`,
    created: "2026-11-01T10:00:00.000Z",
    modified: "2026-11-01T10:00:00.000Z",
    pattern,
    pattern_type: "stix",
    valid_from: "2026-11-01T10:00:00.000Z",
    ...more,
  };
}

/** A line of EVE about a flow to an address. */
export function flow(id: number, address: string): string {
  return JSON.stringify({
    timestamp: "2026-11-02T10:00:00.000000+0000",
    flow_id: id,
    event_type: "flow",
    src_ip: "10.0.0.1",
    src_port: 40_000,
    dest_ip: address,
    dest_port: 443,
    proto: "TCP",
  }) + "\n";
}

function gather(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
  const lines: string[] = [];
  const waiters = new Set<() => void>();
  let open = true;
  const wake = () => waiters.forEach((waiter) => waiter());
  const ended = (async () => {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop()!;
      lines.push(...parts);
      wake();
    }
    open = false;
    wake();
  })();
  const until = async <T>(find: (lines: readonly string[]) => T | undefined): Promise<T> => {
    for (;;) {
      const found = find(lines);
      if (found !== undefined) return found;
      if (!open) throw new Error(`Ended before what was waited for:\n${lines.join("\n")}`);
      await new Promise<void>((resolve) => {
        const waiter = () => {
          waiters.delete(waiter);
          resolve();
        };
        waiters.add(waiter);
      });
    }
  };
  return { lines, ended, until };
}
