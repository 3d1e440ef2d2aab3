/** Reading long plain lists: WebAssembly tells the simple lines apart, which cold JavaScript does slowly. */
import { CLASSES, SIMPLE_KINDS } from "./simple.ts";
import type { LineVisitor } from "./text_lines.ts";
import { PLAIN_WASM } from "./plain_wasm.ts";

/** Takes a simple value; `hash` as `hashKey` in `src/match/table.ts` gives it. */
export type ValueVisitor = (
  kind: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  hash: number,
  line: number,
) => void;

/** Goes over whole lines, `line` being the number of the first; returns how many there are. */
export type BulkVisitor = (bytes: Uint8Array, start: number, end: number, line: number) => number;

interface PlainExports {
  scan(from: number, to: number, out: number, most: number): number;
  readonly next: WebAssembly.Global;
  readonly lines: WebAssembly.Global;
}

/** Addresses and sizes that `assembly/plain.ts` knows, and those that are chosen here. */
const KINDS_AT = 256;
const RECORDS_AT = 4096;
const RECORD_WORDS = 5;
const MOST_RECORDS = 4096;
const INPUT_AT = RECORDS_AT + MOST_RECORDS * RECORD_WORDS * 4;
const OTHER = 255;
const PAGE = 65536;

/** Makes a visitor that calls back with simple values, and with all other lines that are not empty. */
export function createBulkVisitor(value: ValueVisitor, other: LineVisitor): BulkVisitor {
  const wasm = Uint8Array.from(atob(PLAIN_WASM), (char) => char.charCodeAt(0));
  const memory = new WebAssembly.Memory({ initial: 20 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm), { env: { memory } });
  const plain = exports as unknown as PlainExports;
  const fixed = new Uint8Array(memory.buffer);
  fixed.set(CLASSES);
  fixed.set(SIMPLE_KINDS, KINDS_AT);
  return (bytes, start, end, line) => {
    const to = INPUT_AT + end - start;
    const missing = to - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    new Uint8Array(memory.buffer).set(bytes.subarray(start, end), INPUT_AT);
    const records = new Uint32Array(memory.buffer, RECORDS_AT, MOST_RECORDS * RECORD_WORDS);
    const shift = start - INPUT_AT;
    let first = line;
    for (let at = INPUT_AT; at < to; at = plain.next.value) {
      const count = plain.scan(at, to, RECORDS_AT, MOST_RECORDS);
      for (let i = 0; i < count * RECORD_WORDS; i += RECORD_WORDS) {
        const from = records[i]! + shift, stop = records[i + 1]! + shift;
        const kind = records[i + 2]!, number = first + records[i + 4]!;
        if (kind === OTHER) other(bytes, from, stop, number);
        else value(kind, bytes, from, stop, records[i + 3]!, number);
      }
      first += plain.lines.value;
    }
    return first - line;
  };
}
