import type { IocView } from "./set.ts";
import { KIND_NUMBERS } from "./table.ts";

const DOT = 0x2e;

/**
 * The last labels of the domains in a set: what ends otherwise is none of them, so
 * that most words and numbers of an event need not be read as a domain. Follows the
 * set as it grows; what was removed may stay.
 */
export interface Endings {
  /**
   * Whether a host, in any spelling, may be a domain of the set, or inside one; `version` is
   * that of the set.
   */
  admits(host: string, version: number): boolean;
}

/** Makes the endings of a set. */
export function createEndings(view: () => IocView): Endings {
  const endings = new Set<string>();
  const decoder = new TextDecoder();
  let epoch = -1;
  let read = 0;
  let followed = -1;

  function follow(): void {
    const { epoch: now, count, kinds, starts, used, arena } = view();
    if (now !== epoch) {
      endings.clear();
      read = 0;
      epoch = now;
    }
    for (; read < count; read++) {
      if (kinds[read] !== KIND_NUMBERS.domain) continue;
      const end = read + 1 < count ? starts[read + 1]! : used;
      let start = end;
      while (start > starts[read]! && arena[start - 1] !== DOT) start--;
      endings.add(decoder.decode(arena.subarray(start, end)));
    }
  }

  return {
    admits(host, version) {
      if (version !== followed) follow();
      followed = version;
      const end = host.endsWith(".") ? host.length - 1 : host.length;
      const ending = host.slice(host.lastIndexOf(".", end - 1) + 1, end);
      if (endings.has(ending) || endings.has(ending.toLowerCase())) return true;
      // Other spellings of letters and dots are rare enough for a closer look.
      // deno-lint-ignore no-control-regex
      return /[^\x00-\x7f]/.test(host);
    },
  };
}
