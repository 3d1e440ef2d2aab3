/** pyzmq sockets as child processes, one socket each. */
import type { Venv } from "../venv.ts";

export interface OpenOrder {
  readonly type: string;
  readonly bind?: string;
  readonly connect?: string;
  /** libzmq's socket options by name. */
  readonly options?: Readonly<Record<string, string | number>>;
  readonly topics?: readonly string[];
  /** PLAIN users that a ZAP handler lets in. */
  readonly passwords?: Readonly<Record<string, string>>;
  /** A ZAP handler that lets any CURVE key in. */
  readonly any_curve?: true;
  /** A ZAP handler that lets in the CURVE keys with certificates in a folder. */
  readonly curve_keys?: string;
}

/** A libzmq socket. */
export interface Peer {
  /** Where it is bound or connects to. */
  readonly endpoint: string;
  send(...frames: readonly (string | Uint8Array)[]): Promise<void>;
  /** The next messages, their frames in hex. */
  receive(count: number): Promise<string[][]>;
  /** Sends numbered messages of `size` bytes. */
  flood(count: number, size: number): Promise<void>;
  /** The numbers of the next messages. */
  numbers(count: number): Promise<number[]>;
  /** Ends the process: in order, or as by kill -9. */
  end(how?: "kill"): Promise<void>;
}

const SCRIPT = new URL("peer.py", import.meta.url).pathname;

export async function openPeer(venv: Venv, order: OpenOrder): Promise<Peer> {
  const child = new Deno.Command(venv.python, {
    args: [SCRIPT],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const lines = linesOf(child.stdout);
  const call = async (what: Readonly<Record<string, unknown>>): Promise<unknown> => {
    await writer.write(new TextEncoder().encode(`${JSON.stringify(what)}\n`));
    const { value: line } = await lines.next();
    const answer = JSON.parse(line ?? `{"error": "the peer ended"}`);
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value;
  };
  return {
    endpoint: await call({ do: "open", ...order }) as string,
    send: async (...frames) => void await call({ do: "send", frames: frames.map(hexOf) }),
    receive: async (count) => await call({ do: "recv", count }) as string[][],
    flood: async (count, size) => void await call({ do: "flood", count, size }),
    numbers: async (count) => await call({ do: "numbers", count }) as number[],
    async end(how) {
      if (how === "kill") child.kill("SIGKILL");
      else await call({ do: "close" }).catch(() => {});
      await writer.close().catch(() => {});
      await child.status;
      await lines.return(undefined);
    },
  };
}

/** Text or bytes in hex. */
export function hexOf(frame: string | Uint8Array): string {
  return (typeof frame === "string" ? new TextEncoder().encode(frame) : frame).toHex();
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream() as never)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
