/** Where the STIX objects of an indicator set are, as JSON texts by handle. */
import type { Handle } from "../match/set.ts";
import { textOf, type Version } from "./version.ts";

/**
 * Keeps objects for a set. They are seldom asked for (when an indicator was found or changes), so
 * they need not be in memory.
 */
export interface Documents {
  /** A version came that replaces what the handle named. */
  put(handle: Handle, version: Version): void;
  /** The object that was put last. */
  get(handle: Handle): string | undefined;
  /** The set will not ask for this version again: it is no longer looked for. */
  release(handle: Handle): void;
  /** The indicator is removed; the handle may name another one some day. */
  delete(handle: Handle): void;
}

/** Makes blocks of texts smaller. */
export interface Codec {
  pack(bytes: Uint8Array): Uint8Array;
  /** `length` is that of the bytes that were packed. */
  unpack(packed: Uint8Array, length: number): Uint8Array;
}

/** Bytes of one block. */
const BLOCK = 1 << 16;
/** Unpacked blocks that are kept for the next question. */
const RECENT = 16;

interface Block {
  readonly handles: Handle[];
  bytes: Uint8Array;
  length: number;
  packed: boolean;
  /** Texts in it that were not removed. */
  live: number;
}

/**
 * Keeps texts in memory as UTF-8 in blocks, without an object each; full ones are
 * packed, if there is a codec. Blocks of which half is gone are written anew.
 */
export function createDocuments(codec?: Codec): Documents {
  const blocks: (Block | undefined)[] = [];
  const vacant: number[] = [];
  /** By handle: number of the block plus one (0 if there is none), where in it, and how long. */
  let places = new Uint32Array(3 << 6);
  const recent = new Map<Block, Uint8Array>();
  let open = addBlock(BLOCK);

  function addBlock(size: number): number {
    const block = { handles: [], bytes: new Uint8Array(size), length: 0, packed: false, live: 0 };
    const number = vacant.pop() ?? blocks.length;
    blocks[number] = block;
    return number;
  }

  function add(handle: Handle, text: Version["json"]): void {
    let block = blocks[open]!;
    let written = write(text, block.bytes, block.length);
    if (written < 0) {
      seal(open);
      block = blocks[open = addBlock(Math.max(BLOCK, text.length * 3))]!;
      written = write(text, block.bytes, 0);
    }
    places.set([open + 1, block.length, written], handle * 3);
    block.handles.push(handle);
    block.length += written;
    block.live++;
  }

  function seal(number: number): void {
    const block = blocks[number]!;
    if (block.live === 0) return drop(number);
    const bytes = block.bytes.subarray(0, block.length);
    block.packed = codec !== undefined;
    block.bytes = codec?.pack(bytes) ?? bytes.slice();
  }

  function drop(number: number): void {
    recent.delete(blocks[number]!);
    blocks[number] = undefined;
    vacant.push(number);
  }

  function bytesOf(block: Block): Uint8Array {
    if (!block.packed) return block.bytes;
    const bytes = recent.get(block) ?? codec!.unpack(block.bytes, block.length);
    recent.delete(block);
    recent.set(block, bytes);
    if (recent.size > RECENT) recent.delete(recent.keys().next().value!);
    return bytes;
  }

  function get(handle: Handle): string | undefined {
    const number = places[handle * 3] ?? 0;
    if (number === 0) return undefined;
    const start = places[handle * 3 + 1]!;
    const bytes = bytesOf(blocks[number - 1]!);
    return decoder.decode(bytes.subarray(start, start + places[handle * 3 + 2]!));
  }

  function remove(handle: Handle): void {
    const number = (places[handle * 3] ?? 0) - 1;
    if (number < 0) return;
    const block = blocks[number]!;
    block.live--;
    places[handle * 3] = 0;
    if (number === open || block.live * 2 >= block.handles.length) return;
    for (const other of block.live > 0 ? block.handles : []) {
      if (places[other * 3] !== number + 1) continue;
      const text = get(other)!;
      places[other * 3] = 0;
      add(other, text);
    }
    drop(number);
  }

  return {
    put(handle, { json }) {
      remove(handle);
      if ((handle + 1) * 3 > places.length) places = enlarged(places, (handle + 1) * 3);
      add(handle, json);
    },
    get,
    release: remove,
    delete: remove,
  };
}

/**
 * Keeps the objects as they came, without a copy: for a set that lasts no longer than who holds
 * them anyway.
 */
export function createLentDocuments(): Documents {
  const texts: (Version["json"] | undefined)[] = [];
  const forget = (handle: Handle) => texts[handle] = undefined;
  return {
    put(handle, { json }) {
      texts[handle] = json;
    },
    get(handle) {
      const json = texts[handle];
      return json === undefined ? undefined : textOf(json);
    },
    release: forget,
    delete: forget,
  };
}

/** Writes a text into bytes from an offset on; returns its length in UTF-8, or -1 if there is no room. */
function write(text: Version["json"], into: Uint8Array, at: number): number {
  if (typeof text === "string") {
    const { read, written } = encoder.encodeInto(text, into.subarray(at));
    return read < text.length ? -1 : written;
  }
  if (text.length > into.length - at) return -1;
  into.set(text, at);
  return text.length;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function enlarged(places: Uint32Array<ArrayBuffer>, least: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(places.length * 2, least));
  larger.set(places);
  return larger;
}
