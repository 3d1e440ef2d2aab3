/** A zstd decoder in JavaScript, for Deno before 2.6, whose node:zlib has none. */
import { Decompress } from "fzstd";
import xxhash from "xxhash-wasm";

const { create64 } = await xxhash();

/** Where a frame says whether a checksum ends it: after the magic number (RFC 8878, section 3.1.1.1.1). */
const DESCRIPTOR_AT = 4;
const HAS_CHECKSUM = 4;
const CHECKSUM_BYTES = 4;

/**
 * Decodes one frame; fails where it is damaged, also by its checksum, after all
 * that could be decoded. `isCut` tells, when there are no more bytes, that the frame is not whole.
 */
export async function* decodeFrame(
  frame: AsyncIterable<Uint8Array>,
  isCut: () => boolean,
): AsyncGenerator<Uint8Array> {
  let decoded: Uint8Array[] = [];
  const decoder = new Decompress((chunk) => decoded.push(chunk));
  const hash = create64();
  let length = 0;
  let descriptor = 0;
  let tail = new Uint8Array(0);
  for await (const part of frame) {
    if (length <= DESCRIPTOR_AT) descriptor = part[DESCRIPTOR_AT - length] ?? 0;
    length += part.length;
    tail = lastBytes(tail, part);
    try {
      decoder.push(part);
    } finally {
      // Also what it made of this part before it failed.
      for (const chunk of decoded) hash.update(chunk);
      yield* decoded;
    }
    decoded = [];
  }
  if ((descriptor & HAS_CHECKSUM) === 0 || isCut()) return;
  const wanted = new DataView(tail.buffer).getUint32(0, true);
  if (BigInt.asUintN(32, hash.digest()) !== BigInt(wanted)) throw new Error("wrong checksum");
}

function lastBytes(before: Uint8Array, part: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(before.length + Math.min(part.length, CHECKSUM_BYTES));
  joined.set(before);
  joined.set(part.subarray(-CHECKSUM_BYTES), before.length);
  return joined.slice(-CHECKSUM_BYTES);
}
