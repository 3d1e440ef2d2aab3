/** The recorded node: holds the events, answers queries, feeds the continuous ones and matchers. */

import { CLIENT, exporterSeconds } from "./cost.ts";
import { createDatabase } from "./database.ts";
import { createGate } from "./gate.ts";
import { type Expression, NotRecorded, ParseError, parseQuery } from "./query.ts";
import type { Fault, NodeOptions, RecordedNode } from "./node_types.ts";
import { counted, joinRows, matcherLines, ms, toBytes } from "./output.ts";
import { isGone, listen, readLines } from "./sockets.ts";
import { type FrameType, GREETING, logLine, packFrame, type Request, writeAll } from "./wire.ts";

interface Client {
  readonly request: Request;
  send(type: FrameType, payload: Uint8Array | string): Promise<void>;
  /** Aborts when the client asks to stop (reason "stop") or is gone. */
  readonly signal: AbortSignal;
  close(): void;
}

interface Watcher {
  readonly client: Client;
  /** Of a continuous export; a matcher has a name instead. */
  readonly expression?: Expression;
  readonly matcher?: string;
  candidates: number;
  shipped: number;
}

const encoder = new TextEncoder();

/** Starts a node on loopback. */
export function startNode(options: NodeOptions): RecordedNode {
  const scale = options.scale ?? 0;
  const database = createDatabase(options.events);
  const listener = listen(options.port || undefined);
  const { port } = listener.addr as Deno.NetAddr;
  const clients = new Set<Client>();
  const watchers = new Set<Watcher>();
  const waiters = new Set<() => void>();
  const matchers = new Map<string, Map<string, string>>();
  const queries: string[] = [];
  const faults: { fault: Fault; left: number }[] = [];
  const exporter = createGate(1);
  const processor = createGate(2);
  let active = 0;
  let answered = 0;
  let ended = false;
  let peak = 0;

  const pause = (seconds: number) =>
    scale === 0 || seconds <= 0
      ? Promise.resolve()
      : new Promise<void>((d) => setTimeout(d, seconds * scale * 1000));

  async function serve(): Promise<void> {
    for await (const connection of listener) {
      handle(connection).catch((error) => {
        if (!(error instanceof Deno.errors.BadResource || isGone(error))) throw error;
      });
    }
  }

  async function handle(connection: Deno.TcpConn): Promise<void> {
    await writeAll(connection, encoder.encode(GREETING));
    const lines = readLines(connection);
    const first = await lines.next();
    if (first.done) return connection.close();
    const controller = new AbortController();
    let closed = false;
    const client: Client = {
      request: JSON.parse(first.value),
      signal: controller.signal,
      async send(type, payload) {
        const bytes = typeof payload === "string" ? encoder.encode(payload) : payload;
        await writeAll(connection, packFrame(type, bytes)).catch((error) => {
          if (!isGone(error)) throw error;
        });
      },
      close() {
        if (!closed) connection.close();
        closed = true;
      },
    };
    clients.add(client);
    // What follows the request is the wish to stop, or the end of the client.
    lines.next().then(({ done }) => controller.abort(done ? "gone" : "stop"), () => {
      controller.abort("gone");
    });
    try {
      const code = await answer(client);
      if (code !== undefined) await client.send("x", String(code));
    } catch (error) {
      if (!(error instanceof NotRecorded)) throw error;
      await client.send("e", `recorded node: no recording covers ${error.message}\n`);
      await client.send("x", "70");
    } finally {
      clients.delete(client);
      client.close();
    }
  }

  /** Resolves with the exit code; undefined means that the connection breaks. */
  async function answer(client: Client): Promise<number | undefined> {
    const { request } = client;
    switch (request.verb) {
      case "status":
        await pause(CLIENT.status);
        await client.send("o", JSON.stringify(status(request.detailed === true), null, 2) + "\n");
        return 0;
      case "count": {
        await pause(CLIENT.whole.default);
        const found = parse(request.query!);
        if (!found) return await failure(client, "!! parse_error");
        await client.send("o", `${database.find(found).length}\n`);
        return 0;
      }
      case "import": {
        const start = performance.now();
        commit(request.events!);
        const ms = (performance.now() - start).toFixed(2);
        await log(
          client,
          `${request.reader}-reader source produced ${
            request.events!.length
          } events at a rate of 0 events/sec in ${ms}ms`,
        );
        await pause(CLIENT.whole.default);
        return 0;
      }
      case "attach":
        return await watch(client, { matcher: request.matcher! });
      case "add":
      case "remove": {
        await pause(CLIENT.status);
        const values = matchers.get(request.matcher!) ?? new Map<string, string>();
        matchers.set(request.matcher!, values);
        if (request.verb === "add") values.set(request.value!, request.context!);
        else values.delete(request.value!);
        wake();
        return 0;
      }
      case "export":
        return await runExport(client);
    }
  }

  function parse(query: string): Expression | undefined {
    try {
      return parseQuery(query);
    } catch (error) {
      if (error instanceof ParseError) return undefined;
      throw error;
    }
  }

  async function log(client: Client, text: string): Promise<void> {
    if (!client.request.quiet) await client.send("e", logLine(text));
  }

  async function failure(client: Client, message: string): Promise<number> {
    await client.send("e", message + "\n");
    return 1;
  }

  async function runExport(client: Client): Promise<number | undefined> {
    const { request } = client;
    queries.push(request.query!);
    wake();
    peak = Math.max(peak, ++active);
    try {
      const fault = takeFault(request.query!);
      if (fault?.stderr !== undefined) await client.send("e", fault.stderr);
      if (fault?.stdout !== undefined) await client.send("o", toBytes(fault.stdout));
      if (fault?.hang) await aborted(client.signal);
      const whole = CLIENT.whole[request.smallQueue ? "small" : "default"];
      const expression = parse(request.query!);
      if (!expression) {
        await pause(whole);
        return await failure(client, "!! parse_error");
      }
      if (request.continuous) {
        if (fault?.exit !== undefined) return fault.exit;
        return await watch(client, { expression }, request.timeout);
      }
      return await oneShot(client, expression, fault, whole);
    } finally {
      active--;
      answered++;
      wake();
    }
  }

  function takeFault(query: string): Fault | undefined {
    const found = faults.find(({ fault }) => fault.when?.(query) ?? true);
    if (found && --found.left === 0) faults.splice(faults.indexOf(found), 1);
    return found?.fault;
  }

  async function oneShot(
    client: Client,
    expression: Expression,
    fault: Fault | undefined,
    whole: number,
  ): Promise<number | undefined> {
    const { request } = client;
    const queue = request.smallQueue ? "small" : "default";
    const thrash = queue === "default" && active > CLIENT.thrashing ? 1.7 : 1;
    const started = performance.now();
    await processor.hold(() => pause(CLIENT.processor[queue] * thrash));
    const candidates = database.find(expression);
    const limit = request.maxEvents || Infinity;
    const rows = candidates.slice(0, fault?.rows ?? limit).slice(0, limit);
    const seconds = exporterSeconds(expression, rows.length, database);
    const taken = await exporter.hold(
      () => Promise.race([pause(seconds), aborted(client.signal)]),
      scale === 0 ? undefined : CLIENT.patience * scale * 1000,
    );
    if (!taken) return await failure(client, "!! request_timeout");
    if (client.signal.aborted) return await cutShort(client);
    if (rows.length > 0) {
      await client.send("o", joinRows(rows));
      await log(client, `json-writer received first result with a latency of ${ms(seconds)}`);
    }
    await log(
      client,
      `exporter processed ${candidates.length} candidates at a rate of 0 candidates/sec and shipped ${rows.length} results in ${
        ms(seconds)
      }`,
    );
    if (rows.length === limit) {
      await log(client, `json-writer reached limit of ${limit} events`);
      await log(client, `json-writer processed ${limit} events at a rate of 0 events/sec in 0.1ms`);
    }
    if (fault?.drop) return undefined;
    if (fault?.exit !== undefined) return fault.exit;
    const spent = (performance.now() - started) / 1000 / (scale || 1);
    await pause(Math.max(whole, CLIENT.around + seconds) - spent);
    return 0;
  }

  async function cutShort(client: Client, watcher?: Watcher): Promise<number> {
    const { candidates, shipped } = watcher ?? { candidates: 0, shipped: 0 };
    if (client.signal.reason === "stop") {
      await log(client, "json-writer processed 0 events at a rate of 0 events/sec in 0.0ns");
    }
    await log(
      client,
      `exporter processed ${candidates} candidates at a rate of 0 candidates/sec and shipped ${shipped} results in 0.0ns`,
    );
    await pause(CLIENT.shutdown);
    return 0;
  }

  async function watch(
    client: Client,
    what: { expression: Expression } | { matcher: string },
    timeout?: number,
  ): Promise<number> {
    const watcher: Watcher = { client, ...what, candidates: 0, shipped: 0 };
    watchers.add(watcher);
    wake();
    try {
      const signals = timeout === undefined
        ? client.signal
        : AbortSignal.any([client.signal, AbortSignal.timeout(timeout * scale * 1000 + 1)]);
      await aborted(signals);
      const code = await cutShort(client, watcher);
      if (client.signal.aborted || timeout === undefined) return code;
      const text = `"export json shut down after ${timeout.toFixed(1)}s timeout"`;
      return await failure(client, `!! timeout: ${text}`);
    } finally {
      watchers.delete(watcher);
      wake();
    }
  }

  function commit(lines: readonly string[]): void {
    const added = database.add(lines.map((line) => encoder.encode(line)));
    for (const watcher of watchers) {
      if (watcher.expression) {
        const rows = database.find(watcher.expression, added);
        const limit = watcher.client.request.maxEvents || Infinity;
        const sent = rows.slice(0, limit - watcher.shipped);
        watcher.candidates += rows.length;
        watcher.shipped += sent.length;
        if (sent.length > 0) watcher.client.send("o", joinRows(sent));
      } else {
        const values = matchers.get(watcher.matcher!) ?? new Map();
        for (const row of added) {
          for (const line of matcherLines(row, values)) watcher.client.send("o", line + "\n");
        }
      }
    }
  }

  function status(detailed: boolean): unknown {
    const archive = { events: database.rows.length, "memory-usage": 3271672 };
    const index = detailed ? { statistics: { layouts: counted(database.layouts()) } } : {};
    const version = { CAF: "0.17.6", VAST: "2021.05.27-0-g4706cc3f31-dirty" };
    return { archive, filesystem: { type: "POSIX" }, index, version };
  }

  function until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        waiters.delete(look);
        resolve();
      };
      waiters.add(look);
      look();
    });
  }

  function wake(): void {
    for (const waiter of [...waiters]) waiter();
  }

  async function end(how: "stop" | "kill"): Promise<void> {
    if (ended) return;
    ended = true;
    listener.close();
    for (const client of [...clients]) {
      if (how === "stop" && client.request.verb === "export") {
        await cutShort(client, [...watchers].find((watcher) => watcher.client === client));
        await client.send("x", "0");
      }
      client.close();
    }
    await serving;
  }

  const serving = serve();
  return {
    endpoint: `127.0.0.1:${port}`,
    port,
    queries,
    matchers,
    get answered() {
      return answered;
    },
    get watchers() {
      return watchers.size;
    },
    get peak() {
      return peak;
    },
    until,
    watching: (count) => until(() => watchers.size === count),
    asked: (count) => until(() => queries.length >= count),
    feed: commit,
    emit(line) {
      for (const { matcher, client } of watchers) {
        if (matcher !== undefined) client.send("o", toBytes(line));
      }
    },
    fail: (fault) => faults.push({ fault, left: fault.times ?? Infinity }),
    stop: () => end("stop"),
    kill: () => end("kill"),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true })
  );
}
