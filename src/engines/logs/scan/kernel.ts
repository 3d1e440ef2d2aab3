/**
 * One instance of the scan kernel (`assembly/`) and the layout of its memory:
 * fixed part, bitmap, table, input. Addresses and sizes are bytes.
 */
import { Buffer } from "node:buffer";
import { KERNEL_WASM } from "./kernel_wasm.ts";

/** What the kernel exports; `assembly/` says what each does. */
interface KernelExports {
  configure(bitmap: number, bitmapBits: number, table: number, tableBits: number): void;
  describe(kinds: number, prefixes4: number, prefixes6: number): void;
  describeNeedles(count: number): void;
  addText(text: number, length: number): void;
  addEnd(text: number, length: number): void;
  addNetwork(text: number, length: number, bits: number): void;
  addValues(
    arena: number,
    starts: number,
    skips: number,
    kinds: number,
    simple: number,
    url: number,
    from: number,
    to: number,
  ): number;
  begin(from: number, to: number, separator: number, setSeparator: number): void;
  run(from: number): number;
  readonly used: WebAssembly.Global;
  readonly seen: WebAssembly.Global;
  readonly tiny: WebAssembly.Global;
  readonly common: WebAssembly.Global;
  readonly named: WebAssembly.Global;
  readonly lines: WebAssembly.Global;
  readonly ascii: WebAssembly.Global;
  readonly odd: WebAssembly.Global;
  readonly firstOdd: WebAssembly.Global;
}

/** Addresses that `assembly/memory.ts` fixes. */
export const PREFIXES4 = 0x16100;
export const PREFIXES6 = 0x16200;
export const LINES = 0x17000;
export const NEEDLES = 0x60000;
const HOST = 0x80000;

/** Bytes around a block that the kernel reads or overwrites. */
const BEFORE = 64;
const AFTER = 128;
const PAGE = 65536;
/** Room for blocks of a usual size. */
const INPUT_PAGES = 16;

/** Sizes of the filter as powers of two: words of 8 bytes, slots of 4 bytes. */
export interface FilterSize {
  readonly bitmapBits: number;
  readonly tableBits: number;
}

const LEAST_SIZE: FilterSize = { bitmapBits: 10, tableBits: 8 };

/** One instance of the kernel. */
export interface Kernel {
  readonly exports: KernelExports;
  /** The memory as it now is; views of it die when it grows. */
  bytes(): Uint8Array<ArrayBuffer>;
  /** Makes room for a filter of that size, of which each byte is then to be written; what was in the input is lost. */
  resize(size: FilterSize): void;
  readonly size: FilterSize;
  /** The filter's bytes, bitmap and table. */
  filter(): Uint8Array<ArrayBuffer>;
  /** Room for a block of so many bytes: its address. Valid until `resize`. */
  input(length: number): number;
}

/** Compiles the kernel; undefined where WebAssembly has no SIMD. */
export function compileKernel(): WebAssembly.Module | undefined {
  try {
    return new WebAssembly.Module(Buffer.from(KERNEL_WASM, "base64"));
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return undefined;
    throw error;
  }
}

/** Makes an instance with an empty filter. */
export function createKernel(module: WebAssembly.Module, first = LEAST_SIZE): Kernel {
  let size = first;
  const bitmapBytes = () => 8 << size.bitmapBits;
  const tableBytes = () => 4 << size.tableBits;
  const inputAt = () => HOST + bitmapBytes() + tableBytes() + BEFORE;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(inputAt() / PAGE) + INPUT_PAGES });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const kernel = exports as unknown as KernelExports;

  function reserve(end: number): void {
    const missing = end - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  }

  const configure = () =>
    kernel.configure(HOST, size.bitmapBits, HOST + bitmapBytes(), size.tableBits);

  function resize(wanted: FilterSize): void {
    size = wanted;
    reserve(inputAt());
    configure();
  }

  // Its memory is clear: a large filter takes pages only where values are.
  configure();
  return {
    exports: kernel,
    bytes: () => new Uint8Array(memory.buffer as ArrayBuffer),
    resize,
    get size() {
      return size;
    },
    filter: () => new Uint8Array(memory.buffer as ArrayBuffer, HOST, bitmapBytes() + tableBytes()),
    input(length) {
      reserve(inputAt() + length + AFTER);
      return inputAt();
    },
  };
}
