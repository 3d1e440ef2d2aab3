/** The way out: messages are encoded, and sent until a session has confirmed them. */
import { getLogger } from "../log.ts";
import { NotConnectedError } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import { orAborted } from "../wait.ts";
import type { Outgoing } from "./link.ts";
import { encodeStix, type Refused, SIGHTING_HEAD } from "./messages.ts";
import type { Session } from "./session.ts";

const logger = getLogger(["bridge", "threatbus"]);

/** An object given to `publish` that is not valid STIX. */
export interface Unsent extends Refused {
  /** Its place among those given. */
  readonly index: number;
}

/** The session of the moment, for those who want to publish. */
export interface Holder {
  /** Takes the place of the one before, until it is lost. */
  set(session: Session): void;
  /** Waits for a session; rejects when there will be none or the signal aborts. */
  get(signal: AbortSignal): Promise<Session>;
  close(): void;
}

/** Makes a holder without a session. */
export function createHolder(): Holder {
  let current: Session | undefined;
  let next = Promise.withResolvers<Session>();
  const renew = () => {
    next = Promise.withResolvers();
    next.promise.catch(() => {});
  };
  renew();
  return {
    set: (session) => {
      next.resolve(session);
      renew();
      next.resolve(session);
      current = session;
      session.lost.then(() => {
        if (current === session) renew();
      });
    },
    get: (signal) => orAborted(next.promise, signal),
    close: () => {
      current = undefined;
      next.reject(new NotConnectedError("The Threat Bus client was closed"));
      renew();
      next.reject(new NotConnectedError("The Threat Bus client was closed"));
    },
  };
}

/** Sends until one session has confirmed all of it. */
export async function send(
  holder: Holder,
  messages: Iterable<Outgoing>,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const session = await holder.get(signal);
    try {
      return await session.publish(messages, signal);
    } catch (error) {
      signal.throwIfAborted();
      logger.debug("Publishing again after: {error}", { error });
      // By then the holder has let go of it.
      await orAborted(session.lost, signal);
    }
  }
}

/** What can be published: JSON text, its bytes, or objects. */
export type Publishable = string | Uint8Array | JsonObject;

/** Tells which sightings are spelt as on the bus already and known to be valid. */
export type IsReady = (stix: Uint8Array) => boolean;

/**
 * Encodes while it is read, so that the broker works on the first messages meanwhile;
 * read again it gives the same messages. Faults are complete after the first reading.
 */
export function encodeOnce(stix: readonly Publishable[], isReady: IsReady) {
  const encoded: Outgoing[] = [];
  const faults: Unsent[] = [];
  let next = 0;
  const messages: Iterable<Outgoing> = {
    *[Symbol.iterator]() {
      yield* encoded;
      while (next < stix.length) {
        const index = next++;
        const message = encode(stix[index]!, isReady);
        if ("type" in message) faults.push({ ...message, index });
        else {
          encoded.push(message);
          yield message;
        }
      }
    },
  };
  return { messages, faults };
}

function encode(stix: Publishable, isReady: IsReady): Outgoing | Refused {
  if (stix instanceof Uint8Array && isReady(stix)) return [SIGHTING_HEAD, stix];
  const message = encodeStix(stix instanceof Uint8Array ? new TextDecoder().decode(stix) : stix);
  return message instanceof Uint8Array ? [message] : message;
}
