import { enlarge } from "../match/enlarge.ts";

/** Moments at which something is due, the earliest first: a binary heap, 12 bytes a moment. */
export interface Timeline {
  readonly size: number;
  /** The earliest moment; Infinity if there is none. */
  readonly next: number;
  add(time: number, handle: number): void;
  /** Takes the earliest away and returns its handle. */
  take(): number;
}

/** Makes an empty timeline. */
export function createTimeline(): Timeline {
  let times = new Float64Array(64);
  let handles = new Uint32Array(64);
  let size = 0;

  function place(at: number, time: number, handle: number): void {
    times[at] = time;
    handles[at] = handle;
  }

  /** Finds the place of a moment from the root down, where a hole is. */
  function sink(time: number, handle: number): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child + 1 < size && times[child + 1]! < times[child]!) child++;
      if (child >= size || times[child]! >= time) return place(at, time, handle);
      place(at, times[child]!, handles[child]!);
      at = child;
    }
  }

  return {
    get size() {
      return size;
    },
    get next() {
      return size === 0 ? Infinity : times[0]!;
    },
    add(time, handle) {
      times = enlarge(times, size + 1);
      handles = enlarge(handles, size + 1);
      let at = size++;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (times[parent]! <= time) break;
        place(at, times[parent]!, handles[parent]!);
        at = parent;
      }
      place(at, time, handle);
    },
    take() {
      const handle = handles[0]!;
      size--;
      if (size > 0) sink(times[size]!, handles[size]!);
      return handle;
    },
  };
}
