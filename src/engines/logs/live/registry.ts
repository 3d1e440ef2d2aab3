import type { Root } from "../sources/roots.ts";
import {
  AT_START,
  type FileState,
  type FollowedFile,
  followFile,
  type FollowParts,
  isSameState,
} from "./followed_file.ts";
import { lookAtHead } from "./head.ts";
import type { IsOwn } from "../sources/walk.ts";
import { lookAround, lookAroundTwice, type SeenFile } from "./known_files.ts";
import { describeReadError } from "../read/read_error.ts";
import {
  DONE,
  endOfLines,
  findCopy,
  fingerprint,
  isCopy,
  isRewritten,
  isSameContent,
  type Position,
} from "./positions.ts";
import type { OnUnreadable } from "../sources/walk.ts";

/** A file that can't grow any more, with what is still to be read of it. */
export interface Remainder {
  readonly path: string;
  readonly from: Position;
  /** Size on disk when it was met. */
  readonly size: number;
}

/** Which files are followed and how far each was read. */
export interface Registry {
  /** Files to read as they grow, older ones first. */
  readonly followed: Iterable<FollowedFile>;
  /** Positions whose matches were taken; what is saved. */
  readonly positions: readonly Position[];
  /** Looks at the disk again, in the middle of rotations too if `thoroughly`; gives what has to be read once. */
  lookAgain(thoroughly: boolean): Promise<readonly Remainder[]>;
  /** A position holds: everything before it was taken. */
  settle(position: Position): void;
  /** Whether a file is read as it grows. */
  follows(identity: string): boolean;
  /** A file of this size is done with: it is not read again, whatever it is called. */
  finish(position: Position, size: number): void;
  /** A remainder was not where it was met: it is looked for again. */
  missed(remainder: Remainder): void;
  /** Forgets a file that can't be read. */
  drop(file: FollowedFile): void;
  close(): void;
}

/** Where a registry begins. */
export interface RegistryStart {
  readonly roots: readonly Root[];
  /** Undefined if there was no earlier run. */
  readonly saved: readonly Position[] | undefined;
  /** Without saved positions: read what is there already. */
  readonly fromStart: boolean;
  /** Files in which nothing happened for so long are closed, ms. */
  readonly idle: number;
  /** Files that are passed over: our own. */
  readonly isOwn: IsOwn;
}

/** A file that is closed until something is written to it. */
interface Sleeper {
  readonly file: FollowedFile;
  readonly state: FileState;
}

/** A file that is not followed: packed, a copy, a sibling. */
interface Judged {
  /** Its size then; if it changes, the file is judged again. */
  readonly size: number;
  /** The file of which it is a copy. */
  readonly original: string | undefined;
}

/** A file that is gone is remembered for so long: it may come back packed, ms. */
const REMEMBER_GONE = 3600_000;

/** Makes the registry; call `lookAgain` first. */
export function createRegistry(
  start: RegistryStart,
  parts: FollowParts,
  onUnreadable: OnUnreadable,
): Registry {
  const { frontier } = parts;
  const positions = new Map(start.saved?.map((position) => [position.identity, position]));
  const awake = new Map<string, FollowedFile>();
  const asleep = new Map<string, Sleeper>();
  const judged = new Map<string, Judged>();
  const goneSince = new Map<string, number>();
  let first = true;

  /** Reading is to go on at a position. */
  function place(position: Position): void {
    positions.set(position.identity, position);
    frontier.begin(position);
  }

  function forget(identity: string): void {
    positions.delete(identity);
    frontier.forget(identity);
  }

  async function meet(
    seen: SeenFile,
    present: ReadonlySet<string>,
  ): Promise<Remainder | undefined> {
    const { identity, path, size } = seen;
    const position = positions.get(identity);
    if (awake.has(identity)) {
      awake.get(identity)!.path = path;
      return;
    }
    if (asleep.has(identity)) return wakeUp(seen);
    if (isJudged(judged.get(identity), size, present)) return;
    const { head, packed } = await lookAtHead(path, parts.signal, identity);
    if (position?.offset === DONE && isSameContent(position, head)) {
      judged.set(identity, { size, original: undefined });
      return;
    }
    if (position !== undefined && !packed && isSameContent(position, head)) {
      judged.delete(identity);
      follow({ ...position, path }, seen, position.offset === size);
      return;
    }
    const original = originalOf(identity, head);
    judged.set(identity, { size, original: original?.identity });
    if (original !== undefined) {
      return isHere(original.identity, present) && original.identity !== identity
        ? undefined
        : takeOver(original, seen, packed);
    }
    if (position !== undefined && !packed) {
      // It was empty, or is another by now; which of them shows when it is read.
      judged.delete(identity);
      follow({ ...position, path }, seen, false);
      return;
    }
    if (seen.sibling) return;
    const fromEnd = first && start.saved === undefined && !start.fromStart;
    if (packed) {
      const from = { identity, path, ...AT_START, ...stamp(head) };
      place({ ...from, offset: fromEnd ? DONE : 0 });
      return fromEnd ? undefined : { path, from, size };
    }
    judged.delete(identity);
    follow(fromEnd ? await atEnd(seen, head) : { identity, path, ...AT_START }, seen, fromEnd);
  }

  /** The position of the file with this content: of the file itself, else of another. */
  function originalOf(identity: string, head: Uint8Array): Position | undefined {
    const own = positions.get(identity);
    if (own !== undefined && isCopy(own, head)) return own;
    return findCopy(positions.values(), head);
  }

  function isHere(identity: string, present: ReadonlySet<string>): boolean {
    return present.has(identity) || awake.has(identity);
  }

  function isJudged(known: Judged | undefined, size: number, present: ReadonlySet<string>) {
    // Packed files and copies are met while they are still being written.
    if (known?.size !== size) return false;
    return known.original === undefined || isHere(known.original, present);
  }

  /** A file holds what another held that is gone: the rest of it is read from there. */
  function takeOver(original: Position, seen: SeenFile, packed: boolean): Remainder | undefined {
    const { identity, path } = seen;
    const from = { ...original, identity, path };
    forget(original.identity);
    place(from);
    goneSince.delete(original.identity);
    if (packed) {
      judged.set(identity, { size: seen.size, original: undefined });
      return from.offset === DONE ? undefined : { path, from, size: seen.size };
    }
    judged.delete(identity);
    follow(from, seen, false);
  }

  /** What was known of a file that is rewritten now goes on for its copies. */
  function keepForCopies(before: Position): void {
    for (const [identity, { original }] of judged) {
      if (original !== before.identity) continue;
      place({ ...before, identity });
      judged.set(identity, { ...judged.get(identity)!, original: undefined });
    }
  }

  /** `read` says that there is nothing to read in the file as it is. */
  function follow(position: Position, { size, modified }: SeenFile, read: boolean): void {
    const { identity } = position;
    place(position);
    const file = followFile(position, parts);
    // Old files would only take up descriptors.
    const idle = modified !== undefined && Date.now() - modified > start.idle;
    if (read && idle) asleep.set(identity, { file, state: { size, modified } });
    else awake.set(identity, file);
  }

  function wakeUp(seen: SeenFile): undefined {
    const { identity, path } = seen;
    const sleeper = asleep.get(identity)!;
    sleeper.file.path = path;
    if (isSameState(sleeper.state, seen)) return;
    asleep.delete(identity);
    awake.set(identity, sleeper.file);
  }

  function putToSleep(present: ReadonlyMap<string, SeenFile>): void {
    for (const [identity, file] of awake) {
      if (Date.now() - file.lastRead < start.idle) continue;
      file.release();
      awake.delete(identity);
      // What was added since the last look shows in its state, and wakes it.
      if (present.has(identity)) asleep.set(identity, { file, state: file.last });
    }
  }

  function forgetGone(present: ReadonlyMap<string, SeenFile>): void {
    for (const identity of positions.keys()) {
      if (present.has(identity)) goneSince.delete(identity);
      else if (!goneSince.has(identity)) goneSince.set(identity, Date.now());
      // Its inode may soon be another file's.
      if (!present.has(identity)) asleep.delete(identity);
    }
    for (const [identity, since] of goneSince) {
      if (Date.now() - since < REMEMBER_GONE || awake.has(identity)) continue;
      forget(identity);
      for (const table of [asleep, judged, goneSince]) table.delete(identity);
    }
  }

  return {
    get followed() {
      return awake.values();
    },
    get positions() {
      return [...positions.values()];
    },
    async lookAgain(thoroughly) {
      const look = thoroughly ? lookAroundTwice : lookAround;
      const seen = (await look(start.roots, onUnreadable))
        .filter(({ path, identity }) => !start.isOwn(path, identity));
      const present = new Map(seen.map((file) => [file.identity, file]));
      const remainders: Remainder[] = [];
      putToSleep(present);
      // Files that are known come first: what they are must be settled before copies are judged.
      const known = (file: SeenFile) => positions.has(file.identity) ? 0 : 1;
      for (const file of seen.sort((a, b) => known(a) - known(b))) {
        try {
          const remainder = await meet(file, new Set(present.keys()));
          if (remainder !== undefined) remainders.push(remainder);
        } catch (error) {
          parts.signal.throwIfAborted();
          if (error instanceof Deno.errors.NotFound) continue;
          onUnreadable(file.path, describeReadError(error));
        }
      }
      forgetGone(present);
      first = false;
      frontier.started();
      return remainders;
    },
    settle(position) {
      const before = positions.get(position.identity);
      if (before !== undefined && isRewritten(before, position)) keepForCopies(before);
      positions.set(position.identity, position);
    },
    follows: (identity) => awake.has(identity) || asleep.has(identity),
    finish(position, size) {
      place(position);
      judged.set(position.identity, { size, original: undefined });
    },
    missed({ from }) {
      judged.delete(from.identity);
    },
    drop(file) {
      file.release();
      awake.delete(file.position.identity);
    },
    close() {
      for (const file of awake.values()) file.release();
    },
  };
}

function stamp(head: Uint8Array) {
  return { fingerprint: fingerprint(head), fingerprintBytes: head.length };
}

/** The position after the last whole line of a file. */
async function atEnd({ identity, path }: SeenFile, head: Uint8Array): Promise<Position> {
  return { identity, path, offset: await endOfLines(path, identity), ...stamp(head) };
}
