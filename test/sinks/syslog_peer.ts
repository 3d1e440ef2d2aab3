/** A receiver of RFC 5424 messages for tests: UDP, TCP or TLS with octet counting. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { freePorts } from "../free_ports.ts";

/** A message taken apart as RFC 5424 section 6 says. */
export interface Parsed {
  readonly priority: number;
  readonly timestamp: string;
  readonly hostname: string;
  readonly appName: string;
  readonly procId: string;
  readonly msgId: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly message: string;
}

const HEADER =
  /^<(\d{1,3})>1 (\S+) ([\x21-\x7e]{1,255}) ([\x21-\x7e]{1,48}) ([\x21-\x7e]{1,128}) ([\x21-\x7e]{1,32}) /;

/** Parses strictly: anything that the grammar does not allow fails. */
export function parse5424(bytes: Uint8Array): Parsed {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  const head = HEADER.exec(text);
  assert(head !== null, `no RFC 5424 header: ${text.slice(0, 80)}`);
  const [whole, priority, timestamp, hostname, appName, procId, msgId] = head;
  assert.match(timestamp!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z$/);
  let rest = text.slice(whole.length);
  const parameters: Record<string, string> = {};
  if (rest.startsWith("-")) rest = rest.slice(1);
  else {
    const id = /^\[([^\s="\]]{1,32})/.exec(rest);
    assert(id !== null, `no structured data: ${rest.slice(0, 80)}`);
    rest = rest.slice(id[0].length);
    for (;;) {
      const parameter = /^ ([^\s="\]]{1,32})="((?:[^"\\\]]|\\.)*)"/s.exec(rest);
      if (parameter === null) break;
      parameters[parameter[1]!] = parameter[2]!.replace(/\\(["\\\]])/g, "$1");
      rest = rest.slice(parameter[0].length);
    }
    assert.equal(rest[0], "]", `structured data does not end: ${rest.slice(0, 80)}`);
    rest = rest.slice(1);
  }
  assert.equal(rest[0], " ");
  return {
    priority: Number(priority),
    timestamp: timestamp!,
    hostname: hostname!,
    appName: appName!,
    procId: procId!,
    msgId: msgId!,
    parameters,
    message: rest.slice(1),
  };
}

/** Collects messages and lets a test wait for them. */
export class Inbox {
  readonly messages: Parsed[] = [];
  #waiting: (() => void)[] = [];
  add(bytes: Uint8Array): void {
    this.messages.push(parse5424(bytes));
    for (const wake of this.#waiting.splice(0)) wake();
  }
  async bodies(count: number): Promise<string[]> {
    while (this.messages.length < count) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.messages.map(({ message }) => message);
  }
}

/** A listener that can go away and come back at the same place. */
export interface Peer {
  readonly port: number;
  readonly inbox: Inbox;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function udpPeer(): Promise<Peer> {
  const inbox = new Inbox();
  const socket = createSocket("udp4");
  socket.on("message", (message) => inbox.add(message));
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", () => resolve()));
  return {
    port: socket.address().port,
    inbox,
    stop: () => new Promise<void>((resolve) => void socket.close(() => resolve())),
    start: () => Promise.resolve(),
  };
}

/** A stream listener; with TLS options it speaks RFC 5425. */
export async function streamPeer(tls?: { cert: string; key: string }): Promise<Peer> {
  const inbox = new Inbox();
  const port = freePorts(1)[0]!;
  let listener: Deno.Listener;
  let open = new Set<Deno.Conn>();
  let serving: Promise<unknown>[] = [];
  const start = () => {
    listener = tls === undefined
      ? Deno.listen({ hostname: "127.0.0.1", port })
      : Deno.listenTls({ hostname: "127.0.0.1", port, ...tls });
    open = new Set();
    serving = [
      (async () => {
        for await (const connection of listener) {
          open.add(connection);
          serving.push(readFrames(connection, inbox).finally(() => open.delete(connection)));
        }
      })().catch(() => {}),
    ];
    return Promise.resolve();
  };
  const stop = async () => {
    listener.close();
    for (const connection of open) {
      try {
        connection.close();
      } catch { /* closed from the other side */ }
    }
    await Promise.all(serving);
  };
  await start();
  return { port, inbox, start, stop };
}

/** RFC 6587 section 3.4.1: a length, a blank, so many bytes. */
async function readFrames(connection: Deno.Conn, inbox: Inbox): Promise<void> {
  let pending = new Uint8Array(0);
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const read = await connection.read(buffer).catch(() => null);
    if (read === null) break;
    pending = new Uint8Array([...pending, ...buffer.subarray(0, read)]);
    for (;;) {
      const blank = pending.indexOf(32);
      if (blank < 0) break;
      const digits = new TextDecoder().decode(pending.subarray(0, blank));
      assert.match(digits, /^[1-9]\d*$/);
      const end = blank + 1 + Number(digits);
      if (pending.length < end) break;
      inbox.add(pending.slice(blank + 1, end));
      pending = pending.slice(end);
    }
  }
  try {
    connection.close();
  } catch { /* closed by stop() */ }
}
