import { dirname } from "node:path";
import { getLogger } from "../../../log.ts";
import type { WatchedFolder } from "../../../watch.ts";
import type { IndicatorSet } from "../../../intel/indicator.ts";
import type { Match, RetroHooks } from "../../engine.ts";
import { followCompounds } from "../compounds.ts";
import { createCrediting } from "../crediting.ts";
import { lossTroubles } from "../losses.ts";
import { type BlockLimits, DEFAULT_LIMITS } from "../read/blocks.ts";
import { describeReadError } from "../read/read_error.ts";
import type { CreateFinder } from "../scan/finder.ts";
import { checkFollowable, type Root } from "../sources/roots.ts";
import type { IsOwn } from "../sources/walk.ts";
import { type FollowParts, type FoundLines, type NewLines, readRest } from "./followed_file.ts";
import { lookAtHead } from "./head.ts";
import { keepUp } from "./keep_up.ts";
import { createFrontier, type Frontier } from "./frontier.ts";
import { siblingsOf } from "./known_files.ts";
import { createLiveTroubles } from "./live_troubles.ts";
import { continues, DONE, type Position, type PositionStore } from "./positions.ts";
import { createRegistry, type Registry, type Remainder } from "./registry.ts";
import { createWake } from "./wake.ts";

const logger = getLogger(["bridge", "engines", "logs", "live"]);

/** How logs are followed. */
export interface LiveOptions {
  /** Where positions are kept through restarts; without it each start begins anew. */
  readonly positions?: PositionStore;
  /** Files that are passed over: this program writes them. */
  readonly isOwn?: IsOwn;
  /** Folders where this program has databases: they must not be watched. */
  readonly databases?: readonly string[];
  /** Without saved positions, begin with what is in the files already; else at their ends. */
  readonly fromStart?: boolean;
  readonly limits?: BlockLimits;
  readonly pace?: LivePace;
}

/** How often things are done, ms. */
export interface LivePace {
  /** Longest time between two looks at the followed files; a change wakes earlier. */
  readonly poll: number;
  /** Shortest time between two looks at the folders without a sign of change. */
  readonly lookAgain: number;
  /** Shortest time between two savings of positions. */
  readonly save: number;
  /** Files in which nothing happened for so long are closed, until they change. */
  readonly idle: number;
}

const DEFAULT_PACE: LivePace = { poll: 250, lookAgain: 2000, save: 1000, idle: 600_000 };
/** Looking at the folders takes at most one part in so many of the time. */
const LOOK_SHARE = 20;
/** Most matches told at once: all of them are made safe together, and the more, the cheaper each. */
const BATCH = 5000;

/**
 * Matches lines as they are written. Asking for a batch says that the one before
 * it is safe; only then its position is saved. Ends when the signal aborts.
 */
export async function* followLogs(
  roots: readonly Root[],
  indicators: IndicatorSet,
  createFinder: CreateFinder,
  options: LiveOptions,
  hooks: RetroHooks,
  signal: AbortSignal,
  frontier: Frontier = createFrontier(),
): AsyncGenerator<readonly Match[]> {
  checkFollowable(roots);
  const compounds = await followCompounds(indicators, "stream", signal);
  const needles = {
    iocs: indicators.iocs,
    get sweep() {
      return compounds.sweep;
    },
  };
  const parts: FollowParts = {
    needles,
    createFinder,
    limits: options.limits ?? DEFAULT_LIMITS,
    frontier,
    credit,
    signal,
  };
  const troubles = createLiveTroubles((trouble) => hooks.trouble?.(trouble));
  let { losses } = compounds;
  const tellLosses = () => {
    const { losses: now } = compounds;
    for (const { source, ...loss } of lossTroubles(now, losses)) troubles.add(source, loss);
    losses = now;
  };
  const unreadable = (path: string, what: string) =>
    troubles.add(path, { what, count: 1, unread: true });
  const crediting = createCrediting(indicators, "LIVE", compounds);
  const saved = await options.positions?.load();
  const pace = options.pace ?? DEFAULT_PACE;
  const isOwn = options.isOwn ?? (() => false);
  const start = { roots, saved, fromStart: options.fromStart === true, idle: pace.idle, isOwn };
  const registry = createRegistry(start, parts, unreadable);
  const saver = createSaver(options.positions, pace.save);
  const wake = createWake(foldersOf(roots), isOwn, signal, options.databases);
  const ended = new AbortController();
  const keepingUp = keepUp(createFinder, indicators.iocs, AbortSignal.any([signal, ended.signal]));
  frontier.onLookWanted = wake.ring;
  let bytesRead = 0, eventsRead = 0;

  function settle(position: Position): void {
    registry.settle(position);
    saver.changed();
  }

  async function* match(
    found: AsyncIterable<NewLines>,
    path: string,
  ): AsyncGenerator<readonly Match[]> {
    for await (const { matches, position, bytes, lines } of found) {
      for (let at = 0; at < matches.length; at += BATCH) yield matches.slice(at, at + BATCH);
      settle(position);
      bytesRead += bytes;
      eventsRead += lines;
      hooks.progress?.({ bytesRead, eventsRead, source: path });
      if (signal.aborted) return;
    }
  }

  async function* matchRemainder(remainder: Remainder) {
    const { path, from, size } = remainder;
    let damage: string | undefined;
    try {
      yield* match(readRest(from, from, parts, (found) => damage = found), path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      registry.missed(remainder);
      return;
    }
    if (signal.aborted) return;
    // A packed file may be met while it is being written: then it grows, and is read on.
    if (damage === undefined) registry.finish({ ...from, offset: DONE }, size);
    else troubles.add(path, { what: damage, count: 1, unread: true });
  }

  function credit({ path, reader, numbered, ...found }: FoundLines): readonly Match[] {
    for (const trouble of found.troubles) troubles.add(path, trouble);
    const matches: Match[] = [];
    for (const { line, bytes, valueless } of found.candidates) {
      const read = reader.read(bytes);
      if (read.type === "header") continue;
      const at = numbered ? { line } : {};
      const event = read.type === "event" ? read.parse() : undefined;
      if (event === undefined) {
        const what = read.type === "event" ? read.failure : read.what;
        troubles.add(path, { what, count: 1, unread: false, ...at });
        continue;
      }
      matches.push(...crediting.credit({ event, source: path, line: at.line }, valueless));
    }
    return matches;
  }

  let lookedAt = -Infinity, lookTook = 0;
  let isFirstStart = saved === undefined;
  try {
    while (!signal.aborted) {
      const pause = Math.max(pace.lookAgain, LOOK_SHARE * lookTook);
      const now = performance.now();
      const isLookWanted = frontier.takeLookWanted();
      if (wake.takeStructureChanged() || isLookWanted || now - lookedAt >= pause) {
        const remainders = await registry.lookAgain(isLookWanted);
        lookedAt = performance.now();
        lookTook = lookedAt - now;
        saver.changed();
        // Before anything is matched: whoever starts after a crash must not begin at the ends again.
        if (isFirstStart) await options.positions?.save(registry.positions);
        isFirstStart = false;
        for (const remainder of remainders) yield* matchRemainder(remainder);
      }
      for (const file of registry.followed) {
        try {
          const before = file.position;
          const rest = (cut: Position) => readCopy(file.path, cut, registry, parts);
          yield* match(file.read(rest), file.path);
          // A beginning that was seen counts even while its first line is not complete.
          if (!signal.aborted && file.position !== before) settle(file.position);
        } catch (error) {
          if (signal.aborted) break;
          if (!(error instanceof Deno.errors.NotFound)) {
            unreadable(file.path, describeReadError(error));
          }
          registry.drop(file);
        }
      }
      if (isLookWanted) frontier.looked();
      tellLosses();
      troubles.flush();
      await saver.saveIfDue(registry.positions);
      await wake.wait(pace.poll);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    ended.abort();
    await keepingUp;
    wake.close();
    registry.close();
    tellLosses();
    troubles.flush(true);
    await saver.save(registry.positions);
  }
}

/** The rest of a file that was cut off after it had been copied (logrotate's copytruncate). */
async function* readCopy(
  path: string,
  before: Position,
  registry: Registry,
  parts: FollowParts,
): AsyncGenerator<NewLines> {
  for (const sibling of await siblingsOf([path])) {
    if (sibling === path) continue;
    const looked = await lookAtHead(sibling, parts.signal).catch(() => undefined);
    if (looked === undefined || !continues(before, looked.head)) continue;
    const { identity, size } = looked;
    // It may have been taken for a new file already; then it is read as one.
    if (registry.follows(identity)) return;
    yield* readRest({ path: sibling, identity }, before, parts);
    registry.finish({ ...before, identity, path: sibling, offset: DONE }, size);
    return;
  }
  logger.debug("{path} was rewritten; no copy of what it held was found", { path });
}

/** What to watch: folders, and those in which named files are (a file's watch dies with it). */
function foldersOf(roots: readonly Root[]): WatchedFolder[] {
  return roots.filter(({ type }) => type === "folder" || type === "file")
    .map(({ type, name }) => {
      const recursive = type === "folder";
      return { path: recursive ? name : dirname(name), recursive };
    });
}

function createSaver(store: PositionStore | undefined, every: number) {
  let dirty = false;
  let savedAt = -Infinity;
  const save = async (positions: readonly Position[]) => {
    if (!dirty || store === undefined) return;
    dirty = false;
    savedAt = performance.now();
    await store.save(positions);
  };
  return {
    changed: () => {
      dirty = true;
    },
    save,
    async saveIfDue(positions: readonly Position[]) {
      if (performance.now() - savedAt >= every) await save(positions);
    },
  };
}
