import type { Trouble } from "../../engine.ts";
import { type ByteStream, openByteStream } from "../read/byte_stream.ts";
import { describeReadError } from "../read/read_error.ts";
import type { ScanFile } from "../scan/finder.ts";
import { orderByTime } from "./order.ts";
import type { Root } from "./roots.ts";
import { type Foreign, type LogKind, sniff, type Sniffed } from "./sniff.ts";
import { type FoundFile, type IsOwn, walkRoots } from "./walk.ts";

/** A log on disk (or standard input), ready to be scanned. */
export interface LogFile extends ScanFile {
  readonly kind: LogKind;
  /** `device:inode`; the same file under another name is the same. */
  readonly identity: string;
  /** When it was last written, ms since the epoch. */
  readonly modified: number | undefined;
  /** Time of its first event, ms since the epoch, if its beginning tells. */
  readonly firstTime: number | undefined;
  /** Its first bytes, decompressed, some KiB at most; if they were asked for. */
  readonly head?: Uint8Array;
  /** Standard input, which can be opened but once: its stream with the beginning given back. */
  readonly stream?: ByteStream;
}

/** What was found under the roots. */
export interface LogFiles {
  /** In the order of time. */
  readonly files: readonly LogFile[];
  readonly troubles: readonly Trouble[];
  /** Of all that was looked at, logs or not. */
  readonly identities: readonly string[];
  /** Files that are not logs, for the debug log. */
  readonly passedOver: readonly { readonly path: string; readonly what: string }[];
}

const OWN = "written by bridge itself";
const HEAD_BYTES = 64 * 1024;
/** As much of the beginning as fingerprints take at most. */
const KEPT_BYTES = 4096;

/** Listings until nothing new shows. */
const MOST_LISTINGS = 10;

/**
 * The same while logs may be rotated: a file that is renamed while folders are gone
 * through may be met under neither name, so that they are gone through again until
 * nothing shows that was not met.
 */
export async function findRotatingLogs(
  roots: readonly Root[],
  signal: AbortSignal,
  options: FindOptions = {},
): Promise<LogFiles> {
  let found = await findLogFiles(roots, signal, options);
  if (roots.some(({ type }) => type === "stdin")) return found;
  const met = new Map(found.files.map((file) => [file.identity, file]));
  const known = new Set(found.identities);
  for (let listing = 1; listing < MOST_LISTINGS; listing++) {
    if ((await identitiesUnder(roots)).every((identity) => known.has(identity))) break;
    found = await findLogFiles(roots, signal, options);
    for (const identity of found.identities) known.add(identity);
    for (const file of found.files) met.set(file.identity, file);
  }
  return { ...found, files: orderByTime([...met.values()]) };
}

async function identitiesUnder(roots: readonly Root[]): Promise<string[]> {
  const found: string[] = [];
  for await (const { identity } of walkRoots(roots, () => {})) found.push(identity);
  return found;
}

/** What finding is to keep besides. */
export interface FindOptions {
  readonly heads?: boolean;
  /** Files that are passed over. */
  readonly isOwn?: IsOwn | undefined;
}

/** Finds the logs under the roots, tells their formats and puts them in order. */
export async function findLogFiles(
  roots: readonly Root[],
  signal: AbortSignal,
  options: FindOptions = {},
): Promise<LogFiles> {
  const files: LogFile[] = [];
  const identities: string[] = [];
  const troubles: Trouble[] = [];
  const passedOver: { path: string; what: string }[] = [];
  const fruitful = new Set<Root>();
  const unreadable = (source: string, what: string) =>
    troubles.push({ source, what, count: 1, unread: true });
  const overlaps: (readonly [Root, Root])[] = [];
  const metBefore = (root: Root, earlier: Root) => overlaps.push([root, earlier]);
  for await (const found of walkRoots(roots, unreadable, metBefore)) {
    signal.throwIfAborted();
    if (options.isOwn?.(found.path, found.identity)) {
      identities.push(found.identity);
      if (found.named) unreadable(found.path, OWN);
      else passedOver.push({ path: found.path, what: OWN });
      continue;
    }
    const outcome = await look(found, options.heads === true, signal);
    // What was renamed under our eyes is still to be met.
    if (outcome.type !== "unreadable" || !outcome.gone) identities.push(found.identity);
    if (outcome.type !== "foreign") fruitful.add(found.root);
    if (outcome.type === "log") files.push(outcome.file);
    else if (outcome.type === "unreadable") unreadable(found.path, outcome.what);
    else if (outcome.type === "empty") {
      troubles.push({ source: found.path, what: "file is empty", count: 1, unread: false });
    } else if (found.named || isLeftOut(outcome, found.path)) {
      unreadable(found.path, `not a log: ${outcome.what}`);
    } else passedOver.push({ path: found.path, what: outcome.what });
  }
  for (const [root, earlier] of overlaps) if (fruitful.has(earlier)) fruitful.add(root);
  for (const root of roots) {
    const searched = root.type === "folder" || root.type === "glob";
    if (!searched || fruitful.has(root)) continue;
    // A folder that can't be read is named for that already.
    if (!troubles.some(({ source }) => source === root.name)) unreadable(root.name, "no logs here");
  }
  return { files: orderByTime(files), troubles, identities, passedOver };
}

type Outcome =
  | { readonly type: "log"; readonly file: LogFile }
  | { readonly type: "unreadable"; readonly what: string; readonly gone?: boolean }
  | Exclude<Sniffed, { type: "log" }>;

async function look(
  found: FoundFile,
  keepHead: boolean,
  signal: AbortSignal,
): Promise<Outcome> {
  let stream: ByteStream | undefined;
  let keep = false;
  try {
    const which = found.pipe ? { pipe: true } : { identity: found.identity };
    stream = await openByteStream(found.path, signal, which);
    // Who pipes a log in as it grows wants its first hit before 64 KiB are there.
    const { head, whole } = await readHead(stream, found.pipe ? showsLog : undefined);
    const sniffed = asNamed(sniff(head, whole), found);
    // What can't be decompressed from the start on tells nothing about its inside.
    if (sniffed.type === "empty" && stream.damage !== undefined) {
      return { type: "unreadable", what: stream.damage };
    }
    if (sniffed.type !== "log") return sniffed;
    keep = found.pipe;
    const beginning = keepHead ? { head: head.slice(0, KEPT_BYTES) } : {};
    const file = { ...logFile(found, sniffed, stream.compression), ...beginning };
    return { type: "log", file: keep ? { ...file, stream: withHead(stream, head) } : file };
  } catch (error) {
    signal.throwIfAborted();
    const gone = error instanceof Deno.errors.NotFound;
    return { type: "unreadable", what: describeReadError(error), gone };
  } finally {
    if (!keep) stream?.close();
  }
}

/** Whether a person would miss the file among the logs. */
function isLeftOut({ events }: Foreign, path: string): boolean {
  return events === "surely" || (events === "unlikely" && LOG_NAME.test(path));
}

/** `eve.json`, `conn.log.bz2`, `eve-2024-01-02.json.1`. */
const LOG_NAME = /[^/]\.(?:log|json|jsonl|ndjson)(?:[._-][^/]*)?$/i;

/** A file that the user named is read as NDJSON if nothing else speaks for or against it. */
function asNamed(sniffed: Sniffed, found: FoundFile): Sniffed {
  if (sniffed.type !== "foreign" || !sniffed.open || !found.named) return sniffed;
  return { type: "log", kind: "ndjson", format: { type: "json" }, firstTime: undefined };
}

function logFile(
  found: FoundFile,
  sniffed: Extract<Sniffed, { type: "log" }>,
  compression: ScanFile["compression"],
): LogFile {
  const { path, identity, modified, size } = found;
  const { type: _, ...told } = sniffed;
  const file = { path, identity, modified, compression, ...told };
  return found.pipe ? { ...file, once: true } : { ...file, size };
}

function showsLog(head: Uint8Array): boolean {
  return sniff(head, false).type === "log";
}

async function readHead(
  stream: ByteStream,
  enough: (head: Uint8Array) => boolean = () => false,
): Promise<{ head: Uint8Array; whole: boolean }> {
  const head = new Uint8Array(HEAD_BYTES);
  let length = 0;
  while (length < head.length) {
    const n = await stream.read(head.subarray(length));
    if (n === 0) return { head: head.subarray(0, length), whole: true };
    length += n;
    if (enough(head.subarray(0, length))) break;
  }
  return { head: head.subarray(0, length), whole: false };
}

/** The stream from its beginning again. */
function withHead(stream: ByteStream, head: Uint8Array): ByteStream {
  let rest = head;
  return {
    compression: stream.compression,
    async read(into) {
      if (rest.length === 0) return await stream.read(into);
      const taken = rest.subarray(0, into.length);
      into.set(taken);
      rest = rest.subarray(taken.length);
      return taken.length;
    },
    get rawBytes() {
      return stream.rawBytes;
    },
    get damage() {
      return stream.damage;
    },
    close: () => stream.close(),
  };
}
