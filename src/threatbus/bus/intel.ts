/**
 * Publishes the indicators of files and follows the files: what is new is published,
 * what has changed as EDIT, what is gone as REMOVE. What was published before a
 * restart is known from the store.
 */
import { getLogger } from "../../log.ts";
import { reasonOf } from "../../system_error.ts";
import { createTurns } from "../../wait.ts";
import type { JsonObject } from "../../json.ts";
import { type CanonicalStix, canonicalStixObject } from "../../stix/canonical.ts";
import type { Broker } from "./broker.ts";
import { filesBelow, folderOf, watchFiles } from "./intel_search.ts";
import { type IntelFile, parseIntel } from "./intel_file.ts";
import type { BusStore } from "./store.ts";

const logger = getLogger(["bridge", "bus"]);

/** After so many messages subscribers and other apps get their turn. */
const TURN = 64;

/** Files and what they held when last read. */
export interface Intel {
  /** Reads what is new or has changed and publishes the difference, or part of it once the signal aborts. */
  scan(signal: AbortSignal): Promise<void>;
  /** Scans whenever a file changes, until the signal aborts. */
  watch(signal: AbortSignal): Promise<void>;
}

interface Known {
  /** Size and time of change; the file is read anew when they differ. */
  readonly stamp: string;
  readonly ids: ReadonlySet<string>;
}

/** Follows files and folders (all STIX files below them), but watches no folders with databases. */
export function createIntel(
  paths: readonly string[],
  broker: Broker,
  store: BusStore,
  databases: readonly string[] = [],
): Intel {
  const known = new Map<string, Known>();
  for (const origin of store.origins()) {
    if (paths.some((path) => origin === path || origin.startsWith(folderOf(path)))) {
      known.set(origin, { stamp: "", ids: new Set(store.idsFrom(origin)) });
    }
  }

  /** Reads a file if it has changed; returns the ids that it held before. */
  const load = async (path: string, signal: AbortSignal): Promise<Iterable<string>> => {
    const stamp = await stampOf(path);
    const before = known.get(path);
    if (stamp === undefined || before?.stamp === stamp.text) return [];
    const file = await readIntel(path, stamp.changed);
    // What a file held before stays when it can't be read: it may be half written.
    const ids = file ? new Set(file.indicators.keys()) : before?.ids ?? new Set<string>();
    known.set(path, { stamp: stamp.text, ids });
    if (file === undefined) return [];
    let published = 0;
    await inTurns(broker, file.indicators, signal, ([, indicator]) => {
      if (publishChange(broker, store, indicator, path, stamp.changed)) published++;
    });
    if (signal.aborted) return [];
    report(path, file, published);
    return before?.ids ?? [];
  };

  const knownBelow = (path: string) =>
    [...known.keys()].filter((origin) => origin.startsWith(folderOf(path)));
  let troubles: ReadonlyMap<string, string> = new Map();

  /** All files below the paths; where nobody can look at present, those that were there. */
  const search = async () => {
    const found = new Set<string>();
    const unseen = new Map<string, string>();
    const onUnseen = (path: string, error: unknown) => {
      const reason = reasonOf(error);
      unseen.set(path, reason);
      if (troubles.get(path) !== reason) {
        logger.warn("Cannot look for intelligence in {path}: {reason}", { path, reason });
      }
      // A file that is gone is gone; of a folder nobody knows whether it is just not mounted.
      const isGone = error instanceof Deno.errors.NotFound;
      if (!isGone && known.has(path)) found.add(path);
      for (const origin of knownBelow(path)) found.add(origin);
    };
    for (const path of paths) for await (const file of filesBelow(path, onUnseen)) found.add(file);
    troubles = unseen;
    return found;
  };

  const isKept = (id: string) => [...known.values()].some(({ ids }) => ids.has(id));

  const scan = async (signal: AbortSignal) => {
    const found = await search();
    const held: string[] = [];
    for (const path of found) for (const id of await load(path, signal)) held.push(id);
    if (signal.aborted) return;
    for (const [path, { ids }] of [...known]) {
      if (found.has(path)) continue;
      known.delete(path);
      for (const id of ids) held.push(id);
    }
    // Only now: what one file lost another may have gained.
    await inTurns(broker, held, signal, (id) => {
      if (!isKept(id)) publishRemoval(broker, store, id);
    });
  };

  return { scan, watch: (signal) => watchFiles(paths, scan, databases, signal) };
}

/** Publishes no faster than subscribers read, and lets the bus serve others meanwhile. */
async function inTurns<T>(
  broker: Broker,
  items: Iterable<T>,
  signal: AbortSignal,
  publish: (item: T) => void,
): Promise<void> {
  const turns = createTurns();
  let count = 0;
  try {
    for (const item of items) {
      if (count++ % TURN === 0) {
        await broker.relief();
        await turns.next();
      }
      if (signal.aborted) return;
      publish(item);
    }
  } finally {
    turns.end();
  }
}

async function readIntel(path: string, changed: number): Promise<IntelFile | undefined> {
  try {
    return parseIntel(await Deno.readTextFile(path), path, changed);
  } catch (error) {
    logger.warn("Cannot read intelligence from {path}: {reason}", {
      path,
      reason: (error as Error).message,
    });
    return undefined;
  }
}

function report(path: string, file: IntelFile, published: number): void {
  const count = file.indicators.size;
  logger.info("{path}: {count} indicators, {published} changes published", {
    path,
    count,
    published,
  });
  for (const fault of file.faults) logger.warn("{path}: {fault}", { path, fault });
}

/** Publishes an indicator of a file if the bus does not have it like this; tells whether it did. */
function publishChange(
  broker: Broker,
  store: BusStore,
  written: CanonicalStix,
  origin: string,
  changed: number,
): boolean {
  const { id, text, object: indicator } = written;
  const stored = store.indicator(id);
  if (stored?.json === text) return false;
  const last: JsonObject = stored ? JSON.parse(stored.json) : {};
  if (stored === undefined || last.x_threatbus_update === "REMOVE") {
    broker.publish(written, origin);
    return true;
  }
  const write = (object: JsonObject) => canonicalStixObject(object, "bus", () => changed);
  // Times that the file does not give were filled in at the first reading.
  const same = write({ ...pick(last, FILLED_IN), ...indicator, ...pick(last, UPDATE) });
  if (same.ok && same.value.text === stored.json) return false;
  const news = write({ ...pick(last, KEPT_AT_EDIT), ...indicator, x_threatbus_update: "EDIT" });
  if (news.ok) broker.publish(news.value, origin);
  return news.ok;
}

const FILLED_IN = ["created", "modified", "valid_from"];
const KEPT_AT_EDIT = ["created", "valid_from"];
const UPDATE = ["x_threatbus_update"];

/** The named properties that an object has. */
function pick(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => names.includes(name)));
}

function publishRemoval(broker: Broker, store: BusStore, id: string): void {
  const stored = store.indicator(id);
  if (stored === undefined || isRemoval(stored.json)) return;
  const removal = { ...JSON.parse(stored.json), x_threatbus_update: "REMOVE" };
  const written = canonicalStixObject(removal, "bus");
  if (written.ok) broker.publish(written.value);
}

function isRemoval(json: string): boolean {
  return JSON.parse(json).x_threatbus_update === "REMOVE";
}

async function stampOf(path: string): Promise<{ text: string; changed: number } | undefined> {
  try {
    const { size, mtime, ino, isFile } = await Deno.stat(path);
    // Whoever reads a pipe waits until somebody writes.
    if (!isFile) return undefined;
    const changed = mtime?.getTime() ?? 0;
    return { text: `${size} ${changed} ${ino}`, changed };
  } catch {
    return undefined; // gone meanwhile: the next scan sees that
  }
}
