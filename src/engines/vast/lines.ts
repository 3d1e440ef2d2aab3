/** Whole lines out of a stream of chunks. */

const NEWLINE = 10;

/** Some lines, one after the other. */
export interface Block {
  /** Each line ends with a newline, unless it was cut. */
  readonly bytes: Uint8Array;
  /** The one line in it had no newline: it may have been cut. */
  readonly cut: boolean;
}

/** Groups chunks into blocks of whole lines; blocks are valid until the next one. */
export async function* readBlocks(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Block, void, void> {
  let rest: Uint8Array[] = [];
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      const head = chunk.subarray(0, end);
      yield { bytes: rest.length === 0 ? head : join([...rest, head]), cut: false };
      rest = [];
    }
    if (end < chunk.length) rest.push(chunk.slice(end));
  }
  if (rest.length > 0) yield { bytes: join(rest), cut: true };
}

/** How many lines a block holds; an unfinished one counts. */
export function countLines({ bytes, cut }: Block): number {
  let lines = cut ? 1 : 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  return lines;
}

/** The lines of a block without their newlines, as copies; empty ones are left out. */
export function linesOf({ bytes }: Block): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let start = 0, end; start < bytes.length; start = end + 1) {
    end = bytes.indexOf(NEWLINE, start);
    if (end < 0) end = bytes.length;
    if (end > start) lines.push(bytes.slice(start, end));
  }
  return lines;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
