/**
 * What the recorded node and its client say to each other: one JSON line up, then
 * frames down. It is ours alone; VAST's own protocol is no part of the stand-in.
 */

/** Sent by the node at once; a peer that does not send it is no node. */
export const GREETING = "recorded vast\n";

/** What the client asks. */
export interface Request {
  readonly verb: "status" | "export" | "count" | "import" | "attach" | "add" | "remove";
  /** The endpoint as VAST's log shows it. */
  readonly endpoint: string;
  readonly quiet: boolean;
  readonly smallQueue: boolean;
  readonly detailed?: boolean;
  readonly query?: string;
  readonly maxEvents?: number;
  readonly continuous?: boolean;
  readonly timeout?: number;
  /** Events to import, one JSON object each. */
  readonly events?: readonly string[];
  readonly reader?: string;
  readonly matcher?: string;
  readonly value?: string;
  readonly context?: string;
}

/** Down: bytes for standard output, a text for standard error, the exit code, a dropped connection. */
export type FrameType = "o" | "e" | "x";

/** Packs one frame: type, length in 4 bytes (big endian), payload. */
export function packFrame(type: FrameType, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(5 + payload.length);
  frame[0] = type.charCodeAt(0);
  new DataView(frame.buffer).setUint32(1, payload.length);
  frame.set(payload, 5);
  return frame;
}

/** Takes whole frames off a stream of chunks; what is left over waits for the next chunk. */
export function createUnpacker(): (
  chunk: Uint8Array,
) => { type: FrameType; payload: Uint8Array }[] {
  let rest = new Uint8Array(0);
  return (chunk) => {
    const bytes = new Uint8Array(rest.length + chunk.length);
    bytes.set(rest);
    bytes.set(chunk, rest.length);
    const view = new DataView(bytes.buffer);
    const frames: { type: FrameType; payload: Uint8Array }[] = [];
    let at = 0;
    while (bytes.length - at >= 5 && bytes.length - at >= 5 + view.getUint32(at + 1)) {
      const end = at + 5 + view.getUint32(at + 1);
      frames.push({
        type: String.fromCharCode(bytes[at]!) as FrameType,
        payload: bytes.subarray(at + 5, end),
      });
      at = end;
    }
    rest = bytes.slice(at);
    return frames;
  };
}

/** A line of VAST's log. */
export function logLine(text: string): string {
  return `[${new Date().toISOString().slice(11, 23)}] ${text}\n`;
}

/** Writes all of it; `write` may take less than it is given. */
export async function writeAll(
  writer: { write(bytes: Uint8Array): Promise<number> },
  bytes: Uint8Array,
): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await writer.write(bytes.subarray(done));
}
