import { BridgeError } from "../errors.ts";

/** A peer broke the protocol, refused the handshake, or took too long for it; its connection is closed. */
export class ZmtpError extends BridgeError {
  override name = "ZmtpError";
}
