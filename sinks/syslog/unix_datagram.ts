/**
 * Datagrams to a local socket, such as /dev/log, by way of the C library. Deno's own come only with
 * `--unstable-net`, with which every start of the binary loads QUIC and WebTransport, too: 2 ms of 34.
 */
import type { Transport } from "./transport.ts";

const DARWIN = Deno.build.os === "darwin";

/** Where the C library is; the binary has the right to no other. */
export const C_LIBRARIES = [
  "/lib/x86_64-linux-gnu/libc.so.6",
  "/lib/aarch64-linux-gnu/libc.so.6",
  "/lib64/libc.so.6",
  "/usr/lib/libc.so.6",
  "/usr/lib/libSystem.B.dylib",
];

const FUNCTIONS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  // On another thread: it waits.
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32", nonblocking: true },
  close: { parameters: ["i32"], result: "i32" },
  errno: { name: DARWIN ? "__error" : "__errno_location", parameters: [], result: "pointer" },
  strerror: { parameters: ["i32"], result: "pointer" },
} as const;

// The same on all systems that we run on, where not told apart (socket.h, un.h, poll.h, errno.h).
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const MSG_DONTWAIT = DARWIN ? 0x80 : 0x40;
const POLLOUT = 4;
const EINTR = 4;
/** The receiver's queue is full: it has not read what was sent before. */
const FULL: readonly number[] = DARWIN ? [35, 55] : [11];
const LONGEST_PATH = DARWIN ? 103 : 107;

/** How long one wait for room in the receiver's queue takes at most, ms. */
const WAIT = 100;

type Library = Deno.DynamicLibrary<typeof FUNCTIONS>["symbols"];

let library: Library | undefined;

/** Opens a way to the socket at `path`; the system's own words are the messages of its errors. */
export function openUnixDatagram(path: string): Transport {
  const c = library ??= openLibrary();
  const address = addressOf(path);
  const socket = c.socket(AF_UNIX, SOCK_DGRAM, 0);
  if (socket < 0) throw lastError(c);
  if (c.connect(socket, address, address.length) < 0) {
    const error = lastError(c);
    c.close(socket);
    throw error;
  }
  let closed = false;
  return {
    async send(messages) {
      for (const message of messages) {
        while (!closed && c.send(socket, message, BigInt(message.length), MSG_DONTWAIT) < 0) {
          const error = lastError(c);
          if (FULL.includes(error.number)) await waitForRoom(c, socket);
          else if (error.number !== EINTR) throw error;
        }
        if (closed) throw new Error("the socket is closed");
      }
    },
    close() {
      if (!closed) c.close(socket);
      closed = true;
      return Promise.resolve();
    },
  };
}

function openLibrary(): Library {
  for (const path of C_LIBRARIES) {
    try {
      return Deno.dlopen(path, FUNCTIONS).symbols;
    } catch { /* of another system */ }
  }
  throw new Error(`the C library is in none of its usual places: ${C_LIBRARIES.join(", ")}`);
}

/** `struct sockaddr_un`: its length where there is such a field, the family, the path, NUL. */
function addressOf(path: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(path);
  if (bytes.length > LONGEST_PATH || bytes.includes(0)) {
    throw new Error(`the path of a socket has ${LONGEST_PATH} bytes at most`);
  }
  const address = new Uint8Array(2 + bytes.length + 1);
  address.set(DARWIN ? [address.length, AF_UNIX] : [AF_UNIX]);
  address.set(bytes, 2);
  return address;
}

/** `struct pollfd`: the socket, what is waited for, what came. */
async function waitForRoom(c: Library, socket: number): Promise<void> {
  const wanted = new Uint8Array(8);
  new Int32Array(wanted.buffer, 0, 1)[0] = socket;
  wanted[4] = POLLOUT;
  await c.poll(wanted, 1n, WAIT);
}

function lastError(c: Library): Error & { readonly number: number } {
  const number = new Deno.UnsafePointerView(c.errno()!).getInt32();
  const text = new Deno.UnsafePointerView(c.strerror(number)!).getCString();
  return Object.assign(new Error(text), { number });
}
