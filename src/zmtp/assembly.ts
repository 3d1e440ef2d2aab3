import { type Command, decodeCommand } from "./command.ts";
import { ZmtpError } from "./error.ts";
import { type Frame, frameAt, type Frames, isWholeMessage, PLACE } from "./frame.ts";
import type { SocketType } from "./handshake.ts";
import { listed, type Message, type Messages, packed } from "./messages.ts";
import type { Cipher } from "./security/mechanism.ts";

/** Something a peer sent, other than the connection's own business (PING, PONG). */
export type Incoming =
  | { readonly type: "messages"; readonly messages: Messages }
  | { readonly type: "subscribe" | "cancel"; readonly topic: Uint8Array };

/** The messages in what a peer sent, one by one. */
export function* messagesIn(incoming: Iterable<Incoming>): Generator<Message> {
  for (const one of incoming) if (one.type === "messages") yield* one.messages;
}

/** What decides how frames are understood. */
export interface AssemblyOptions {
  /** Ours. */
  readonly socketType: SocketType;
  /** Bytes. */
  readonly maxMessageSize: number;
  readonly cipher: Cipher | undefined;
}

/** Makes of frames what the peer means with them; a message may end in later frames. */
export interface Assembly {
  /** @throws ZmtpError on a message over the bound, or what is no command */
  take(frames: Frames): readonly Incoming[];
  /** The same of frames that are objects already. */
  takeEach(frames: readonly Frame[]): readonly Incoming[];
}

/** What a frame costs beside its bytes, so that endless empty ones reach the bound too. */
const FRAME_COST = 64;

/** Makes an assembly; other commands than for subscriptions are told. */
export function createAssembly(
  options: AssemblyOptions,
  onCommand: (command: Command) => void,
): Assembly {
  const { socketType, maxMessageSize, cipher } = options;
  const takesSubscriptions = socketType === "PUB" || socketType === "XPUB";
  const opensEach = cipher !== undefined || takesSubscriptions;
  /** The frames so far of a message that has more. */
  let parts: Uint8Array[] = [];
  let size = 0;
  /** A frame of the message was cut: the others are of no use. */
  let isCut = false;
  let out: Incoming[] = [];
  /** Messages that are objects, to be told behind those in `out`. */
  let objects: Message[] = [];

  const tell = (one: Incoming) => {
    tellObjects();
    out.push(one);
  };
  const tellObjects = () => {
    if (objects.length > 0) out.push({ type: "messages", messages: listed(objects) });
    objects = [];
  };
  const check = (length: number) => {
    if (length <= maxMessageSize) return;
    throw new ZmtpError(`A message is longer than the ${maxMessageSize} bytes allowed`);
  };
  const takeCommand = (command: Command) => {
    const { name, data } = command;
    if (name === "SUBSCRIBE") tell({ type: "subscribe", topic: kept(data) });
    else if (name === "CANCEL") tell({ type: "cancel", topic: kept(data) });
    else onCommand(command);
  };
  const takeFrame = ({ command, more, body }: Frame) => {
    if (command) return takeCommand(decodeCommand(body));
    if (isCut) {
      isCut = more;
      return;
    }
    size += body.length + (more ? FRAME_COST : 0);
    check(size);
    parts.push(more ? kept(body) : body);
    if (more) return;
    const type = takesSubscriptions ? subscriptionOf(parts) : undefined;
    if (type !== undefined) tell({ type, topic: kept(body.subarray(1)) });
    else objects.push(parts);
    parts = [];
    size = 0;
  };
  const takeCut = ({ body, more }: Frame, cutFrom: number) => {
    if (!isCut) objects.push(Object.assign([body], { cutFrom }));
    isCut = more;
    parts = [];
    size = 0;
  };
  const told = () => {
    tellObjects();
    const all = out;
    out = [];
    return all;
  };
  return {
    take(frames) {
      const { places, cutFrom } = frames;
      if (cutFrom !== undefined) {
        takeCut(frameAt(frames, 0), cutFrom);
        return told();
      }
      const count = places.length / PLACE;
      let taken = 0;
      const takeRun = (to: number) => {
        if (to > taken) tell({ type: "messages", messages: packed(frames, taken, to) });
      };
      for (let index = 0; index < count; index++) {
        const at = index * PLACE;
        // Most frames are messages as they stand: a whole run of them is told as one.
        if (!opensEach && !isCut && parts.length === 0 && isWholeMessage(places[at]!)) {
          check(places[at + 2]! - places[at + 1]!);
          continue;
        }
        takeRun(index);
        const frame = frameAt(frames, at);
        takeFrame(cipher === undefined ? frame : cipher.open(frame));
        taken = index + 1;
      }
      takeRun(count);
      return told();
    },
    takeEach(frames) {
      for (const frame of frames) takeFrame(cipher === undefined ? frame : cipher.open(frame));
      return told();
    },
  };
}

/** Bytes that stay: a view would keep the whole buffer, however little of it counts to a bound. */
const kept = (bytes: Uint8Array): Uint8Array => bytes.slice();

/** What a message means that is a subscription in the form of ZMTP 3.0: it begins with 1 or 0. */
function subscriptionOf([first, ...rest]: Message): "subscribe" | "cancel" | undefined {
  const byte = rest.length === 0 ? first?.[0] : undefined;
  return byte === 1 ? "subscribe" : byte === 0 ? "cancel" : undefined;
}
