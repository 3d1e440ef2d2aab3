/**
 * Typed arrays that grow where they are: long ones lie in memory of WebAssembly, for which the
 * system sets addresses aside, and pages only as they are written to. Copying a column of a million
 * entries would hold up all else for milliseconds, and need the memory twice.
 */

/** A column of numbers. */
export type Column = (Uint8Array | Uint16Array | Uint32Array | Float64Array) & {
  readonly buffer: ArrayBuffer;
};

/** Shorter columns are copied, bytes. */
const LONG = 1 << 20;
const PAGE = 1 << 16;
/** Addresses set aside for a column, and the most there can be, pages. */
const ASIDE = 1 << 14;
const MOST = 1 << 16;
/** A long column grows by at least one part in so many. */
const GROWTH = 8;

/** Whose buffer is a memory that can grow. */
const memories = new WeakMap<ArrayBuffer, WebAssembly.Memory>();

/**
 * Gives an array of `length` or more with the same elements, zeros behind them. The one given is
 * not to be used any more, nor is any view of its buffer.
 */
export function enlarge<A extends Column>(array: A, length: number): A {
  if (length <= array.length) return array;
  const size = length * array.BYTES_PER_ELEMENT;
  const memory = memories.get(array.buffer);
  const grown = memory && growInPlace(array, memory, size);
  if (grown !== undefined) return grown;
  const larger = zeros(array, size < LONG ? Math.max(length, array.length * 2) : length);
  larger.set(array as ArrayLike<number>);
  return larger;
}

/** Makes a column of the same kind with `length` zeros; none of its pages is touched if it is long. */
export function zeros<A extends Column>({ constructor, BYTES_PER_ELEMENT }: A, length: number): A {
  const Kind = constructor as new (of: number | ArrayBuffer, from?: number, length?: number) => A;
  const size = length * BYTES_PER_ELEMENT;
  const memory = size < LONG ? undefined : setAside(Math.ceil(size / PAGE));
  if (memory === undefined) return new Kind(length);
  memories.set(memory.buffer as ArrayBuffer, memory);
  return new Kind(memory.buffer as ArrayBuffer, 0, length);
}

function growInPlace<A extends Column>(
  array: A,
  memory: WebAssembly.Memory,
  size: number,
): A | undefined {
  const now = memory.buffer.byteLength;
  const wanted = Math.max(size, now + now / GROWTH);
  try {
    memory.grow(Math.ceil((wanted - now) / PAGE));
  } catch {
    // What was set aside is used up.
    return undefined;
  }
  memories.set(memory.buffer as ArrayBuffer, memory);
  return new (array.constructor as new (of: ArrayBuffer) => A)(memory.buffer as ArrayBuffer);
}

/** A memory of so many pages that can grow; undefined if there are no addresses for it. */
function setAside(pages: number): WebAssembly.Memory | undefined {
  try {
    return new WebAssembly.Memory({
      initial: pages,
      maximum: Math.max(ASIDE, Math.min(MOST, pages * 4)),
    });
  } catch {
    return undefined;
  }
}
