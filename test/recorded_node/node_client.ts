/** A client of the recorded node, as the node sees it. */

import { CLIENT } from "./cost.ts";
import { isGone, readLines } from "./sockets.ts";
import { type FrameType, GREETING, logLine, packFrame, type Request, writeAll } from "./wire.ts";

/** A client that has sent its request. */
export interface Client {
  readonly request: Request;
  send(type: FrameType, payload: Uint8Array | string): Promise<void>;
  /** Writes a line of VAST's log, if the client wants to see it. */
  log(text: string): Promise<void>;
  /** Says what went wrong and resolves with the exit code for that. */
  failure(message: string): Promise<number>;
  /** Aborts when the client asks to stop (reason "stop") or is gone. */
  readonly signal: AbortSignal;
  close(): void;
}

const encoder = new TextEncoder();

/** Greets and reads the request; undefined if the peer left without one. */
export async function acceptClient(connection: Deno.TcpConn): Promise<Client | undefined> {
  await writeAll(connection, encoder.encode(GREETING));
  const lines = readLines(connection);
  const first = await lines.next();
  if (first.done) {
    connection.close();
    return undefined;
  }
  const request: Request = JSON.parse(first.value);
  const controller = new AbortController();
  let closed = false;
  // What follows the request is the wish to stop, or the end of the client.
  lines.next().then(({ done }) => controller.abort(done ? "gone" : "stop"), () => {
    controller.abort("gone");
  });
  const send: Client["send"] = async (type, payload) => {
    const bytes = typeof payload === "string" ? encoder.encode(payload) : payload;
    await writeAll(connection, packFrame(type, bytes)).catch((error) => {
      if (!isGone(error)) throw error;
    });
  };
  return {
    request,
    signal: controller.signal,
    send,
    async log(text) {
      if (!request.quiet) await send("e", logLine(text));
    },
    async failure(message) {
      await send("e", message + "\n");
      return 1;
    },
    close() {
      if (!closed) connection.close();
      closed = true;
    },
  };
}

/** Takes the time that something takes, in seconds of the recorded machine. */
export type Pause = (seconds: number) => Promise<void>;

/** What a query has come to. */
export interface Progress {
  readonly candidates: number;
  readonly shipped: number;
}

/** Ends a query before its time, as VAST does; resolves with the exit code. */
export async function cutShort(
  client: Client,
  pause: Pause,
  { candidates, shipped }: Progress = { candidates: 0, shipped: 0 },
): Promise<number> {
  if (client.signal.reason === "stop") {
    await client.log("json-writer processed 0 events at a rate of 0 events/sec in 0.0ns");
  }
  await client.log(
    `exporter processed ${candidates} candidates at a rate of 0 candidates/sec and shipped ${shipped} results in 0.0ns`,
  );
  await pause(CLIENT.shutdown);
  return 0;
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true })
  );
}
