import { timingSafeEqual } from "node:crypto";
import { concat, decodeMetadata, encodeCommand } from "../command.ts";
import { ZmtpError } from "../error.ts";
import { expectCommand, type Mechanism } from "./mechanism.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** PLAIN, client side: user name and password in the clear (RFC 24). */
export function plainClient(username: string, password: string): Mechanism {
  return {
    name: "PLAIN",
    asServer: false,
    async handshake(io, metadata) {
      const credentials = concat([username, password].map((text) => {
        const bytes = encoder.encode(text);
        if (bytes.length > 255) {
          throw new ZmtpError("PLAIN takes at most 255 bytes of user name and password");
        }
        return concat([Uint8Array.of(bytes.length), bytes]);
      }));
      await io.send(encodeCommand("HELLO", credentials));
      await expectCommand(io, "WELCOME");
      await io.send(encodeCommand("INITIATE", metadata));
      return { metadata: decodeMetadata(await expectCommand(io, "READY")) };
    },
  };
}

/** PLAIN, server side; `accounts` maps user names to passwords. */
export function plainServer(accounts: Readonly<Record<string, string>>): Mechanism {
  return {
    name: "PLAIN",
    asServer: true,
    async handshake(io, metadata) {
      const { username, password } = readHello(await expectCommand(io, "HELLO"));
      if (!Object.hasOwn(accounts, username) || !same(accounts[username]!, password)) {
        await io.send(
          encodeCommand("ERROR", Uint8Array.of(21), encoder.encode("Invalid name/password")),
        );
        throw new ZmtpError("The client's user name or password is wrong");
      }
      await io.send(encodeCommand("WELCOME"));
      const peer = decodeMetadata(await expectCommand(io, "INITIATE"));
      await io.send(encodeCommand("READY", metadata));
      return { metadata: peer };
    },
  };
}

function readHello(data: Uint8Array): { username: string; password: string } {
  const nameEnd = 1 + (data[0] ?? 0);
  const end = nameEnd + 1 + (data[nameEnd] ?? 0);
  if (data.length < 2 || end !== data.length) throw new ZmtpError("A HELLO that is cut short");
  return {
    username: decoder.decode(data.subarray(1, nameEnd)),
    password: decoder.decode(data.subarray(nameEnd + 1, end)),
  };
}

function same(a: string, b: string): boolean {
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
