import type { Delivery } from "./sink.ts";

const NEWLINE = 10;

/** Bodies as newline-ended lines in one piece of memory. */
export function joinLines(bodies: readonly Uint8Array[]): Uint8Array {
  let length = bodies.length;
  for (const body of bodies) length += body.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const body of bodies) {
    joined.set(body, at);
    at += body.length;
    joined[at++] = NEWLINE;
  }
  return joined;
}

/** Cuts a batch into runs whose lines take about `size` bytes, so that memory stays flat. */
export function* chunksOf(batch: readonly Delivery[], size: number): Iterable<Delivery[]> {
  let chunk: Delivery[] = [];
  let bytes = 0;
  for (const delivery of batch) {
    if (bytes > 0 && bytes + delivery.body.length > size) {
      yield chunk;
      [chunk, bytes] = [[], 0];
    }
    chunk.push(delivery);
    bytes += delivery.body.length + 1;
  }
  if (chunk.length > 0) yield chunk;
}

/** Writes all bytes, however many a single call takes. */
export async function writeAll(
  writer: { write(bytes: Uint8Array): Promise<number> },
  bytes: Uint8Array,
): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await writer.write(bytes.subarray(done));
}
