import type { DatabaseSync } from "node:sqlite";
import { getLogger } from "../log.ts";
import type { State } from "../state/state.ts";
import { createNotice, type Notice } from "../wait.ts";
import type { Queue, Queued, QueueItem, WhenFull } from "./queue.ts";
import { openSeenTable } from "./seen_table.ts";
import { createLanes } from "./spool_lanes.ts";
import {
  bodyBytes,
  bySink,
  fitting,
  insertRows,
  prepareRows,
  runsOf,
  type Stock,
  stockOf,
  toQueued,
} from "./spool_rows.ts";
import { prepareSpool, spoolSummary } from "./spool_tables.ts";

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
/** How often a spool at rest looks whether another process (`bridge spool`) changed it, ms. */
const LOOK_EVERY = 500;
/** With so much waiting for a sink that keeps up, it gets time to: what stays in memory costs less. */
const CATCH_UP_BYTES = 2 * 1024 * 1024;
/** A sink that takes nothing for so long, ms, does not keep up. */
const CATCH_UP_WITHIN = 50;
/** Most bytes of bodies that are read at once, or held in memory for a sink that keeps up. */
const PEEK_BYTES = 8 * 1024 * 1024;

/** Most bytes of bodies that are put at once. */
const PIECE = 4 * 1024 * 1024;

/** Opens the spool of a state. */
export function openSpool(state: State, options: SpoolOptions): Spool {
  const { db } = state;
  prepareSpool(db);
  const now = options.now ?? Date.now;
  const statements = prepareRows(db);
  const seen = options.dedup
    ? openSeenTable(db, { remember: options.remember ?? REMEMBER, now })
    : undefined;
  const lanes = createLanes(PEEK_BYTES);
  let deadSize = 0, dropped = 0;
  const arrived = createNotice(), freed = createNotice();
  const isChangedByOthers = watchOthers(db);

  const takeStock = ({ waiting, dead }: Stock) => {
    lanes.reset(waiting);
    deadSize = dead;
  };
  takeStock(stockOf(db));

  const takeStockAgain = async () => {
    // As a job, so that what was committed before and after it is counted once.
    takeStock(await state.commit(() => stockOf(db)));
    arrived.raise();
    freed.raise();
  };
  /** Waits for a notice for a while, and takes in what another process has changed. */
  const change = async (notice: Notice, signal: AbortSignal) => {
    await notice.next(signal, LOOK_EVERY);
    if (!signal.aborted && isChangedByOthers()) await takeStockAgain();
  };
  /** Inserts what is new; with it what each sink gets, in order. */
  const insert = <Item extends QueueItem>(items: readonly Item[]) => {
    const isNew = seen?.add(items.map(({ id }) => id));
    const fresh = isNew === undefined ? items : items.filter((_, index) => isNew[index]);
    const queued = bySink(fresh, now());
    for (const [sink, rows] of queued) insertRows(statements, sink, rows);
    return { fresh, queued };
  };
  const room = async (bytes: number, signal: AbortSignal) => {
    while (lanes.size + bytes > options.maxSize && lanes.size > 0) {
      signal.throwIfAborted();
      if (options.whenFull === "drop-oldest") await dropOldest(bytes);
      else await change(freed, signal);
    }
  };
  /** Waits while sinks that keep up have much to do, as long as they get on with it. */
  const catchUp = async (signal: AbortSignal) => {
    while (lanes.isCatchingUp(CATCH_UP_BYTES) && !signal.aborted) {
      const before = lanes.size;
      await freed.next(signal, CATCH_UP_WITHIN);
      if (lanes.size >= before) return;
    }
  };
  /** Drops from the sink for which most waits: those that keep up lose nothing. */
  const dropOldest = async (bytes: number) => {
    const sink = lanes.fullest!;
    const excess = lanes.size + bytes - options.maxSize;
    const rows = await state.commit(() => {
      let sum = 0;
      return statements.sizes.all(sink, 0, 1000)
        .map((row) => ({ seq: Number(row["seq"]), bytes: Number(row["bytes"]) }))
        .filter((row) => sum < excess && (sum += row.bytes) >= 0)
        .filter(({ seq }) => statements.remove.run(seq).changes > 0);
    });
    if (dropped === 0) {
      logger.error("The spool is full: of what waits for {sink} the oldest are lost", { sink });
    }
    dropped += rows.length;
    if (rows.length > 0) leave(sink, rows);
    else await takeStockAgain();
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
  const leave = (sink: string, rows: readonly { seq: number; bytes: number }[]) => {
    if (rows.length === 0) return;
    lanes.left(sink, rows);
    freed.raise();
  };
  /** Takes rows away; false if another process has taken some of them. */
  const erase = (sink: string, rows: readonly Queued[]): boolean => {
    let gone = 0;
    for (const [first, last] of runsOf(rows)) {
      gone += Number(statements.removeRun.run(sink, first, last).changes);
    }
    return gone === rows.length;
  };
  const erased = async (sink: string, rows: readonly Queued[], isWhole: boolean) => {
    if (isWhole) leave(sink, rows.map(({ seq, body }) => ({ seq, bytes: body.length })));
    else await takeStockAgain();
  };
  return {
    // A large piece would find no room in a small spool before that is nearly empty.
    piece: Math.min(PIECE, options.maxSize / 8),
    async put(items, signal, also) {
      if (items.length === 0) return 0;
      await room(items.reduce((sum, { bodies }) => sum + bodyBytes(bodies), 0), signal);
      await catchUp(signal);
      const { fresh, queued } = await state.commit(() => {
        const inserted = insert(items);
        also?.(inserted.fresh);
        return inserted;
      });
      for (const [sink, rows] of queued) lanes.added(sink, rows);
      if (fresh.length > 0) arrived.raise();
      return fresh.length;
    },
    peek(sink, after, limit) {
      if (isChangedByOthers()) {
        lanes.changed(sink);
        takeStockAgain().catch(() => {});
      }
      const held = lanes.held(sink);
      if (held !== undefined) {
        return after === 0 ? held.slice(0, limit) : behind(held, after, limit);
      }
      const most = lanes.of(sink).bytes <= PEEK_BYTES
        ? limit
        : fitting(statements.sizes.all(sink, after, limit), PEEK_BYTES);
      return statements.peek.all(sink, after, most).map(toQueued);
    },
    async remove(sink, delivered) {
      await erased(sink, delivered, await state.commit(() => erase(sink, delivered)));
    },
    async failed(sink, tried) {
      lanes.changed(sink);
      await state.commit(() => tried.forEach(({ seq }) => statements.failed.run(seq)));
    },
    async bury(sink, dead, error) {
      const isWhole = await state.commit(() => {
        for (const { seq } of dead) statements.bury.run(now(), error, seq);
        return erase(sink, dead);
      });
      if (isWhole) deadSize += bodyBytes(dead);
      await erased(sink, dead, isWhole);
      if (deadSize > options.maxSize) await state.commit(dropDead);
    },
    arrival: (signal) => change(arrived, signal),
    waiting: (sink) => lanes.of(sink).count,
    get size() {
      return lanes.size;
    },
    get dropped() {
      return dropped;
    },
    sinks: () => spoolSummary(db),
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

function behind(held: readonly Queued[], after: number, limit: number): readonly Queued[] {
  const from = held.findIndex(({ seq }) => seq > after);
  return from < 0 ? [] : held.slice(from, from + limit);
}
