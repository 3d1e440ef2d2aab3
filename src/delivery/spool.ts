import { getLogger } from "@logtape/logtape";
import { Buffer } from "node:buffer";
import type { DatabaseSync } from "node:sqlite";
import type { Delivery } from "../../sinks/sink.ts";
import type { State } from "../state/state.ts";
import { createNotice, type Notice } from "../wait.ts";
import type { Queue, Queued, QueueItem, WhenFull } from "./queue.ts";
import { prepareSpool, SPOOL_COLUMNS, spoolSummary } from "./spool_tables.ts";

const logger = getLogger(["bridge", "delivery"]);

/** Settings of a spool. */
export interface SpoolOptions {
  /** Most bytes of bodies that wait. */
  readonly maxSize: number;
  readonly whenFull: WhenFull;
  readonly dedup: boolean;
  /** How long an id is remembered against duplicates, ms; 30 days unless said. */
  readonly remember?: number;
  readonly now?: () => number;
}

/** The queue on disk, with what only a disk keeps. */
export interface Spool extends Queue {
  /** Bytes of bodies that wait. */
  readonly size: number;
  /** Sinks that something waits for, configured now or not. */
  sinks(): ReturnType<typeof spoolSummary>;
}

const REMEMBER = 30 * 24 * 3600 * 1000;
const FORGET_EVERY = 10_000;
/** How often a spool at rest looks whether another process (`bridge spool`) changed it, ms. */
const LOOK_EVERY = 500;
/** Most bytes of bodies that are read at once. */
const PEEK_BYTES = 8 * 1024 * 1024;

/** Opens the spool of a state. */
export function openSpool(state: State, options: SpoolOptions): Spool {
  const { db } = state;
  prepareSpool(db);
  const now = options.now ?? Date.now;
  const statements = prepare(db);
  const lanes = new Map<string, Lane>();
  let size = 0, deadSize = 0, dropped = 0, sinceForget = 0;
  const arrived = createNotice(), freed = createNotice();
  const isChangedByOthers = watchOthers(db);

  const takeStock = ({ waiting, dead }: Stock) => {
    lanes.clear();
    for (const { sink, count, bytes } of waiting) lanes.set(sink, { count, bytes });
    size = waiting.reduce((sum, { bytes }) => sum + bytes, 0);
    deadSize = dead;
  };
  takeStock(stockOf(db));

  const count = (sink: string, change: number, bytes: number) => {
    const lane = lanes.get(sink) ?? { count: 0, bytes: 0 };
    lanes.set(sink, { count: lane.count + change, bytes: lane.bytes + bytes });
    size += bytes;
    if (change < 0) freed.raise();
  };
  /** Waits for a notice for a while, and takes in what another process has changed. */
  const change = async (notice: Notice, signal: AbortSignal) => {
    await notice.next(signal, LOOK_EVERY);
    if (signal.aborted || !isChangedByOthers()) return;
    // As a job, so that what was committed before and after it is counted once.
    takeStock(await state.commit(() => stockOf(db)));
    arrived.raise();
    freed.raise();
  };
  const isNew = (id: string): boolean => {
    if (!options.dedup) return true;
    if (++sinceForget >= FORGET_EVERY) {
      sinceForget = 0;
      // At most twice as many as have come, so that no call takes long.
      statements.forget.run(now() - (options.remember ?? REMEMBER), 2 * FORGET_EVERY);
    }
    return statements.remember.run(idBytes(id), now()).changes > 0;
  };
  const insert = <Item extends QueueItem>(items: readonly Item[]): readonly Item[] => {
    const fresh = items.filter(({ id }) => isNew(id));
    for (const { id, ioc, matchType, indicatorId, bodies } of fresh) {
      for (const { sink, body } of bodies) {
        statements.insert.run(sink, id, body, ioc, matchType, indicatorId, now());
      }
    }
    return fresh;
  };
  const room = async (bytes: number, signal: AbortSignal) => {
    while (size + bytes > options.maxSize && size > 0) {
      signal.throwIfAborted();
      if (options.whenFull === "drop-oldest") await dropOldest(bytes);
      else await change(freed, signal);
    }
  };
  /** Drops from the sink for which most waits: those that keep up lose nothing. */
  const dropOldest = async (bytes: number) => {
    const [sink] = [...lanes].reduce((a, b) => b[1].bytes > a[1].bytes ? b : a);
    const excess = size + bytes - options.maxSize;
    const rows = await state.commit(() => {
      let sum = 0;
      return statements.sizes.all(sink, 0, 1000)
        .map((row) => ({ seq: Number(row["seq"]), bytes: Number(row["bytes"]) }))
        .filter((row) => sum < excess && (sum += row.bytes) >= 0)
        .filter(({ seq }) => statements.remove.run(seq).changes > 0);
    });
    if (dropped === 0) logger.error("The spool is full: the oldest for {sink} are lost", { sink });
    dropped += rows.length;
    if (rows.length > 0) count(sink, -rows.length, -rows.reduce((sum, row) => sum + row.bytes, 0));
    else takeStock(await state.commit(() => stockOf(db)));
  };
  /** Dead letters have a bound too, or a sink that refuses all would fill the disk. */
  const dropDead = () => {
    let gone = 0;
    for (const row of statements.oldestDead.all()) {
      if (deadSize <= options.maxSize) break;
      statements.removeDead.run(row["seq"]!);
      deadSize -= Number(row["bytes"]);
      gone++;
    }
    dropped += gone;
    logger.error("{count} of the oldest dead letters are lost: there were too many", {
      count: gone,
    });
  };
  /** Deletes rows; those that another process took meanwhile are not counted again. */
  const erase = (rows: readonly Queued[]) =>
    rows.filter(({ seq }) => statements.remove.run(seq).changes > 0);
  const gone = (sink: string, rows: readonly Queued[]) => {
    if (rows.length > 0) count(sink, -rows.length, -bodyBytes(rows));
  };
  return {
    async put(items, signal, also) {
      if (items.length === 0) return 0;
      await room(items.reduce((sum, { bodies }) => sum + bodyBytes(bodies), 0), signal);
      const fresh = await state.commit(() => {
        const fresh = insert(items);
        also?.(fresh);
        return fresh;
      });
      for (const { bodies } of fresh) {
        for (const { sink, body } of bodies) count(sink, 1, body.length);
      }
      if (fresh.length > 0) arrived.raise();
      return fresh.length;
    },
    peek(sink, after, limit) {
      const most = (lanes.get(sink)?.bytes ?? 0) <= PEEK_BYTES
        ? limit
        : fitting(statements.sizes.all(sink, after, limit));
      return statements.peek.all(sink, after, most).map(toQueued);
    },
    async remove(sink, delivered) {
      gone(sink, await state.commit(() => erase(delivered)));
    },
    async failed(_sink, tried) {
      await state.commit(() => tried.forEach(({ seq }) => statements.failed.run(seq)));
    },
    async bury(sink, dead, error) {
      const buried = await state.commit(() => {
        for (const { seq } of dead) statements.bury.run(now(), error, seq);
        return erase(dead);
      });
      gone(sink, buried);
      deadSize += bodyBytes(buried);
      if (deadSize > options.maxSize) await state.commit(dropDead);
    },
    arrival: (signal) => change(arrived, signal),
    waiting: (sink) => lanes.get(sink)?.count ?? 0,
    get size() {
      return size;
    },
    get dropped() {
      return dropped;
    },
    sinks: () => spoolSummary(db),
  };
}

/** What waits for one sink. */
interface Lane {
  readonly count: number;
  readonly bytes: number;
}

/** All that a spool holds: what waits by sink, and the bytes of dead letters. */
interface Stock {
  readonly waiting: readonly (Lane & { readonly sink: string })[];
  readonly dead: number;
}

function stockOf(db: DatabaseSync): Stock {
  const lanes = db.prepare(
    "SELECT sink, count(*) AS n, total(length(body)) AS bytes FROM spool GROUP BY sink",
  ).all();
  const dead = db.prepare("SELECT total(length(body)) AS bytes FROM dead").get()!;
  return {
    waiting: lanes.map((row) => ({
      sink: row["sink"] as string,
      count: Number(row["n"]),
      bytes: Number(row["bytes"]),
    })),
    dead: Number(dead["bytes"]),
  };
}

/** Tells whether another connection has written since it was last asked. */
function watchOthers(db: DatabaseSync): () => boolean {
  const statement = db.prepare("PRAGMA data_version");
  const read = () => Number(statement.get()!["data_version"]);
  let known = read();
  return () => {
    const before = known;
    known = read();
    return known !== before;
  };
}

/** How many rows stay within the bound, at least one. */
function fitting(rows: readonly Record<string, unknown>[]): number {
  let bytes = 0;
  const over = rows.findIndex((row) => (bytes += Number(row["bytes"])) > PEEK_BYTES);
  return over < 0 ? rows.length : Math.max(1, over);
}

function prepare(db: DatabaseSync) {
  return {
    insert: db.prepare(
      `INSERT INTO spool (sink, id, body, ioc, match_type, indicator_id, queued_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    peek: db.prepare(
      `SELECT ${SPOOL_COLUMNS} FROM spool WHERE sink = ? AND seq > ? ORDER BY seq LIMIT ?`,
    ),
    sizes: db.prepare(
      `SELECT seq, length(body) AS bytes FROM spool
       WHERE sink = ? AND seq > ? ORDER BY seq LIMIT ?`,
    ),
    remove: db.prepare("DELETE FROM spool WHERE seq = ?"),
    failed: db.prepare("UPDATE spool SET attempts = attempts + 1 WHERE seq = ?"),
    bury: db.prepare(
      `INSERT INTO dead (${SPOOL_COLUMNS}, died_at, error)
       SELECT ${SPOOL_COLUMNS}, ?, ? FROM spool WHERE seq = ?`,
    ),
    oldestDead: db.prepare(
      "SELECT seq, length(body) AS bytes FROM dead ORDER BY seq LIMIT 1000",
    ),
    removeDead: db.prepare("DELETE FROM dead WHERE seq = ?"),
    remember: db.prepare("INSERT OR IGNORE INTO seen (id, at) VALUES (?, ?)"),
    forget: db.prepare(
      "DELETE FROM seen WHERE id IN (SELECT id FROM seen WHERE at < ? ORDER BY at LIMIT ?)",
    ),
  };
}

function bodyBytes(all: readonly { readonly body: Uint8Array }[]): number {
  return all.reduce((sum, { body }) => sum + body.length, 0);
}

/** A UUID as its 16 bytes; any other text as it is. */
function idBytes(id: string): Uint8Array {
  const hex = id.replaceAll("-", "");
  return /^[0-9a-f]{32}$/i.test(hex) ? Buffer.from(hex, "hex") : Buffer.from(id);
}

function toQueued(row: Record<string, unknown>): Queued {
  return {
    seq: Number(row["seq"]),
    id: row["id"] as string,
    body: row["body"] as Uint8Array,
    ioc: row["ioc"] as string,
    matchType: row["match_type"] as Delivery["matchType"],
    indicatorId: row["indicator_id"] as string,
    queuedAt: Number(row["queued_at"]),
    attempts: Number(row["attempts"]),
  };
}
