/** Aggregation in `bridge run`: what is counted in open windows, on disk until it is told. */
import type { DatabaseSync } from "node:sqlite";
import type { Queue, QueueItem } from "../delivery/queue.ts";
import type { Match } from "../engines/engine.ts";
import { sightingUuid } from "../stix/ids.ts";
import { sleep } from "../wait.ts";
import type { Target } from "./report.ts";
import { toSighted } from "./spilled_tallies.ts";
import { aboutOf, createTallying, type Sighted, sightingWindow, type Tally } from "./tally.ts";

/** What aggregates. */
export interface AggregationOptions {
  /** The state's, where that is kept; else one in memory. */
  readonly db: DatabaseSync;
  /** Length of the windows, ms; undefined collects nothing, and tells what was left over. */
  readonly window: number | undefined;
  /** Most bytes of events in open windows; beyond, those that close first are told early. */
  readonly maxSize: number;
  readonly queue: Queue;
  readonly targets: () => readonly Target[];
  readonly now?: () => number;
}

/** Gathers matches in windows and queues one sighting for each, anew when late events raise its count. */
export interface Aggregation {
  /** New matches are counted; if not, only what was left over is told. */
  readonly collects: boolean;
  /** Resolves when there is room for more windows: until then the first to close are queued early. */
  room(signal: AbortSignal): Promise<void>;
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
  const { db, window, maxSize, queue, targets, now = Date.now } = options;
  db.exec(TABLE);
  const statements = prepare(db);
  /** Bytes in open windows. */
  let size = Number(statements.size.get()!["size"]);
  /** Pages go out one at a time. */
  let emitting: Promise<unknown> = Promise.resolve();
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
      for (const { count, indicatorId, start, length, size: own } of waiting) {
        statements.sent.run(count, time, indicatorId, start, length);
        const { changes } = statements.empty.run(indicatorId, start, length, count);
        if (changes > 0) size -= own;
      }
    });
    return waiting.length === PAGE;
  };
  const nextPage = (until: number, signal: AbortSignal): Promise<boolean> => {
    const page = emitting.then(() => emitPage(until, signal));
    emitting = page.catch(() => {});
    return page;
  };
  const emit: Aggregation["emit"] = async (which, signal) => {
    const until = which === "all" ? Number.MAX_SAFE_INTEGER : now();
    while (!signal.aborted && await nextPage(until, signal));
  };
  return {
    collects: window !== undefined,
    async room(signal) {
      while (size > maxSize && await nextPage(Number.MAX_SAFE_INTEGER, signal));
    },
    collect(matches) {
      if (window === undefined) return;
      const tallying = createTallying(window, now);
      for (const match of matches) tallying.add(match);
      for (const tally of tallying.take()) {
        const { indicatorId, start, length } = tally;
        const row = rowOf(tally, dueOf(tally), now());
        if (statements.isOpen.get(indicatorId, start, length) === undefined) size += sizeOf(row);
        statements.add.run(...row);
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
      `UPDATE windows SET sent = ?, created = coalesce(created, ?)
       WHERE indicator_id = ? AND start = ? AND length = ?`,
    ),
    empty: db.prepare(
      `UPDATE windows SET about = NULL, event = NULL
       WHERE indicator_id = ? AND start = ? AND length = ? AND count = ?`,
    ),
    isOpen: db.prepare(
      `SELECT 1 FROM windows
       WHERE indicator_id = ? AND start = ? AND length = ? AND event IS NOT NULL`,
    ),
    size: db.prepare(
      `SELECT coalesce(sum(length(about) + length(event)), 0) AS size FROM windows
       WHERE event IS NOT NULL`,
    ),
    forget: db.prepare("DELETE FROM windows WHERE count = sent AND touched < ?"),
  };
}

/** The values of `add` in order: Deno 2.4 knows no named or numbered parameters. */
function rowOf(
  { indicatorId, start, length, count, first, last, match }: Tally,
  due: number,
  touched: number,
) {
  const event = match.context ?? match.event.bytes;
  const about = aboutOf(match);
  return [indicatorId, start, length, count, first, last, due, touched, about, event] as const;
}

type Row = ReturnType<typeof rowOf>;

const sizeOf = ([, , , , , , , , about, event]: Row): number => about.length + event.length;

interface Waiting extends Sighted {
  readonly created: number | undefined;
  /** As `sizeOf` told it. */
  readonly size: number;
}

function toWaiting(row: Record<string, unknown>): Waiting {
  const created = row["created"] === null ? undefined : Number(row["created"]);
  const size = (row["about"] as string).length + (row["event"] as Uint8Array).length;
  return { ...toSighted(row), created, size };
}

function toItem(waiting: Waiting, takers: readonly Target[], time: number): QueueItem {
  const { indicatorId, match, created = time } = waiting;
  const window = sightingWindow(waiting, { first: created, now: time });
  return {
    // Each count is a delivery of its own: receivers that drop duplicates must take a raised one.
    id: sightingUuid(indicatorId, match.event.bytes, `${window.name} ${window.count}`),
    ioc: match.ioc,
    matchType: match.type,
    indicatorId,
    bodies: takers.map(({ label, format }) => ({
      sink: label,
      body: format.renderWindow!(match, window),
    })),
  };
}
