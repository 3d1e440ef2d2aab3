import { openByteStream } from "../read/byte_stream.ts";
import { identityOf } from "../read/identity.ts";
import { FINGERPRINT_BYTES } from "./positions.ts";

/** What the beginning of a file and its inode tell. */
export interface Looked {
  /** The first bytes, decompressed. */
  readonly head: Uint8Array;
  readonly packed: boolean;
  readonly identity: string;
  readonly size: number;
}

/**
 * Looks at the beginning of a file, of the one that was met there if `met` says which.
 *
 * @throws Deno.errors.NotFound when it was renamed meanwhile, whatever has its name now
 */
export async function lookAtHead(
  path: string,
  signal: AbortSignal,
  met?: string,
): Promise<Looked> {
  const info = await Deno.stat(path);
  const identity = met ?? identityOf(info, path);
  const stream = await openByteStream(path, signal, { identity });
  try {
    const head = new Uint8Array(FINGERPRINT_BYTES);
    let length = 0;
    while (length < head.length) {
      const n = await stream.read(head.subarray(length));
      if (n === 0) break;
      length += n;
    }
    const packed = stream.compression !== "none";
    return { head: head.subarray(0, length), packed, identity, size: info.size };
  } finally {
    stream.close();
  }
}
