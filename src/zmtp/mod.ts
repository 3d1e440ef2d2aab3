/**
 * The ZeroMQ wire protocol, ZMTP 3.1 and 3.0 (RFC 23, RFC 37), over TCP and unix
 * sockets, without native code. Knows nothing of what its messages mean.
 */
export { formatEndpoint, parseEndpoint } from "./endpoint.ts";
export { ZmtpError } from "./error.ts";
export { removeStale } from "./ipc.ts";
export type { Listener } from "./listener.ts";
export type { Message, Messages } from "./messages.ts";
export type { ConnectionEvent, ConnectOptions, SocketOptions } from "./options.ts";
export { bindPub, type BoundPub, type ConnectedPub, connectPub, type SendOptions } from "./pub.ts";
export { type Answer, bindRep } from "./rep.ts";
export { connectReq, type ReqSocket } from "./req.ts";
export {
  curveClient,
  type CurveClientKeys,
  type CurveKeyPair,
  curveKeyPair,
  curveServer,
} from "./security/curve.ts";
export type { Mechanism } from "./security/mechanism.ts";
export { nullMechanism } from "./security/null.ts";
export { plainClient, plainServer } from "./security/plain.ts";
export { decodeKey, encodeKey } from "./security/z85.ts";
export { bindSub, connectSub, type ReceiveOptions, type SubSocket } from "./sub.ts";
