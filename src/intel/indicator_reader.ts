/**
 * What decides about a STIX Indicator, read in the bytes of its JSON by WebAssembly (`assembly/`):
 * JSON.parse makes objects and texts of all that is in it, and most of its time goes into moving
 * these about (garbage collection).
 */
import { Buffer } from "node:buffer";
import type { ObservableKind } from "../match/observable.ts";
import { ID_LENGTH, type Uuid, uuidIn } from "./id_words.ts";
import { INDICATOR_WASM } from "./indicator_wasm.ts";
import { VALUE_TYPES } from "./points.ts";
import { textOf } from "./version.ts";

/** What was read last; offsets into its bytes. */
export interface IndicatorReader {
  /**
   * Whether the bytes are, for sure, UTF-8 and to JSON.parse an indicator that is new, for one
   * value, plainly spelt, with times that are some. False says nothing. Keeps nothing of what
   * was read before.
   */
  read(bytes: Uint8Array): boolean;
  /** As in `Validity`. */
  readonly modified: number;
  readonly from: number;
  readonly until: number;
  readonly revoked: boolean;
  /** That of the id, which is in lower case. */
  uuid(): Uuid;
  /** ASCII. */
  value(): string;
  /** Where the value is, if it is canonical. */
  readonly valueStart: number;
  readonly valueEnd: number;
  /** What the value may be, the first that fits. */
  readonly kinds: readonly ObservableKind[];
  /** The value is the canonical form of the first kind. */
  readonly isCanonical: boolean;
  readonly patternStart: number;
  readonly patternEnd: number;
}

interface ReaderExports {
  read(length: number): number;
}

/** Addresses that `assembly/indicator.ts` fixes. */
const TEXTS = 0x2000;
const VALUE = TEXTS + ID_LENGTH;
const INPUT = 0x4000;
const PAGE = 65536;
const PAGES = 2;
/** Longer ones, which are rare, are left to JSON.parse. */
export const LONGEST = PAGES * PAGE - INPUT - 32;
/** Characters of a pattern behind its value: `']`. */
const PATTERN_TAIL = 2;
/** Views of so many lengths are kept: decoding one that is new takes half as long again. */
const USUAL_LENGTHS = 256;

/** Kinds by the numbers of `assembly/pattern.ts`. */
const KINDS: readonly (readonly ObservableKind[])[] = [
  [],
  VALUE_TYPES["ipv4-addr"]!,
  VALUE_TYPES["ipv6-addr"]!,
  VALUE_TYPES["domain-name"]!,
  VALUE_TYPES["url"]!,
  VALUE_TYPES["email-addr"]!,
  ["md5"],
  ["sha1"],
  ["sha256"],
  ["sha512"],
];

/** Makes one; undefined where WebAssembly has no SIMD. */
export function createIndicatorReader(): IndicatorReader | undefined {
  const module = compile();
  if (module === undefined) return undefined;
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const { read } = exports as unknown as ReaderExports;
  const heap = new Uint8Array(memory.buffer as ArrayBuffer);
  const times = new Float64Array(memory.buffer as ArrayBuffer, 0, 3);
  const words = new Uint32Array(memory.buffer as ArrayBuffer, 24, 6);
  const views: Uint8Array[] = [];
  return {
    read(bytes) {
      if (bytes.length > LONGEST) return false;
      heap.set(bytes, INPUT);
      return read(bytes.length) !== 0;
    },
    get modified() {
      return times[0]!;
    },
    get from() {
      return times[1]!;
    },
    get until() {
      return times[2]!;
    },
    get revoked() {
      return words[0] === 1;
    },
    uuid: () => uuidIn(heap, TEXTS),
    value() {
      const length = words[3]!, end = VALUE + length;
      if (length >= USUAL_LENGTHS) return textOf(heap.subarray(VALUE, end));
      return textOf(views[length] ??= heap.subarray(VALUE, end));
    },
    get valueStart() {
      return words[5]! - PATTERN_TAIL - words[3]!;
    },
    get valueEnd() {
      return words[5]! - PATTERN_TAIL;
    },
    get kinds() {
      return KINDS[words[1]!]!;
    },
    get isCanonical() {
      return words[2] === 1;
    },
    get patternStart() {
      return words[4]!;
    },
    get patternEnd() {
      return words[5]!;
    },
  };
}

function compile(): WebAssembly.Module | undefined {
  try {
    return new WebAssembly.Module(Buffer.from(INDICATOR_WASM, "base64"));
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return undefined;
    throw error;
  }
}
