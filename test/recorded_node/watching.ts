/** Who watches the events that come to the recorded node: continuous exports and matchers. */

import type { Database } from "./database.ts";
import { aborted, type Client, cutShort, type Pause, type Progress } from "./node_client.ts";
import { joinRows, matcherLines, toBytes } from "./output.ts";
import type { Expression } from "./query.ts";

/** What is watched: what a query finds, or the values of a matcher. */
export type Watched = { readonly expression: Expression } | { readonly matcher: string };

/** All that watch. */
export interface Watching {
  readonly size: number;
  /** Values with their contexts, by matcher. */
  readonly matchers: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Changes a value of a matcher; without a context it is removed. */
  tell(matcher: string, value: string, context: string | undefined): void;
  /** Sends what comes until the client stops or so many seconds have passed; gives the exit code. */
  watch(client: Client, what: Watched, timeout?: number): Promise<number>;
  /** Commits events and sends them to those who watch for them. */
  commit(lines: readonly string[]): void;
  /** Sends a line to all attached matchers, as it stands. */
  emit(line: string | Uint8Array): void;
  /** What a client has come to, if it watches. */
  progressOf(client: Client): Progress | undefined;
}

/** What watching needs. */
export interface WatchingOptions {
  readonly database: Database;
  /** How much of the real time things take. */
  readonly scale: number;
  readonly pause: Pause;
  /** Called when who watches, or what is watched for, has changed. */
  readonly wake: () => void;
}

interface Watcher {
  readonly client: Client;
  readonly what: Watched;
  candidates: number;
  shipped: number;
}

const encoder = new TextEncoder();

/** Makes the list of those who watch, with nobody in it. */
export function createWatching({ database, scale, pause, wake }: WatchingOptions): Watching {
  const watchers = new Set<Watcher>();
  const matchers = new Map<string, Map<string, string>>();
  return {
    get size() {
      return watchers.size;
    },
    matchers,
    tell(matcher, value, context) {
      const values = matchers.get(matcher) ?? new Map<string, string>();
      matchers.set(matcher, values);
      if (context === undefined) values.delete(value);
      else values.set(value, context);
      wake();
    },
    async watch(client, what, timeout) {
      const watcher: Watcher = { client, what, candidates: 0, shipped: 0 };
      watchers.add(watcher);
      wake();
      try {
        const signals = timeout === undefined
          ? client.signal
          : AbortSignal.any([client.signal, AbortSignal.timeout(timeout * scale * 1000 + 1)]);
        await aborted(signals);
        const code = await cutShort(client, pause, watcher);
        if (client.signal.aborted || timeout === undefined) return code;
        const text = `"export json shut down after ${timeout.toFixed(1)}s timeout"`;
        return await client.failure(`!! timeout: ${text}`);
      } finally {
        watchers.delete(watcher);
        wake();
      }
    },
    commit(lines) {
      const added = database.add(lines.map((line) => encoder.encode(line)));
      for (const watcher of watchers) {
        const { client, what } = watcher;
        if ("expression" in what) {
          const rows = database.find(what.expression, added);
          const limit = client.request.maxEvents || Infinity;
          const sent = rows.slice(0, limit - watcher.shipped);
          watcher.candidates += rows.length;
          watcher.shipped += sent.length;
          if (sent.length > 0) client.send("o", joinRows(sent));
        } else {
          const values = matchers.get(what.matcher) ?? new Map();
          for (const row of added) {
            for (const line of matcherLines(row, values)) client.send("o", line + "\n");
          }
        }
      }
    },
    emit(line) {
      for (const { what, client } of watchers) {
        if ("matcher" in what) client.send("o", toBytes(line));
      }
    },
    progressOf: (client) => [...watchers].find((watcher) => watcher.client === client),
  };
}
