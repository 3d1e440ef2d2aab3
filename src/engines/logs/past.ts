/**
 * Which part of a log is searched, and for whom. What an earlier hunt has searched is
 * left out at the front; what live matching sees to is left out at the back.
 */
import type { Handle } from "../../match/set.ts";
import type { Extents, LiveMark, RetroQuery } from "../engine.ts";
import {
  DONE,
  endOfLines,
  findCopy,
  fingerprint,
  FINGERPRINT_BYTES,
  isSameContent,
  type Position,
} from "./live/positions.ts";
import type { LogFile } from "./sources/log_files.ts";

/** Says for an event which indicators are searched in it. */
export type IsFor = (handle: Handle) => boolean;

/** The part of one log that is searched. */
export interface Past {
  /** Nothing of it is. */
  readonly empty: boolean;
  /** Where its lines begin that were not searched before; lines before it, if they were counted. */
  readonly from: { readonly offset: number; readonly line?: number };
  /** Who is searched in a line at an offset: all (undefined), none, or some. */
  at(offset: number): IsFor | "none" | undefined;
}

/** Tells the part of a log that a query asks for. */
export function pastOf(file: LogFile, query: RetroQuery): Past {
  const { searched, ends, indicators } = query;
  const head = file.head ?? new Uint8Array();
  const known = searched === undefined ? undefined : positionIn(searched, file.identity, head);
  const from = known === undefined
    ? { offset: 0 }
    : { offset: known.offset, ...(known.line === undefined ? {} : { line: known.line }) };
  /** Where it ends by each mark. */
  const limits = new Map<LiveMark, number>();
  for (const mark of ends?.values() ?? []) {
    if (!limits.has(mark)) limits.set(mark, mark.readOf({ identity: file.identity, head }));
  }
  const endOf = (handle: Handle) => {
    const mark = ends?.get(handle);
    return mark === undefined ? Infinity : limits.get(mark)!;
  };
  const everyoneEnds = ends !== undefined && ends.size >= indicators.size;
  const first = Math.min(Infinity, ...limits.values());
  const last = everyoneEnds ? Math.max(0, ...limits.values()) : Infinity;
  const whole = file.compression === "none" ? file.size ?? Infinity : DONE;
  return {
    empty: last <= from.offset || from.offset >= whole,
    from,
    at(offset) {
      if (offset < from.offset) return "none";
      if (offset < first) return undefined;
      // A pattern of several events may need one from behind its end.
      if (offset >= last && indicators.compounds.size === 0) return "none";
      return (handle) => offset < endOf(handle);
    },
  };
}

function positionIn(
  extents: Extents,
  identity: string,
  head: Uint8Array,
): Position | undefined {
  const own = extents.find((known) => known.identity === identity);
  if (own !== undefined && isSameContent(own, head)) return own;
  return findCopy(extents, head);
}

/** How far logs are searched by a hunt that begins now: to the end of their last whole line. */
export async function extentsOf(files: readonly LogFile[]): Promise<Position[]> {
  const extents: Position[] = [];
  for (const file of files) {
    const { identity, path, head, compression } = file;
    if (file.once === true || head === undefined || head.length === 0) continue;
    const offset = compression === "none" ? await endOfLines(path, identity).catch(() => 0) : DONE;
    const bytes = head.subarray(0, FINGERPRINT_BYTES);
    const stamp = { fingerprint: fingerprint(bytes), fingerprintBytes: bytes.length };
    extents.push({ identity, path, offset, ...stamp });
  }
  return extents;
}
