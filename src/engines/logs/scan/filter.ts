/** Keeps a kernel's filter in step with an IoC set. */
import { OBSERVABLE_KINDS, type ObservableKind } from "../../../match/observable.ts";
import type { IocSet, IocView } from "../../../match/set.ts";
import { type FilterSize, type Kernel, NEEDLES, PREFIXES4, PREFIXES6 } from "./kernel.ts";
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

/** Kinds of which the kernel can add the bytes as they are. */
const SIMPLE: readonly ObservableKind[] = [
  "ipv4",
  "domain",
  "email",
  "md5",
  "sha1",
  "sha256",
  "sha512",
];
const SIMPLE_BITS = SIMPLE.reduce((bits, kind) => bits | 1 << OBSERVABLE_KINDS.indexOf(kind), 0);

/** Values added at a time. */
const BATCH = 16384;
/** The most slots of the table that one value takes. */
const MOST_SLOTS = 2;

/** A filter in a form that can be sent to another thread. */
export interface FilterCopy {
  readonly size: FilterSize;
  /** In shared memory, so that many threads can have it. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly flags: number;
  readonly prefixes4: readonly number[];
  readonly prefixes6: readonly number[];
  /** What `makeNeedles` gave. */
  readonly needles: Uint8Array<ArrayBuffer> | undefined;
}

/** A kernel's filter. */
export interface Filter {
  /** Takes in what changed in the set. Removed values stay until the next rebuild: they only cost time. */
  update(): void;
  /** Version of the set that the filter is for. */
  readonly version: number;
  copy(): FilterCopy;
}

/** Puts a filter made elsewhere into a kernel. */
export function pasteFilter(kernel: Kernel, copy: FilterCopy): void {
  kernel.resize(copy.size);
  kernel.filter().set(copy.bytes);
  describe(kernel, copy);
}

function describe(
  kernel: Kernel,
  { flags, prefixes4, prefixes6, needles }: Omit<FilterCopy, "size" | "bytes">,
): void {
  const bytes = kernel.bytes();
  bytes.set(prefixes4, PREFIXES4);
  bytes.set(prefixes6, PREFIXES6);
  if (needles !== undefined) bytes.set(needles, NEEDLES);
  kernel.exports.describe(flags, prefixes4.length, prefixes6.length);
  kernel.exports.describeNeedles(countNeedles(needles));
}

/** Makes the filter of a set in a kernel; it is empty until `update`. */
export function createFilter(kernel: Kernel, iocs: IocSet): Filter {
  let version = -1;
  let epoch = -1;
  let done = 0;
  let built = 0;
  let contents = emptyContents(0);

  function rebuild(view: IocView, values: number): void {
    kernel.resize(sizeFor(values));
    epoch = view.epoch;
    done = 0;
    built = iocs.size;
    const flags = iocs.options.subdomains === true ? SUBDOMAINS : 0;
    contents = emptyContents(flags);
  }

  function addNetwork(address: string, bits: number): void {
    if (!address.includes(":")) {
      if (!contents.prefixes4.includes(bits)) contents.prefixes4.push(bits);
      contents.flags |= NETWORKS4;
    } else {
      if (bits < 128 && !contents.prefixes6.includes(bits)) contents.prefixes6.push(bits);
      contents.flags |= ADDRESSES6;
    }
  }

  function update(): void {
    if (iocs.version === version) return;
    const view = iocs.view();
    // Half of what the filter knows is gone: it names too many lines.
    if (view.epoch !== epoch || iocs.size < built / 2) rebuild(view, iocs.size);
    while (done < view.count) {
      const to = Math.min(view.count, done + BATCH);
      const slots = kernel.exports.used.value + (to - done) * MOST_SLOTS;
      if (slots > capacity(kernel.size)) rebuild(view, Math.max(slots, iocs.size));
      else done = addValues(kernel, view, done, to, addNetwork);
    }
    const { seen, tiny, common } = kernel.exports;
    contents.flags |= flagsOf(seen.value) | (tiny.value ? TINY : 0) | (common.value ? COMMON : 0);
    contents.needles = view.count <= MOST_NEEDLES ? makeNeedles(sourcesOf(view)) : undefined;
    version = iocs.version;
    describe(kernel, contents);
  }

  return {
    update,
    get version() {
      return version;
    },
    copy() {
      const filter = kernel.filter();
      const bytes = new Uint8Array(new SharedArrayBuffer(filter.length));
      bytes.set(filter);
      return { size: kernel.size, bytes, ...contents };
    },
  };
}

function emptyContents(flags: number) {
  return {
    flags,
    prefixes4: [] as number[],
    prefixes6: [] as number[],
    needles: undefined as FilterCopy["needles"],
  };
}

/** The values that are in a set now. */
function* sourcesOf(view: IocView): Iterable<NeedleSource> {
  for (let i = 0; i < view.count; i++) {
    const kind = OBSERVABLE_KINDS[view.kinds[i]!];
    if (kind !== undefined) yield { kind, key: keyOf(view, i) };
  }
}

function keyOf(view: IocView, index: number): string {
  const end = index + 1 < view.count ? view.starts[index + 1]! : view.used;
  return new TextDecoder().decode(
    view.arena.subarray(view.starts[index]! + view.skips[index]!, end),
  );
}

/** A filter for so many values: 16 bits of the bitmap each or more, the table never fuller than `capacity`. */
function sizeFor(values: number): FilterSize {
  const bits = (least: number, count: number) => Math.max(least, Math.ceil(Math.log2(count)));
  return {
    bitmapBits: bits(10, values / 4),
    tableBits: bits(8, values * MOST_SLOTS * 4 / 3),
  };
}

function capacity(size: FilterSize): number {
  return 3 * 2 ** size.tableBits / 4;
}

/** Adds the values number `from` up to `to`; returns where to go on. */
function addValues(
  kernel: Kernel,
  view: IocView,
  from: number,
  to: number,
  onNetwork: (address: string, bits: number) => void,
): number {
  const base = view.starts[from]!;
  const end = to < view.count ? view.starts[to]! : view.used;
  const starts = new Uint32Array(to - from + 1);
  starts.set(view.starts.subarray(from, to));
  starts[to - from] = end;
  const kinds = view.kinds.subarray(from, to);
  const startsAt = kernel.input(starts.byteLength + kinds.length + end - base);
  const kindsAt = startsAt + starts.byteLength;
  const arenaAt = kindsAt + kinds.length;
  const bytes = kernel.bytes();
  bytes.set(new Uint8Array(starts.buffer), startsAt);
  bytes.set(kinds, kindsAt);
  bytes.set(view.arena.subarray(base, end), arenaAt);
  const visitor = termAdder(kernel, end - base + arenaAt, onNetwork);
  for (let at = 0; at < to - from; at++) {
    at = kernel.exports.addValues(arenaAt - base, startsAt, kindsAt, SIMPLE_BITS, at, to - from);
    if (at < to - from) addTerms(view, from + at, visitor);
  }
  return to;
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
  const encoder = new TextEncoder();
  const put = (text: string): number => {
    const bytes = encoder.encode(text);
    kernel.input(scratch + bytes.length - kernel.input(0));
    kernel.bytes().set(bytes, scratch);
    return bytes.length;
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
