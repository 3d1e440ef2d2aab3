/**
 * Keeps a filter for the kernel in step with an IoC set. When the set outgrows it, or half of what it
 * knows is gone, another one is made in a kernel of its own, a slice with each update, while the
 * first one goes on.
 */
import type { IocSet, IocView } from "../../../match/set.ts";
import type { FilterSize, Kernel } from "./kernel.ts";
import {
  describe,
  type FilterContents,
  type LoadedKernel,
  loadKernel,
  MOST_SLOTS,
} from "./loaded_kernel.ts";

/** Values that go into the next filter with each update at least; few, as each may be the first on its page. */
const SLICE = 512;
/** So many removed values are never worth another filter. */
const FEW = 1024;
/** How much more room a filter gets than one that is getting full. */
const GROWTH = 1.5;

/** A filter in a form that can be sent to another thread. */
export interface FilterCopy extends FilterContents {
  readonly size: FilterSize;
  /** In shared memory, so that many threads can have it. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
}

/** The filter of a set. */
export interface Filter {
  /**
   * Takes in what changed in the set; gives the kernel that has the filter now. Removed values
   * stay until there is another filter: they only cost time.
   */
  update(): Kernel;
  /** There is something to do for `update`. */
  readonly isBehind: boolean;
  /** Version of the set that the filter is for. */
  readonly version: number;
  /** The filter after the last update. */
  copy(): FilterCopy;
}

/** Values to read so that the next one is there before this one is full, if as many are added each time. */
function sliceFor(now: LoadedKernel, next: LoadedKernel, added: number, view: IocView): number {
  return SLICE + added * (view.count - next.cursor.at) / Math.max(now.room, 1);
}

/** Puts a filter made elsewhere into a kernel. */
export function pasteFilter(kernel: Kernel, copy: FilterCopy): void {
  kernel.resize(copy.size);
  kernel.filter().set(copy.bytes);
  describe(kernel, copy);
}

/** Makes the filter of a set; there is none until `update`. */
export function createFilter(module: WebAssembly.Module, iocs: IocSet): Filter {
  let version = -1;
  let now: LoadedKernel | undefined;
  let next: LoadedKernel | undefined;
  const cursors = [iocs.cursor(), iocs.cursor()];

  /** Makes one that knows nothing yet, with room for all values and at least so many slots. */
  function begin(slots = 0): LoadedKernel {
    const cursor = cursors.find((cursor) => cursor !== now?.cursor)!;
    cursor.at = 0;
    const most = Math.max(slots, iocs.size * MOST_SLOTS);
    return loadKernel(module, most, cursor, iocs.options.subdomains === true);
  }

  /** One that knows all of the set, made at once: the first, or the next that is not ready in time. */
  function make(view: IocView): LoadedKernel {
    let made = next ?? begin();
    while (!made.read(view, Infinity)) made = begin(made.slots * GROWTH);
    next = undefined;
    return made;
  }

  /** The next one, if this one will soon be full or names too many lines. */
  function successor({ held, slots, isGrown }: LoadedKernel): LoadedKernel | undefined {
    if (held > 2 * iocs.size + FEW) return begin();
    return isGrown ? begin(slots * GROWTH) : undefined;
  }

  const isBehind = () => next !== undefined || iocs.version !== version;

  function update(): Kernel {
    if (now !== undefined && !isBehind()) return now.kernel;
    const view = iocs.view();
    const added = view.count - (now?.cursor.at ?? 0);
    if (now?.read(view, Infinity) !== true) now = make(view);
    next ??= successor(now);
    if (next?.read(view, sliceFor(now, next, added, view)) === true && next.isThrough(view)) {
      now = next;
      next = undefined;
    }
    version = iocs.version;
    now.describe(view);
    return now.kernel;
  }

  return {
    update,
    get isBehind() {
      return isBehind();
    },
    get version() {
      return version;
    },
    copy() {
      const { kernel, contents } = now!;
      const filter = kernel.filter();
      const bytes = new Uint8Array(new SharedArrayBuffer(filter.length));
      bytes.set(filter);
      return { size: kernel.size, bytes, ...contents };
    },
  };
}
