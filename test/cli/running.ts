import { openExisting } from "../../src/state/state.ts";
import { type Bus, startBus } from "../../src/threatbus/bus/bus.ts";
import { type Process, reap, start, until } from "../chaos/processes.ts";
import { stix } from "../pipeline/run/indicators.ts";

/** A folder with logs and intel, a bus in this process, and `bridge run`s of their own processes. */
export interface Stage {
  readonly folder: string;
  readonly log: string;
  readonly hits: string;
  readonly bus: Bus;
  /** Makes the bus publish an indicator; the same number again is a new version. */
  publish(...args: Parameters<typeof stix>): void;
  /** Adds a DNS event for each name; the numbers of events count up from 1. */
  grow(...domains: readonly string[]): void;
  /** The same at a time of their own. */
  growAt(timestamp: string, ...domains: readonly string[]): void;
  /** Starts `bridge run` with what differs from the usual configuration. */
  run(changes?: Readonly<Record<string, unknown>>): Process;
  /** Writes the configuration that a run reads at SIGHUP. */
  configure(changes: Readonly<Record<string, unknown>>): void;
  /** Numbers of the events in the file sink (or another file), in order. */
  arrived(path?: string): number[];
  /** Waits until so many different events are in the file sink. */
  arrival(count: number, path?: string): Promise<void>;
  closeBus(): Promise<void>;
  /** The first value that a query on the state gives, asked from beside; -1 if it is not there yet. */
  ask(sql: string): number;
  /** Waits until a query gives a number. */
  holds(sql: string, count: number): Promise<void>;
}

/** Counts those of the indicators for which the past was searched (see `hunted.ts` of the run). */
export function huntedWhere(condition: string): string {
  return `SELECT count(*) FROM indicators JOIN hunted ON block = handle >> 8
    WHERE substr(searched, 1 + 4 * (handle & 255), 4) <> x'00000000' AND ${condition}`;
}

/** Queries on the state. */
export const STATE = {
  waiting: "SELECT count(*) FROM spool",
  dead: "SELECT count(*) FROM dead",
  held: "SELECT count(*) FROM indicators",
  hunted: huntedWhere("TRUE"),
  /** 1 as soon as logs are followed. */
  following: "SELECT count(*) FROM facts WHERE name = 'positions'",
};

export const SUBSCRIBED = /Subscribed at Threat Bus/;

const LONG_AGO = "2024-05-14T10:00:00.000000+0000";

/** Builds a stage, lets the test play, and clears away what it left. */
export async function withStage(play: (stage: Stage) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "bridge-run-" });
  for (const name of ["logs", "intel"]) Deno.mkdirSync(`${folder}/${name}`);
  const forever = new AbortController().signal;
  const bus = await startBus({
    managePort: 0,
    pubPort: 0,
    subPort: 0,
    intel: [`${folder}/intel`],
  }, forever);
  const processes: Process[] = [];
  const log = `${folder}/logs/eve.json`, hits = `${folder}/hits.json`;
  const config = `${folder}/config.yaml`;
  let number = 0;
  const ask = (sql: string) => {
    try {
      const db = openExisting(`${folder}/state`);
      try {
        return Number(Object.values(db.prepare(sql).get() ?? {})[0] ?? 0);
      } finally {
        db.close();
      }
    } catch {
      return -1;
    }
  };
  const arrived = (path = hits) => {
    try {
      return Deno.readTextFileSync(path).trimEnd().split("\n").filter((line) => line !== "")
        .map((line) => JSON.parse(line).flow_id as number);
    } catch {
      return [];
    }
  };
  const configure = (changes: Readonly<Record<string, unknown>>) =>
    Deno.writeTextFileSync(
      config,
      // JSON is YAML.
      JSON.stringify({
        threatbus: bus.endpoint,
        logs: [`${folder}/logs`],
        live_match: true,
        retro_batch_delay: "10ms",
        state_dir: `${folder}/state`,
        sinks: [`file:${hits}`],
        ...changes,
      }),
    );
  const grow = (timestamp: string, domains: readonly string[]) => {
    const lines = domains.map((rrname) =>
      JSON.stringify({
        timestamp,
        flow_id: ++number,
        event_type: "dns",
        src_ip: "10.0.0.1",
        dns: { type: "query", rrname, note: "x".repeat(200) },
      }) + "\n"
    );
    Deno.writeTextFileSync(log, lines.join(""), { append: true });
  };
  try {
    await play({
      folder,
      log,
      hits,
      bus,
      publish(...args) {
        const file = `${folder}/intel/${args[0]}.json`;
        Deno.writeTextFileSync(`${file}.new`, JSON.stringify(stix(...args)));
        Deno.renameSync(`${file}.new`, file);
      },
      grow: (...domains) => grow(LONG_AGO, domains),
      growAt: (timestamp, ...domains) => grow(timestamp, domains),
      run(changes = {}) {
        configure(changes);
        const process = start(["run", "--config", config]);
        processes.push(process);
        return process;
      },
      configure,
      arrived,
      arrival: (count, path) =>
        until(
          // What a killed process had under way may come again.
          () => new Set(arrived(path)).size >= count,
          60_000,
          () => `${count} events; there are ${arrived(path)}\n${processes.at(-1)?.log}`,
        ),
      closeBus: () => bus.close(),
      ask,
      holds: (sql, count) =>
        until(
          () => ask(sql) === count,
          60_000,
          () => `${sql} gives ${count}, not ${ask(sql)}\n${processes.at(-1)?.log}`,
        ),
    });
  } finally {
    for (const process of processes) await reap(process);
    await bus.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Kills -9 and waits for the end. */
export async function crash(process: Process): Promise<void> {
  process.kill("SIGKILL");
  await process.ended;
}
