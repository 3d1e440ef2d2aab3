/** Texts by number, as UTF-8 in one arena: a STIX object costs its length and no JS objects. */

/** See the top of the file; numbers are the caller's and should be dense. */
export interface Documents {
  set(number: number, text: string): void;
  get(number: number): string | undefined;
  delete(number: number): void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Makes an empty store. */
export function createDocuments(): Documents {
  let arena = new Uint8Array(1 << 12);
  let used = 0;
  let garbage = 0;
  let starts = new Uint32Array(1 << 6);
  let lengths = new Uint32Array(1 << 6);

  function reserve(bytes: number): void {
    if (used + bytes <= arena.length) return;
    if (garbage * 2 > used) compact();
    if (used + bytes <= arena.length) return;
    const larger = new Uint8Array(Math.max(arena.length * 2, used + bytes));
    larger.set(arena.subarray(0, used));
    arena = larger;
  }

  /** Moves all texts to a new arena, dropping what was deleted. */
  function compact(): void {
    const next = new Uint8Array(Math.max(1 << 12, used - garbage));
    let end = 0;
    for (let number = 0; number < starts.length; number++) {
      const length = lengths[number]!;
      if (length === 0) continue;
      const start = starts[number]!;
      next.set(arena.subarray(start, start + length), end);
      starts[number] = end;
      end += length;
    }
    arena = next;
    used = end;
    garbage = 0;
  }

  function drop(number: number): void {
    if (number >= lengths.length) return;
    garbage += lengths[number]!;
    lengths[number] = 0;
  }

  return {
    set(number, text) {
      drop(number);
      if (number >= starts.length) {
        const length = Math.max(starts.length * 2, number + 1);
        starts = larger(starts, length);
        lengths = larger(lengths, length);
      }
      const bytes = encoder.encode(text);
      reserve(bytes.length);
      arena.set(bytes, used);
      starts[number] = used;
      lengths[number] = bytes.length;
      used += bytes.length;
    },
    get(number) {
      const length = lengths[number] ?? 0;
      if (length === 0) return undefined;
      return decoder.decode(arena.subarray(starts[number], starts[number]! + length));
    },
    delete: drop,
  };
}

function larger(array: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const copy = new Uint32Array(length);
  copy.set(array);
  return copy;
}
