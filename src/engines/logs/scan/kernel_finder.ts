/** The fast finder: the scan kernel behind the seam of `finder.ts`. */
import type { IocSet } from "../../../match/set.ts";
import { createEveryLineFinder } from "./every_line.ts";
import { createFilter, type Filter } from "./filter.ts";
import type { CreateFinder, Findings, LineFormat } from "./finder.ts";
import { compileKernel, type Kernel, LINES } from "./kernel.ts";
import { createPlainFinder } from "./plain_finder.ts";

/** What finds the values of an IoC set. */
export interface Hunter {
  readonly module: WebAssembly.Module;
  readonly filter: Filter;
}

/** The hunters of a thread; undefined without SIMD. */
export interface Hunters {
  /** Makes a hunter for an IoC set, or gives the one that there is. */
  (iocs: IocSet): Hunter | undefined;
  /** The kernel, which is compiled when it is first asked for. */
  module(): WebAssembly.Module | undefined;
}

/** Makes the hunters of a thread. */
export function createHunters(compile = compileKernel): Hunters {
  const hunters = new WeakMap<IocSet, Hunter>();
  let compiled: { readonly module: WebAssembly.Module | undefined } | undefined;
  const module = () => (compiled ??= { module: compile() }).module;
  const hunterFor = (iocs: IocSet) => {
    const kernelModule = module();
    let hunter = hunters.get(iocs);
    if (hunter === undefined && kernelModule !== undefined) {
      hunter = { module: kernelModule, filter: createFilter(kernelModule, iocs) };
      hunters.set(iocs, hunter);
    }
    return hunter;
  };
  return Object.assign(hunterFor, { module });
}

/**
 * Returns a maker of finders that share a kernel for each IoC set, so that its
 * filter is in memory once however many files are read.
 */
export function createKernelFinders(hunters = createHunters()): CreateFinder {
  const createFinder: CreateFinder = (needles, format) => {
    if (format.type === "lines") return createEveryLineFinder(needles, format);
    const hunter = hunters(needles.iocs);
    if (hunter === undefined) return createPlainFinder(needles, format);
    const { filter } = hunter;
    return {
      find: (block, start, end) => findInCopy(filter.update(), block, start, end, format),
    };
  };
  const keepUp = (iocs: IocSet) => {
    const filter = hunters(iocs)?.filter;
    if (filter?.isBehind !== true) return false;
    filter.update();
    return true;
  };
  return Object.assign(createFinder, { keepUp });
}

/** Bytes that the kernel overwrites around a block. */
const BEFORE = 1;
const AFTER = 80;

/** Finders for a filter that was pasted into a kernel; blocks in the kernel's own memory are not copied. */
export function createPastedFinders(kernel: Kernel): CreateFinder {
  return (needles, format) => {
    if (format.type === "lines") return createEveryLineFinder(needles, format);
    return {
      find(block, start, end) {
        const bytes = kernel.bytes();
        if (block.buffer !== bytes.buffer) return findInCopy(kernel, block, start, end, format);
        const from = block.byteOffset + start, to = block.byteOffset + end;
        const before = bytes.slice(from - BEFORE, from), after = bytes.slice(to, to + AFTER);
        const findings = findLines(kernel, from, to, format, -block.byteOffset);
        bytes.set(before, from - BEFORE);
        bytes.set(after, to);
        return findings;
      },
    };
  };
}

function findInCopy(
  kernel: Kernel,
  block: Uint8Array,
  start: number,
  end: number,
  format: LineFormat,
): Findings {
  const at = kernel.input(end - start);
  kernel.bytes().set(block.subarray(start, end), at);
  return findLines(kernel, at, at + end - start, format, start - at);
}

/** Looks through a block in the kernel's memory; `shift` is added to the places found. */
export function findLines(
  { exports, bytes }: Kernel,
  from: number,
  to: number,
  format: LineFormat,
  shift: number,
): Findings {
  const candidates: number[] = [];
  const [separator, setSeparator] = format.type === "tsv"
    ? [format.separator, format.setSeparator]
    : [0, 0];
  exports.begin(from, to, separator, setSeparator);
  for (let next = from; next !== 0;) {
    next = exports.run(next);
    const found = new Uint32Array(bytes().buffer, LINES, exports.named.value * 3);
    for (let i = 0; i < found.length; i += 3) {
      candidates.push(found[i]! + shift, found[i + 1]! + shift, found[i + 2]!);
    }
  }
  return {
    lines: exports.lines.value,
    candidates,
    length: candidates.length,
    odd: exports.odd.value,
    firstOdd: exports.firstOdd.value,
    ascii: exports.ascii.value !== 0,
  };
}
