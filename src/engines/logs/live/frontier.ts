/**
 * The border between past and stream. An indicator that comes while logs are followed
 * is looked for by live matching in what is read from then on; its past ends there.
 */
import { createNotice } from "../../../wait.ts";
import type { LiveMark } from "../../engine.ts";
import { findCopy, isRewritten, isSameContent, type Position } from "./positions.ts";

/** How far live matching has read, at each moment. */
export interface Frontier {
  /** A file is read from this position on; at offset 0 as a new one. */
  begin(position: Position): void;
  /** Lines were matched up to here; to be called in the same turn. */
  pass(position: Position): void;
  forget(identity: string): void;
  /** Every file that is there has begun: from now on it is known where the stream begins. */
  started(): void;
  /** Folders and files were looked at after a look was asked for. */
  looked(): void;
  /** Live matching ended; marks know no more than they did. */
  ended(): void;
  /** Resolves when it is known where the stream begins, or live matching ended before. */
  begun(signal: AbortSignal): Promise<void>;
  /** This moment. One taken before the stream began means where it begins. */
  mark(): LiveMark;
  /** Asks for a look at folders and files, and resolves when it is over or has taken too long. */
  look(signal: AbortSignal): Promise<void>;
  /** Whether a look was asked for since the last call. */
  takeLookWanted(): boolean;
  /** Told when one is. */
  onLookWanted: () => void;
}

/** How far a file was read. */
interface Stand {
  readonly position: Position;
  /** The tick at which it was begun, if it was at its start. */
  readonly begun: number | undefined;
}

type Stands = Map<string, Stand>;

/** Longest wait for a look: live matching may be held back by a sink, or have much to catch up with, ms. */
const LOOK_PATIENCE = 3000;

/** Makes a frontier; nothing was read so far. */
export function createFrontier(): Frontier {
  let stands: Stands = new Map();
  /** Where the stream began. */
  let start: { readonly stands: Stands; readonly tick: number } | undefined;
  /** A mark has `stands`: they are copied before they change. */
  let shared = false;
  let tick = 0;
  let hasEnded = false, isLookWanted = false;
  const looks = createNotice(), beginnings = createNotice();

  function change(): Stands {
    if (shared) stands = new Map(stands);
    shared = false;
    return stands;
  }

  /** How much was read at the time of a mark of a file that is there now. */
  function readOf(
    { identity, head }: Parameters<LiveMark["readOf"]>[0],
    then: Stands,
    at: number,
  ): number {
    const known = then.get(identity);
    if (known !== undefined && isSameContent(known.position, head)) return known.position.offset;
    const original = findCopy([...then.values()].map(({ position }) => position), head);
    if (original !== undefined) return original.offset;
    // Nothing was in it.
    if (known?.position.fingerprintBytes === 0) return known.position.offset;
    // It is new since: whatever it held when it was listed, live matching reads it all.
    const begun = stands.get(identity)?.begun ?? 0;
    return begun > at ? 0 : Infinity;
  }

  return {
    begin(position) {
      const begun = position.offset === 0 ? ++tick : undefined;
      change().set(position.identity, { position, begun });
    },
    pass(position) {
      const before = stands.get(position.identity);
      const begun = before !== undefined && isRewritten(before.position, position)
        ? ++tick
        : before?.begun;
      change().set(position.identity, { position, begun });
    },
    forget(identity) {
      change().delete(identity);
    },
    started() {
      hasEnded = false;
      if (start !== undefined) return;
      start = { stands, tick };
      shared = true;
      beginnings.raise();
    },
    looked: looks.raise,
    ended() {
      hasEnded = true;
      looks.raise();
      beginnings.raise();
    },
    async begun(signal) {
      if (start === undefined && !hasEnded) await beginnings.next(signal);
    },
    mark() {
      if (start === undefined) {
        return {
          readOf: (file) => start === undefined ? Infinity : readOf(file, start.stands, start.tick),
        };
      }
      const [then, at] = [stands, tick];
      shared = true;
      return { readOf: (file) => readOf(file, then, at) };
    },
    async look(signal) {
      if (hasEnded) return;
      isLookWanted = true;
      this.onLookWanted();
      await looks.next(signal, LOOK_PATIENCE);
    },
    takeLookWanted() {
      const wanted = isLookWanted;
      isLookWanted = false;
      return wanted;
    },
    onLookWanted: () => {},
  };
}
