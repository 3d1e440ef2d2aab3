/** A kernel of the scan and what it knows of an IoC set. */
import { OBSERVABLE_KINDS, type ObservableKind } from "../../../match/observable.ts";
import type { IocCursor, IocView } from "../../../match/set.ts";
import {
  createKernel,
  type FilterSize,
  type Kernel,
  NEEDLES,
  PREFIXES4,
  PREFIXES6,
} from "./kernel.ts";
import { countNeedles, makeNeedles, MOST_NEEDLES, type NeedleSource } from "./needles.ts";
import { type TermVisitor, visitTerms } from "./terms.ts";

/** What is in a set, as bits that the kernel knows. */
const SUBDOMAINS = 1;
const URLS = 2;
const EMAILS = 4;
const NETWORKS4 = 8;
const ADDRESSES6 = 16;
const NAMES = 32;
const HASHES = 64;
const TINY = 128;
const COMMON = 256;

/** Kinds of which the kernel adds the bytes as they are; of URLs it knows what else there is to find. */
const SIMPLE: readonly ObservableKind[] = [
  "ipv4",
  "domain",
  "email",
  "md5",
  "sha1",
  "sha256",
  "sha512",
];
const URL_KIND = OBSERVABLE_KINDS.indexOf("url");
const SIMPLE_BITS = SIMPLE.reduce((bits, kind) => bits | 1 << OBSERVABLE_KINDS.indexOf(kind), 0);

/** The kind of values that were taken out, see `IocView`. */
const REMOVED = 255;

/** Values added at a time, and their bytes unless one is longer. */
const BATCH = 8192;
const BATCH_BYTES = 1 << 20;
/** The most slots of the table that one value takes. */
export const MOST_SLOTS = 2;
/** Parts of the slots in use: by all that a filter was made for, when the next one is to be begun, and at most. */
const FRESH = 3 / 4;
const GROWN = 9 / 16;
const FULL = 7 / 8;

/** What a kernel has to know of a set besides its values. */
export interface FilterContents {
  readonly flags: number;
  readonly prefixes4: readonly number[];
  readonly prefixes6: readonly number[];
  /** What `makeNeedles` gave. */
  readonly needles: Uint8Array<ArrayBuffer> | undefined;
}

/** Tells a kernel what is in its filter. */
export function describe(
  kernel: Kernel,
  { flags, prefixes4, prefixes6, needles }: FilterContents,
): void {
  const bytes = kernel.bytes();
  bytes.set(prefixes4, PREFIXES4);
  bytes.set(prefixes6, PREFIXES6);
  if (needles !== undefined) bytes.set(needles, NEEDLES);
  kernel.exports.describe(flags, prefixes4.length, prefixes6.length);
  kernel.exports.describeNeedles(countNeedles(needles));
}

/** See the top of the file. */
export interface LoadedKernel {
  readonly kernel: Kernel;
  readonly contents: FilterContents;
  /** What was not read of the set. */
  readonly cursor: IocCursor;
  /** Values that it was given. */
  readonly held: number;
  /** Slots of its table in use. */
  readonly slots: number;
  /** Another one should be begun. */
  readonly isGrown: boolean;
  /** So many more values surely fit. */
  readonly room: number;
  /** Adds so many values, or all that there are; false if it is full. */
  read(view: IocView, most: number): boolean;
  /** All was read. */
  isThrough(view: IocView): boolean;
  /** Tells the kernel what is in its filter, after reading. */
  describe(view: IocView): void;
}

/** Makes one that reads at a cursor, with room for values that take so many slots. */
export function loadKernel(
  module: WebAssembly.Module,
  slots: number,
  cursor: IocCursor,
  subdomains: boolean,
): LoadedKernel {
  const kernel = createKernel(module, sizeFor(slots));
  const { exports } = kernel;
  const all = 2 ** kernel.size.tableBits;
  const contents = {
    flags: subdomains ? SUBDOMAINS : 0,
    prefixes4: [] as number[],
    prefixes6: [] as number[],
    needles: undefined as FilterContents["needles"],
  };
  let held = 0;

  function addNetwork(address: string, bits: number): void {
    if (!address.includes(":")) {
      if (!contents.prefixes4.includes(bits)) contents.prefixes4.push(bits);
      contents.flags |= NETWORKS4;
    } else {
      if (bits < 128 && !contents.prefixes6.includes(bits)) contents.prefixes6.push(bits);
      contents.flags |= ADDRESSES6;
    }
  }

  return {
    kernel,
    contents,
    cursor,
    get held() {
      return held;
    },
    get slots() {
      return exports.used.value;
    },
    get isGrown() {
      return exports.used.value > GROWN * all;
    },
    get room() {
      return (FULL * all - exports.used.value) / MOST_SLOTS;
    },
    isThrough: (view) => cursor.at >= view.count,
    read(view, most) {
      for (let left = most; left > 0 && cursor.at < view.count;) {
        const { from, to, live } = batchAt(view, cursor.at, left);
        if (exports.used.value + live * MOST_SLOTS > FULL * all) return false;
        if (live > 0) addValues(kernel, view, from, to, addNetwork);
        held += live;
        left -= live;
        cursor.at = to;
      }
      return true;
    },
    describe(view) {
      const { seen, tiny, common } = exports;
      contents.flags |= flagsOf(seen.value) | (tiny.value ? TINY : 0) | (common.value ? COMMON : 0);
      contents.needles = view.count <= MOST_NEEDLES ? makeNeedles(sourcesOf(view)) : undefined;
      describe(kernel, contents);
    },
  };
}

/** The next entries with at most so many values, behind those that were removed. */
function batchAt({ kinds, starts, count }: IocView, at: number, most: number) {
  let from = at;
  while (from < count && kinds[from] === REMOVED) from++;
  let to = from, live = 0;
  const base = starts[from]!;
  const end = Math.min(count, from + BATCH);
  while (to < end && live < most && (to === from || starts[to]! - base < BATCH_BYTES)) {
    if (kinds[to++] !== REMOVED) live++;
  }
  return { from, to, live };
}

/** The values that are in a set now. */
function* sourcesOf(view: IocView): Iterable<NeedleSource> {
  for (let i = 0; i < view.count; i++) {
    const kind = OBSERVABLE_KINDS[view.kinds[i]!];
    if (kind !== undefined) yield { kind, key: keyOf(view, i) };
  }
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

function keyOf(view: IocView, index: number): string {
  const end = index + 1 < view.count ? view.starts[index + 1]! : view.used;
  return decoder.decode(
    view.arena.subarray(view.starts[index]! + view.skips[index]!, end),
  );
}

/** The size of a filter: 16 bits of the bitmap or more for each value. */
function sizeFor(slots: number): FilterSize {
  const bits = (least: number, count: number) => Math.max(least, Math.ceil(Math.log2(count)));
  return { bitmapBits: bits(10, slots / MOST_SLOTS / 4), tableBits: bits(8, slots / FRESH) };
}

/** Adds the values number `from` up to `to`. */
function addValues(
  kernel: Kernel,
  view: IocView,
  from: number,
  to: number,
  onNetwork: (address: string, bits: number) => void,
): void {
  const base = view.starts[from]!;
  const end = to < view.count ? view.starts[to]! : view.used;
  const starts = new Uint32Array(to - from + 1);
  starts.set(view.starts.subarray(from, to));
  starts[to - from] = end;
  const skips = view.skips.subarray(from, to), kinds = view.kinds.subarray(from, to);
  const startsAt = kernel.input(starts.byteLength + skips.length + kinds.length + end - base);
  const skipsAt = startsAt + starts.byteLength;
  const kindsAt = skipsAt + skips.length;
  const arenaAt = kindsAt + kinds.length;
  const bytes = kernel.bytes();
  bytes.set(new Uint8Array(starts.buffer), startsAt);
  bytes.set(skips, skipsAt);
  bytes.set(kinds, kindsAt);
  bytes.set(view.arena.subarray(base, end), arenaAt);
  const visitor = termAdder(kernel, end - base + arenaAt, onNetwork);
  const { addValues } = kernel.exports;
  const arena = arenaAt - base, count = to - from;
  for (let at = 0; at < count; at++) {
    at = addValues(arena, startsAt, skipsAt, kindsAt, SIMPLE_BITS, URL_KIND, at, count);
    if (at < count) addTerms(view, from + at, visitor);
  }
}

/** Adds a value that takes more than its text to find. */
function addTerms(view: IocView, index: number, visitor: TermVisitor): void {
  visitTerms(OBSERVABLE_KINDS[view.kinds[index]!]!, keyOf(view, index), visitor);
}

/** Adds terms to the filter; `scratch` is an address behind all that must stay. */
function termAdder(
  kernel: Kernel,
  scratch: number,
  onNetwork: (address: string, bits: number) => void,
): TermVisitor {
  let bytes = kernel.bytes();
  const put = (text: string): number => {
    if (scratch + text.length * 3 > bytes.length) {
      kernel.input(scratch + text.length * 3 - kernel.input(0));
      bytes = kernel.bytes();
    }
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return encoder.encodeInto(text, bytes.subarray(scratch)).written;
      bytes[scratch + i] = code;
    }
    return text.length;
  };
  return {
    text: (text) => kernel.exports.addText(scratch, put(text)),
    end: (text) => kernel.exports.addEnd(scratch, put(text)),
    network(address, bits) {
      kernel.exports.addNetwork(scratch, put(address), bits);
      onNetwork(address, bits);
    },
  };
}

/** What is in a set, given a bit for each kind. */
function flagsOf(present: number): number {
  const has = (...kinds: ObservableKind[]) =>
    kinds.some((kind) => (present >>> OBSERVABLE_KINDS.indexOf(kind) & 1) !== 0);
  return (has("url") ? URLS : 0) | (has("email") ? EMAILS : 0) |
    (has("domain", "url", "email") ? NAMES : 0) |
    (has("md5", "sha1", "sha256", "sha512") ? HASHES : 0);
}
