/** The fast finder: the scan kernel behind the seam of `finder.ts`. */
import type { IocSet } from "../../../match/set.ts";
import { createEveryLineFinder } from "./every_line.ts";
import { createFilter, type Filter } from "./filter.ts";
import type { CreateFinder, Finder, Findings, LineFormat } from "./finder.ts";
import { createKernel, type Kernel, LINES } from "./kernel.ts";

/** A kernel that knows an IoC set. */
interface Hunter {
  readonly kernel: Kernel;
  readonly filter: Filter;
}

/**
 * Returns a maker of finders that share a kernel for each IoC set, so that its
 * filter is in memory once however many files are read.
 */
export function createKernelFinders(): CreateFinder {
  const hunters = new WeakMap<IocSet, Hunter>();
  return (needles, format) => {
    if (needles.everything === true || format.type === "lines") {
      return createEveryLineFinder(needles, format);
    }
    let hunter = hunters.get(needles.iocs);
    if (hunter === undefined) {
      const kernel = createKernel();
      hunter = { kernel, filter: createFilter(kernel, needles.iocs) };
      hunters.set(needles.iocs, hunter);
    }
    return finderOf(hunter, format);
  };
}

function finderOf({ kernel, filter }: Hunter, format: LineFormat): Finder {
  return {
    find(block, start, end) {
      filter.update();
      const at = kernel.input(end - start);
      kernel.bytes().set(block.subarray(start, end), at);
      return findLines(kernel, at, at + end - start, format, start - at);
    },
  };
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
  };
}
