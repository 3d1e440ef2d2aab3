import { createSocket } from "node:dgram";
import { orAborted } from "../../src/wait.ts";
import { writeAll } from "../lines.ts";
import type { TlsFiles } from "../tls_files.ts";

/** A way to a syslog receiver; every call may reject with whatever the system says. */
export interface Transport {
  /** Hands over messages in order; resolves when the system has taken them and the peer is still there. */
  send(messages: readonly Uint8Array[]): Promise<void>;
  close(): Promise<void>;
}

/** How messages are told apart in a stream (RFC 6587, sections 3.4.1 and 3.4.2). */
export type Framing = "octet-counting" | "newline";

/** Datagrams over UDP (RFC 5426). */
export async function openUdp(host: string, port: number): Promise<Transport> {
  const family = host.includes(":") ? "udp6" : "udp4";
  const socket = createSocket(family);
  let refused: Error | undefined;
  socket.on("error", (error) => refused = error);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.connect(port, host, () => {
        socket.off("error", reject);
        resolve();
      });
    });
  } catch (error) {
    socket.close();
    throw error;
  }
  return {
    async send(messages) {
      for (const message of messages) {
        await new Promise<void>((resolve, reject) => {
          socket.send(message, (error) => error ? reject(error) : resolve());
        });
      }
      // A refusal (ICMP) comes after the fact, on loopback at once.
      const error = refused;
      refused = undefined;
      if (error !== undefined) throw error;
    },
    async close() {
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    },
  };
}

/** A stream over TCP (RFC 6587). */
export async function openTcp(host: string, port: number, framing: Framing): Promise<Transport> {
  return overStream(await Deno.connect({ hostname: host, port }), framing);
}

/** A stream over TLS (RFC 5425, always octet counting). */
export async function openTls(host: string, port: number, tls: TlsFiles): Promise<Transport> {
  const { caCerts, cert, key } = tls;
  const connection = await Deno.connectTls({
    hostname: host,
    port,
    ...(caCerts === undefined ? {} : { caCerts }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  });
  try {
    await connection.handshake();
  } catch (error) {
    connection.close();
    throw error;
  }
  return overStream(connection, "octet-counting");
}

/** The local daemon's socket: a stream, or datagrams where it is of that kind (/dev/log is). */
export async function openLocal(path: string): Promise<Transport> {
  try {
    return overStream(await Deno.connect({ transport: "unix", path }), "newline");
  } catch (error) {
    if (!/wrong type for socket/i.test((error as Error).message)) throw error;
    const { openUnixDatagram } = await import("./unix_datagram.ts");
    return openUnixDatagram(path);
  }
}

const encoder = new TextEncoder();
/** Longest time for saying goodbye, ms. */
const GOODBYE = 1000;

function overStream(connection: Deno.Conn, framing: Framing): Transport {
  let gone: Error | undefined;
  const watching = watchForEnd(connection).then((error) => gone = error);
  watching.catch(() => {});
  return {
    async send(messages) {
      if (gone !== undefined) throw gone;
      await writeAll(connection, framed(messages, framing));
      // Syslog has no acknowledgement; a peer that is gone answers with a reset, which
      // is seen one turn of the event loop later where it is near.
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (gone !== undefined) throw gone;
    },
    async close() {
      try {
        // Says goodbye, which TLS asks for (close_notify); a peer that is gone hears nothing.
        if (gone === undefined) {
          await orAborted(connection.closeWrite(), AbortSignal.timeout(GOODBYE));
        }
      } catch { /* nothing is lost: what was sent is sent */ }
      try {
        connection.close();
      } catch { /* closed by the peer's reset */ }
    },
  };
}

/** Receivers say nothing, so a read ends only with the connection. */
async function watchForEnd(connection: Deno.Conn): Promise<Error> {
  const buffer = new Uint8Array(256);
  try {
    while (await connection.read(buffer) !== null);
    return new Error("the receiver closed the connection");
  } catch (error) {
    return error as Error;
  }
}

function framed(messages: readonly Uint8Array[], framing: Framing): Uint8Array {
  const parts = messages.flatMap((message) =>
    framing === "newline"
      ? [message, encoder.encode("\n")]
      : [encoder.encode(`${message.length} `), message]
  );
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
