/** Whole lines out of a stream of chunks, in groups as they come. */

const NEWLINE = 10;

/** A group of lines without their newlines. */
export interface LineGroup {
  readonly lines: readonly Uint8Array[];
  /** The last line had no newline: it may have been cut. */
  readonly cut: boolean;
}

/** Splits at newlines; empty lines are left out. Lines are copies, safe to keep. */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<LineGroup, void, void> {
  let rest: Uint8Array[] = [];
  for await (const chunk of chunks) {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = rest.length === 0 ? chunk.slice(start, end) : join(rest, chunk.subarray(0, end));
      rest = [];
      if (line.length > 0) lines.push(line);
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.slice(start));
    if (lines.length > 0) yield { lines, cut: false };
  }
  if (rest.length > 0) yield { lines: [join(rest, new Uint8Array(0))], cut: true };
}

function join(parts: readonly Uint8Array[], last: Uint8Array): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, last.length));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  joined.set(last, at);
  return joined;
}
