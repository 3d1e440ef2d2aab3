import { decodeMetadata, encodeCommand } from "../command.ts";
import { expectCommand, type Mechanism } from "./mechanism.ts";

/** NULL: no authentication, no encryption (RFC 23, section "The NULL Security Mechanism"). */
export const nullMechanism: Mechanism = {
  name: "NULL",
  asServer: false,
  async handshake(io, metadata) {
    await io.send(encodeCommand("READY", metadata));
    return { metadata: decodeMetadata(await expectCommand(io, "READY")) };
  },
};
