/** The exports of the recorded node: queries on what is there, and what may go wrong with them. */

import { CLIENT, exporterSeconds } from "./cost.ts";
import type { Database } from "./database.ts";
import { createGate } from "./gate.ts";
import { aborted, type Client, cutShort, type Pause } from "./node_client.ts";
import type { Fault } from "./node_types.ts";
import { joinRows, ms, toBytes } from "./output.ts";
import { type Expression, ParseError, parseQuery } from "./query.ts";
import type { Watching } from "./watching.ts";

/** The exports under way, and those that were. */
export interface Exporting {
  /** Queries that were asked, in order. */
  readonly queries: readonly string[];
  /** Number of exports that are over, however they ended. */
  readonly answered: number;
  /** Most exports at work at the same time. */
  readonly peak: number;
  fail(fault: Fault): void;
  /** Resolves with the exit code; undefined means that the connection breaks. */
  run(client: Client): Promise<number | undefined>;
}

/** What exports need. */
export interface ExportingOptions {
  readonly database: Database;
  /** Continuous exports watch. */
  readonly watching: Watching;
  /** How much of the real time things take. */
  readonly scale: number;
  readonly pause: Pause;
  /** Called when a query was asked or is over. */
  readonly wake: () => void;
}

/** Reads a query; undefined if it is none. */
export function parse(query: string): Expression | undefined {
  try {
    return parseQuery(query);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

/** Makes exports on a database. */
export function createExporting(options: ExportingOptions): Exporting {
  const { database, watching, scale, pause, wake } = options;
  const queries: string[] = [];
  const faults: { fault: Fault; left: number }[] = [];
  const exporter = createGate(1);
  const processor = createGate(2);
  let active = 0;
  let answered = 0;
  let peak = 0;

  function takeFault(query: string): Fault | undefined {
    const found = faults.find(({ fault }) => fault.when?.(query) ?? true);
    if (found && --found.left === 0) faults.splice(faults.indexOf(found), 1);
    return found?.fault;
  }

  async function answer(client: Client): Promise<number | undefined> {
    const { request } = client;
    const fault = takeFault(request.query!);
    if (fault?.stderr !== undefined) await client.send("e", fault.stderr);
    if (fault?.stdout !== undefined) await client.send("o", toBytes(fault.stdout));
    if (fault?.hang) await aborted(client.signal);
    const whole = CLIENT.whole[request.smallQueue ? "small" : "default"];
    const expression = parse(request.query!);
    if (!expression) {
      await pause(whole);
      return await client.failure("!! parse_error");
    }
    if (request.continuous) {
      if (fault?.exit !== undefined) return fault.exit;
      return await watching.watch(client, { expression }, request.timeout);
    }
    return await oneShot(client, expression, fault, whole);
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
    if (!taken) return await client.failure("!! request_timeout");
    if (client.signal.aborted) return await cutShort(client, pause);
    if (rows.length > 0) {
      await client.send("o", joinRows(rows));
      await client.log(`json-writer received first result with a latency of ${ms(seconds)}`);
    }
    await client.log(
      `exporter processed ${candidates.length} candidates at a rate of 0 candidates/sec and shipped ${rows.length} results in ${
        ms(seconds)
      }`,
    );
    if (rows.length === limit) {
      await client.log(`json-writer reached limit of ${limit} events`);
      await client.log(`json-writer processed ${limit} events at a rate of 0 events/sec in 0.1ms`);
    }
    if (fault?.drop) return undefined;
    if (fault?.exit !== undefined) return fault.exit;
    const spent = (performance.now() - started) / 1000 / (scale || 1);
    await pause(Math.max(whole, CLIENT.around + seconds) - spent);
    return 0;
  }

  return {
    queries,
    get answered() {
      return answered;
    },
    get peak() {
      return peak;
    },
    fail: (fault) => faults.push({ fault, left: fault.times ?? Infinity }),
    async run(client) {
      queries.push(client.request.query!);
      wake();
      peak = Math.max(peak, ++active);
      try {
        return await answer(client);
      } finally {
        active--;
        answered++;
        wake();
      }
    },
  };
}
