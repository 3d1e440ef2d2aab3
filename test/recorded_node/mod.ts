/** Starting recorded nodes in tests and benches, with an executable `vast` that talks to them. */

import { startNode } from "./node.ts";
import type { RecordedNode } from "./node_types.ts";

export type { Fault, RecordedNode } from "./node_types.ts";

/** Where the recordings lie, if they are there. */
export const GOLDEN = new URL("../../../shared/golden/vast/", import.meta.url);

/** A recorded case. */
export interface Case {
  readonly case: string;
  readonly cmd?: string;
  readonly exit?: number | string;
  readonly stdout?: string;
  readonly stdout_lines?: number;
  readonly stdout_cut?: boolean;
  readonly stderr?: string;
}

/** The recorded cases; empty when the recordings are not here. */
export function readCases(): Case[] {
  const path = new URL("cases.ndjson", GOLDEN);
  try {
    return Deno.readTextFileSync(path).trim().split("\n").map((line) => JSON.parse(line));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Splits at newlines; empty lines go. */
export function splitLines(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let start = 0, end; start < bytes.length; start = end + 1) {
    end = bytes.indexOf(10, start);
    if (end < 0) end = bytes.length;
    if (end > start) lines.push(bytes.subarray(start, end));
  }
  return lines;
}

/** The cut of the recorded events that lies in this folder. */
export function cutEvents(): Uint8Array[] {
  return splitLines(Deno.readFileSync(new URL("events.ndjson", import.meta.url)));
}

/**
 * All events of the recorded node; the cut if the recordings are not here. The
 * dataset lacks 22 events whose rows stand in the cases, so they come from there.
 */
export async function allEvents(): Promise<Uint8Array[]> {
  const file = await Deno.open(new URL("dataset.ndjson.gz", GOLDEN)).catch(() => undefined);
  if (!file) return cutEvents();
  const stream = file.readable.pipeThrough(new DecompressionStream("gzip"));
  const events = splitLines(new Uint8Array(await new Response(stream).arrayBuffer()));
  const decoder = new TextDecoder();
  const known = new Set(events.map((line) => decoder.decode(line)));
  const encoder = new TextEncoder();
  for (const { case: name, stdout = "" } of readCases()) {
    if (!name.startsWith("7-row")) continue;
    const row = stdout.split("\n")[0]!;
    if (row.startsWith("{") && !known.has(row)) events.push(encoder.encode(row));
  }
  return events;
}

/** Options of `withVast`. */
export interface VastOptions {
  readonly events?: readonly Uint8Array[];
  readonly scale?: number;
  readonly features?: readonly ("matcher" | "low-priority")[];
  readonly port?: number;
}

/** An executable for the recorded node, with its folder; remove it with `dispose`. */
export interface Launcher extends AsyncDisposable {
  readonly folder: string;
  /** Path of the executable `vast`. */
  readonly binary: string;
  /** The argument lists of all calls so far. */
  calls(): string[][];
}

/** Writes an executable `vast` into a temporary folder. */
export async function writeLauncher(options: VastOptions = {}): Promise<Launcher> {
  const folder = await Deno.makeTempDir({ prefix: "recorded-vast-" });
  const binary = `${folder}/vast`;
  const calls = `${folder}/calls.ndjson`;
  const client = new URL("client.ts", import.meta.url).pathname;
  const script = [
    "#!/bin/sh",
    `export RECORDED_VAST_SCALE='${options.scale ?? 0}'`,
    `export RECORDED_VAST_FEATURES='${(options.features ?? []).join(",")}'`,
    `export RECORDED_VAST_CALLS='${calls}'`,
    `exec '${Deno.execPath()}' run --no-check --no-config --no-lock -A '${client}' "$@"`,
    "",
  ].join("\n");
  await Deno.writeTextFile(binary, script, { mode: 0o755 });
  return {
    folder,
    binary,
    calls() {
      try {
        const lines = Deno.readTextFileSync(calls).trim().split("\n");
        return lines.map((line) => JSON.parse(line));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return [];
        throw error;
      }
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** A node and an executable, gone at the end of the block. */
export interface Vast extends Launcher {
  readonly node: RecordedNode;
}

/** Starts a recorded node on the cut (or the given events) with an executable for it. */
export async function startVast(options: VastOptions = {}): Promise<Vast> {
  const { scale = 0, events = cutEvents(), port = 0 } = options;
  const node = startNode({ events, scale, port });
  const launcher = await writeLauncher(options);
  return {
    ...launcher,
    node,
    async [Symbol.asyncDispose]() {
      await node.kill();
      await launcher[Symbol.asyncDispose]();
    },
  };
}
