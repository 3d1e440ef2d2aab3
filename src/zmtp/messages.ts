import { type Frames, PLACE } from "./frame.ts";

/**
 * A message: its frames' bodies. `cutFrom` is the length of a frame that was too long to be read
 * (see `skipAbove`): of such a message there is only that frame's beginning.
 */
export type Message = readonly Uint8Array[] & { readonly cutFrom?: number };

/**
 * Messages that came together, in order. Each is made when it is asked for: as objects of their
 * own, those that wait in a queue would cost the garbage collector more than reading them did.
 */
export interface Messages extends Iterable<Message> {
  readonly length: number;
  /** Bytes of all their frames. */
  readonly size: number;
  /** Those from one index to before another, which is their end unless said. */
  slice(from: number, to?: number): Messages;
  /** Those that a subscription to this prefix asks for. */
  startingWith(prefix: Uint8Array): Messages;
}

/** Messages that are objects already. */
export function listed(messages: readonly Message[]): Messages {
  return {
    length: messages.length,
    get size() {
      let size = 0;
      for (const message of messages) for (const frame of message) size += frame.length;
      return size;
    },
    [Symbol.iterator]: () => messages.values(),
    slice: (from, to) => listed(messages.slice(from, to)),
    startingWith: (prefix) =>
      listed(messages.filter(([first]) => first !== undefined && begins(first, 0, prefix))),
  };
}

/** Messages of one frame each, where they were read to: the frames from one index to before another. */
export function packed(frames: Frames, from: number, to: number): Messages {
  const { buffer, places } = frames;
  const startOf = (index: number) => places[index * PLACE + 1]!;
  const endOf = (index: number) => places[index * PLACE + 2]!;
  const self: Messages = {
    length: to - from,
    get size() {
      let size = 0;
      for (let index = from; index < to; index++) size += endOf(index) - startOf(index);
      return size;
    },
    *[Symbol.iterator]() {
      for (let index = from; index < to; index++) {
        yield [buffer.subarray(startOf(index), endOf(index))];
      }
    },
    slice: (first, end = to - from) =>
      packed(frames, from + first, Math.max(from + first, Math.min(from + end, to))),
    startingWith(prefix) {
      const wanted: number[] = [];
      for (let index = from; index < to; index++) {
        const start = startOf(index);
        const isLong = endOf(index) - start >= prefix.length;
        if (isLong && begins(buffer, start, prefix)) wanted.push(index);
      }
      if (wanted.length === to - from) return self;
      // Copied, as a few of many must not keep the buffer of all.
      return listed(wanted.map((index) => [buffer.slice(startOf(index), endOf(index))]));
    },
  };
  return self;
}

/** Whether the bytes from `at` on begin with the prefix. */
function begins(bytes: Uint8Array, at: number, prefix: Uint8Array): boolean {
  for (let index = 0; index < prefix.length; index++) {
    if (bytes[at + index] !== prefix[index]) return false;
  }
  return true;
}
