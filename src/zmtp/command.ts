import { ZmtpError } from "./error.ts";

/** Commands of ZMTP 3.x: a short string as name, then data (RFC 23, section "Commands"). */

const encoder = new TextEncoder();
const latin1 = new TextDecoder("latin1");

/** A command taken apart. */
export interface Command {
  readonly name: string;
  readonly data: Uint8Array;
}

/** The body of a command frame. */
export function encodeCommand(name: string, ...data: readonly Uint8Array[]): Uint8Array {
  return concat([Uint8Array.of(name.length), encoder.encode(name), ...data]);
}

/**
 * Takes the body of a command frame apart.
 *
 * @throws ZmtpError when the name does not fit
 */
export function decodeCommand(body: Uint8Array): Command {
  const length = body[0] ?? 0;
  if (length === 0 || 1 + length > body.length) throw new ZmtpError("A command without a name");
  return { name: latin1.decode(body.subarray(1, 1 + length)), data: body.subarray(1 + length) };
}

/** Metadata of a connection by name; names are case-insensitive and kept in lower case here. */
export type Metadata = ReadonlyMap<string, Uint8Array>;

/** Properties as they stand in READY and INITIATE: short name, 4-byte length, value. */
export function encodeMetadata(properties: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  return concat(properties.flatMap(([name, value]) => {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, value.length);
    return [Uint8Array.of(name.length), encoder.encode(name), length, value];
  }));
}

/**
 * Reads properties.
 *
 * @throws ZmtpError when a length points past the end
 */
export function decodeMetadata(data: Uint8Array): Metadata {
  const metadata = new Map<string, Uint8Array>();
  for (let at = 0; at < data.length;) {
    const nameEnd = at + 1 + data[at]!;
    if (nameEnd + 4 > data.length) throw new ZmtpError("Metadata that ends within a property");
    const name = latin1.decode(data.subarray(at + 1, nameEnd)).toLowerCase();
    const length = new DataView(data.buffer, data.byteOffset + nameEnd, 4).getUint32(0);
    const end = nameEnd + 4 + length;
    if (name === "" || end > data.length) {
      throw new ZmtpError("Metadata that ends within a property");
    }
    metadata.set(name, data.subarray(nameEnd + 4, end));
    at = end;
  }
  return metadata;
}

/** The reason inside an ERROR command, for people. */
export function decodeErrorReason(data: Uint8Array): string {
  const reason = latin1.decode(data.subarray(1, 1 + (data[0] ?? 0)));
  return reason.replaceAll(/[^\x20-\x7e]/g, "?") || "no reason given";
}

/** Byte arrays one after the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
