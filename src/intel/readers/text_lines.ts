/** Splitting bytes into lines without an object for each. */

/** Takes the line `bytes[start, end)`, without its newline; `line` counts from 1. */
export type LineVisitor = (bytes: Uint8Array, start: number, end: number, line: number) => void;

/** Takes many lines at once. */
export interface Bulk {
  /** Fewer bytes are not worth it. */
  readonly least: number;
  /**
   * Takes whole lines and returns how many; `line` is the number of the first. Undefined if
   * it can't just now.
   */
  readonly visit: (
    bytes: Uint8Array,
    start: number,
    end: number,
    line: number,
  ) => number | undefined;
}

/**
 * Calls back for every line, empty ones too. A line longer than `maxLength` bytes is
 * cut there, so that a file without newlines can't fill the memory. Whole lines of a
 * large chunk go to `bulk`, if there is one.
 */
export async function visitLines(
  chunks: AsyncIterable<Uint8Array>,
  maxLength: number,
  visit: LineVisitor,
  bulk?: Bulk,
): Promise<void> {
  let line = 1;
  let kept = new Uint8Array(0);
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      if (kept.length > 0) {
        const whole = join(kept, chunk.subarray(start, end), maxLength);
        kept = new Uint8Array(0);
        visit(whole, 0, whole.length, line++);
      } else {
        visit(chunk, start, end, line++);
      }
      start = end + 1;
      if (bulk === undefined || chunk.length - start < bulk.least) continue;
      const stop = chunk.lastIndexOf(10) + 1;
      const taken = bulk.visit(chunk, start, stop, line);
      if (taken === undefined) continue;
      line += taken;
      start = stop;
    }
    if (start < chunk.length) kept = join(kept, chunk.subarray(start), maxLength);
  }
  if (kept.length > 0) visit(kept, 0, kept.length, line);
}

function join(a: Uint8Array, b: Uint8Array, maxLength: number): Uint8Array<ArrayBuffer> {
  const rest = b.subarray(0, Math.max(0, maxLength - a.length));
  const joined = new Uint8Array(a.length + rest.length);
  joined.set(a);
  joined.set(rest, a.length);
  return joined;
}
