/** Aggregation in `bridge run`: what is counted in open windows, on disk until it is told. */
import type { DatabaseSync } from "node:sqlite";
import type { Queue, QueueItem } from "../delivery/queue.ts";
import type { Match } from "../engines/engine.ts";
import { iocOf } from "../formats/match.ts";
import { sightingUuid } from "../stix/ids.ts";
import type { SightingSource } from "../stix/sighting.ts";
import { sleep } from "../wait.ts";
import type { Target } from "./report.ts";
import { createTallying, sightingWindow, type Tally } from "./tally.ts";

/** What aggregates. */
export interface AggregationOptions {
  /** The state's, where that is kept; else one in memory. */
  readonly db: DatabaseSync;
  /** Length of the windows, ms; undefined collects nothing, and tells what was left over. */
  readonly window: number | undefined;
  readonly queue: Queue;
  readonly targets: () => readonly Target[];
  readonly now?: () => number;
}

/** Gathers matches in windows and queues one sighting for each, anew when late events raise its count. */
export interface Aggregation {
  /** Counts new matches; to be called inside the transaction that remembers them as seen. */
  collect(matches: readonly Match[]): void;
  /** Queues what is due, or all; resolves when it is safe. */
  emit(which: "due" | "all", signal: AbortSignal): Promise<void>;
  /** Queues windows as they close, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Takes one sighting for many events. */
export function takesWindows({ format }: Target): boolean {
  return format.renderWindow !== undefined;
}

/** Events of a window that closed long ago (retro, late ones) are gathered so long, ms. */
const SETTLE = 5000;
const LOOK_EVERY = 250;
/** As long as seen events are remembered. */
const REMEMBER = 30 * 24 * 3600 * 1000;
const FORGET_EVERY = 3600 * 1000;
const PAGE = 200;

/** Opens the windows that are on disk. */
export function openAggregation(options: AggregationOptions): Aggregation {
  const { db, window, queue, targets, now = Date.now } = options;
  db.exec(TABLE);
  const statements = prepare(db);
  const settle = Math.min(window ?? 0, SETTLE);

  /** When the window closes; soon where that was long ago, and at a clock's error not in years. */
  const dueOf = ({ start, length }: Tally): number => {
    const soon = now() + settle;
    return Math.min(Math.max(start + length, soon), soon + length);
  };
  /** Queues a page; returns whether there may be more. */
  const emitPage = async (until: number, signal: AbortSignal): Promise<boolean> => {
    const takers = targets().filter(takesWindows);
    if (takers.length === 0) return false;
    const waiting = statements.due.all(until, PAGE).map(toWaiting);
    const time = now();
    const items = waiting.map((one) => toItem(one, takers, time));
    await queue.put(items, signal, () => {
      for (const { count, indicatorId, start, length } of waiting) {
        statements.sent.run(count, time, count, count, indicatorId, start, length);
      }
    });
    return waiting.length === PAGE;
  };
  const emit: Aggregation["emit"] = async (which, signal) => {
    const until = which === "all" ? Number.MAX_SAFE_INTEGER : now();
    while (!signal.aborted && await emitPage(until, signal));
  };
  return {
    collect(matches) {
      if (window === undefined) return;
      const tallying = createTallying(window, now);
      for (const match of matches) tallying.add(match);
      for (const tally of tallying.take()) {
        statements.add.run(...rowOf(tally, dueOf(tally), now()));
      }
    },
    emit,
    async run(signal) {
      for (let forgotten = -Infinity; !signal.aborted;) {
        await emit(window === undefined ? "all" : "due", signal);
        if (now() - forgotten > FORGET_EVERY) {
          forgotten = now();
          statements.forget.run(forgotten - REMEMBER);
        }
        await sleep(LOOK_EVERY, signal);
      }
    },
  };
}

/** Whether an earlier process left windows untold. */
export function hasWindows(db: DatabaseSync): boolean {
  db.exec(TABLE);
  return db.prepare("SELECT 1 FROM windows WHERE count > sent LIMIT 1").get() !== undefined;
}

/** The event is kept until it is told; the numbers for longer, as late events may raise them. */
const TABLE = `
  CREATE TABLE IF NOT EXISTS windows (
    indicator_id TEXT NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL,
    count INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    sent INTEGER NOT NULL DEFAULT 0, created INTEGER,
    due INTEGER NOT NULL, touched INTEGER NOT NULL,
    about TEXT, event BLOB,
    PRIMARY KEY (indicator_id, start, length)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS windows_due ON windows (due) WHERE count > sent;
`;

function prepare(db: DatabaseSync) {
  return {
    add: db.prepare(
      `INSERT INTO windows
         (indicator_id, start, length, count, first, last, due, touched, about, event)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET
         count = count + excluded.count,
         first = min(first, excluded.first), last = max(last, excluded.last),
         due = iif(count > sent, due, excluded.due), touched = excluded.touched,
         about = coalesce(about, excluded.about), event = coalesce(event, excluded.event)`,
    ),
    due: db.prepare("SELECT * FROM windows WHERE count > sent AND due <= ? ORDER BY due LIMIT ?"),
    sent: db.prepare(
      `UPDATE windows SET sent = ?, created = coalesce(created, ?),
         about = iif(count = ?, NULL, about), event = iif(count = ?, NULL, event)
       WHERE indicator_id = ? AND start = ? AND length = ?`,
    ),
    forget: db.prepare("DELETE FROM windows WHERE count = sent AND touched < ?"),
  };
}

/** What of a match its sighting needs. */
interface About {
  readonly type: Match["type"];
  readonly ioc: string;
  readonly value?: string;
  readonly stix: Match["indicator"]["stix"];
}

/** The values of `add` in order: Deno 2.4 knows no named or numbered parameters. */
function rowOf(
  { indicatorId, start, length, count, first, last, match }: Tally,
  due: number,
  touched: number,
) {
  const about: About = {
    type: match.type,
    ioc: iocOf(match),
    ...(match.observable === undefined ? {} : { value: match.observable.value }),
    stix: match.indicator.stix,
  };
  const event = match.context ?? match.event.bytes;
  return [
    indicatorId,
    start,
    length,
    count,
    first,
    last,
    due,
    touched,
    JSON.stringify(about),
    event,
  ] as const;
}

interface Waiting extends Omit<Tally, "match"> {
  readonly created: number | undefined;
  readonly about: About;
  readonly event: Uint8Array;
}

function toWaiting(row: Record<string, unknown>): Waiting {
  return {
    indicatorId: row["indicator_id"] as string,
    start: Number(row["start"]),
    length: Number(row["length"]),
    count: Number(row["count"]),
    first: Number(row["first"]),
    last: Number(row["last"]),
    created: row["created"] === null ? undefined : Number(row["created"]),
    about: JSON.parse(row["about"] as string) as About,
    event: row["event"] as Uint8Array,
  };
}

function toItem(waiting: Waiting, takers: readonly Target[], time: number): QueueItem {
  const { indicatorId, about, event, created = time } = waiting;
  const window = sightingWindow(waiting, { first: created, now: time });
  const source: SightingSource = {
    type: about.type,
    indicator: { id: indicatorId, stix: about.stix },
    ...(about.value === undefined ? {} : { observable: { value: about.value } }),
    event: { bytes: event },
  };
  return {
    // Each count is a delivery of its own: receivers that drop duplicates must take a raised one.
    id: sightingUuid(indicatorId, event, `${window.name} ${window.count}`),
    ioc: about.ioc,
    matchType: about.type,
    indicatorId,
    bodies: takers.map(({ label, format }) => ({
      sink: label,
      body: format.renderWindow!(source, window),
    })),
  };
}
