/** Moments at which something is due, the earliest first: a binary heap. */
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
  const heap: { time: number; handle: number }[] = [];

  function swap(a: number, b: number): void {
    [heap[a], heap[b]] = [heap[b]!, heap[a]!];
  }

  function sink(): void {
    for (let at = 0;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && heap[child]!.time < heap[least]!.time) least = child;
      }
      if (least === at) return;
      swap(at, least);
      at = least;
    }
  }

  return {
    get size() {
      return heap.length;
    },
    get next() {
      return heap[0]?.time ?? Infinity;
    },
    add(time, handle) {
      heap.push({ time, handle });
      for (let at = heap.length - 1; at > 0;) {
        const parent = (at - 1) >> 1;
        if (heap[parent]!.time <= heap[at]!.time) return;
        swap(at, parent);
        at = parent;
      }
    },
    take() {
      const { handle } = heap[0]!;
      const last = heap.pop()!;
      if (heap.length > 0) {
        heap[0] = last;
        sink();
      }
      return handle;
    },
  };
}
