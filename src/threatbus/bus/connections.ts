/**
 * The connections of one subscriber. Each message goes to all that asked for it, at the
 * pace of the slowest. One that stands still is passed over while there are others: the
 * half-open connection of a machine that vanished must not hold up the one it came back with.
 */

/** One connection of a SUB socket. */
export interface Peer {
  /** Writes a message; a promise means that the connection is busy until it resolves. Never rejects. */
  send(frame: Uint8Array): Promise<void> | undefined;
}

/** The connections that a subscriber has now. */
export interface Connections {
  readonly size: number;
  /** A message can go out: somebody is free, and nobody is busy that still moves. */
  readonly ready: boolean;
  /** All of them stand still. */
  readonly stalled: boolean;
  has(peer: Peer): boolean;
  /** The connection wants what begins with the prefix. Returns whether it is new. */
  add(peer: Peer, prefix: Uint8Array): boolean;
  /** Undoes one `add`, or, without prefix, all of the connection; false if there was no such prefix. */
  remove(peer: Peer, prefix?: Uint8Array): boolean;
  /** Gives the frame to each that is not busy and asked for it, once. */
  send(frame: Uint8Array): void;
  clear(): void;
}

interface Connected {
  readonly prefixes: Uint8Array[];
  busy: boolean;
  /** Busy for so long that it is passed over. */
  still: boolean;
  patience: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Makes the connections of a subscriber that has none. After `stallMs` without taking
 * anything a connection stands still. `onChange` is told when `ready` or `stalled` may
 * have become another without a call from outside.
 */
export function createConnections(stallMs: number, onChange: () => void): Connections {
  const peers = new Map<Peer, Connected>();

  const watch = (peer: Peer, one: Connected, pending: Promise<void>) => {
    one.busy = true;
    one.patience = setTimeout(() => {
      one.still = true;
      onChange();
    }, stallMs);
    pending.then(() => {
      clearTimeout(one.patience);
      [one.busy, one.still] = [false, false];
      if (peers.get(peer) === one) onChange();
    });
  };
  const drop = (peer: Peer) => {
    clearTimeout(peers.get(peer)?.patience);
    peers.delete(peer);
  };

  return {
    get size() {
      return peers.size;
    },
    get ready() {
      let free = 0;
      for (const { busy, still } of peers.values()) {
        if (!busy) free++;
        else if (!still) return false;
      }
      return free > 0;
    },
    get stalled() {
      for (const { still } of peers.values()) if (!still) return false;
      return peers.size > 0;
    },
    has: (peer) => peers.has(peer),
    add: (peer, prefix) => {
      const known = peers.get(peer);
      if (known !== undefined) known.prefixes.push(prefix);
      else peers.set(peer, { prefixes: [prefix], busy: false, still: false, patience: undefined });
      return known === undefined;
    },
    remove: (peer, prefix) => {
      const prefixes = peers.get(peer)?.prefixes ?? [];
      const at = prefix ? prefixes.findIndex((known) => equals(known, prefix)) : -1;
      if (at >= 0) prefixes.splice(at, 1);
      if (prefix === undefined || prefixes.length === 0) drop(peer);
      return at >= 0;
    },
    send: (frame) => {
      for (const [peer, one] of peers) {
        if (one.busy || !one.prefixes.some((prefix) => startsWith(frame, prefix))) continue;
        const pending = peer.send(frame);
        if (pending !== undefined) watch(peer, one, pending);
      }
    },
    clear: () => {
      for (const peer of [...peers.keys()]) drop(peer);
    },
  };
}

/** Whether the bytes begin with the prefix. */
function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (prefix.length > bytes.length) return false;
  for (let at = 0; at < prefix.length; at++) if (bytes[at] !== prefix[at]) return false;
  return true;
}

function equals(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && startsWith(a, b);
}
