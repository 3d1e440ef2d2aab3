/** The recorded node: holds the events, answers queries, feeds the continuous ones and matchers. */

import { createChanges } from "./changes.ts";
import { CLIENT } from "./cost.ts";
import { createDatabase, type Database } from "./database.ts";
import { createExporting, parse } from "./exporting.ts";
import { acceptClient, type Client, cutShort, type Pause } from "./node_client.ts";
import type { NodeOptions, RecordedNode } from "./node_types.ts";
import { counted } from "./output.ts";
import { NotRecorded } from "./query.ts";
import { isGone, listen } from "./sockets.ts";
import { createWatching } from "./watching.ts";

/** Starts a node on loopback. */
export function startNode(options: NodeOptions): RecordedNode {
  const scale = options.scale ?? 0;
  const database = createDatabase(options.events);
  const listener = listen(options.port || undefined);
  const { port } = listener.addr as Deno.NetAddr;
  const clients = new Set<Client>();
  const { until, wake } = createChanges();
  let ended = false;
  const pause: Pause = (seconds) =>
    scale === 0 || seconds <= 0
      ? Promise.resolve()
      : new Promise((done) => setTimeout(done, seconds * scale * 1000));
  const watching = createWatching({ database, scale, pause, wake });
  const exporting = createExporting({ database, watching, scale, pause, wake });

  async function serve(): Promise<void> {
    for await (const connection of listener) {
      handle(connection).catch((error) => {
        if (!(error instanceof Deno.errors.BadResource || isGone(error))) throw error;
      });
    }
  }

  async function handle(connection: Deno.TcpConn): Promise<void> {
    const client = await acceptClient(connection);
    if (client === undefined) return;
    // One that had connected before the end, and asks after it, gets no answer either.
    if (ended) return client.close();
    clients.add(client);
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
        await client.send(
          "o",
          JSON.stringify(status(database, request.detailed === true), null, 2) + "\n",
        );
        return 0;
      case "count": {
        await pause(CLIENT.whole.default);
        const found = parse(request.query!);
        if (!found) return await client.failure("!! parse_error");
        await client.send("o", `${database.find(found).length}\n`);
        return 0;
      }
      case "import": {
        const start = performance.now();
        watching.commit(request.events!);
        const ms = (performance.now() - start).toFixed(2);
        await client.log(
          `${request.reader}-reader source produced ${
            request.events!.length
          } events at a rate of 0 events/sec in ${ms}ms`,
        );
        await pause(CLIENT.whole.default);
        return 0;
      }
      case "attach":
        return await watching.watch(client, { matcher: request.matcher! });
      case "add":
      case "remove":
        await pause(CLIENT.status);
        watching.tell(
          request.matcher!,
          request.value!,
          request.verb === "add" ? request.context! : undefined,
        );
        return 0;
      case "export":
        return await exporting.run(client);
    }
  }

  async function end(how: "stop" | "kill"): Promise<void> {
    if (ended) return;
    ended = true;
    listener.close();
    for (const client of [...clients]) {
      if (how === "stop" && client.request.verb === "export") {
        await cutShort(client, pause, watching.progressOf(client));
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
    queries: exporting.queries,
    matchers: watching.matchers,
    get answered() {
      return exporting.answered;
    },
    get watchers() {
      return watching.size;
    },
    get peak() {
      return exporting.peak;
    },
    until,
    watching: (count) => until(() => watching.size === count),
    asked: (count) => until(() => exporting.queries.length >= count),
    feed: watching.commit,
    emit: watching.emit,
    fail: exporting.fail,
    stop: () => end("stop"),
    kill: () => end("kill"),
  };
}

function status(database: Database, detailed: boolean): unknown {
  const archive = { events: database.rows.length, "memory-usage": 3271672 };
  const index = detailed ? { statistics: { layouts: counted(database.layouts()) } } : {};
  const version = { CAF: "0.17.6", VAST: "2021.05.27-0-g4706cc3f31-dirty" };
  return { archive, filesystem: { type: "POSIX" }, index, version };
}
