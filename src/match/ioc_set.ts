import { parsePrefix } from "./address.ts";
import { matchKey } from "./canonical.ts";
import { visitKeys } from "./keys.ts";
import type { Observable } from "./observable.ts";
import type { Handle, Hit, IocSet, IocSetOptions, IocView } from "./set.ts";
import { createTable, type Entry, KIND_NUMBERS, type OnMove, type TableColumns } from "./table.ts";
import { walkEvent } from "./walk.ts";

/** What the owner of a set may do besides: name pairs by entry, and load without objects. */
export interface OwnIocSet extends IocSet {
  /** Makes room for so many more values of so many bytes in all. */
  reserve(entries: number, bytes: number): void;
  /** As those of the table; no networks are added this way. */
  columns(): TableColumns;
  adopt(columns: TableColumns): void;
  /** Adds a pair that is known not to be there. */
  append(observable: Observable, handle: Handle): Entry;
  /**
   * The same from bytes; `kind` and `skip` as in `IocView`, the value canonical, not CIDR. If
   * the key is there already, nothing is added unless `again`: returns `-1 - first`.
   */
  appendBytes(
    kind: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    skip: number,
    handle: Handle,
    again: boolean,
  ): number;
  /** The first entry of the same key (see `matchKey`), or -1; `next` gives the others. */
  find(observable: Observable): Entry;
  next(entry: Entry): Entry;
  observable(entry: Entry): Observable;
  handle(entry: Entry): Handle;
  removeEntry(entry: Entry): void;
}

/** Longer texts seldom come again. */
const LONGEST_MISS = 48;
const MOST_MISSES = 8192;

/** Makes an empty IoC set; `onMove` tells who keeps entries that they have new numbers. */
export function createIocSet(options: IocSetOptions = {}, onMove?: OnMove): OwnIocSet {
  const table = createTable(onMove);
  const prefixes = { ipv4: new Map<number, number>(), ipv6: new Map<number, number>() };
  let keyOptions = keyOptionsOf();
  let version = 0;

  const misses = createMisses();

  function keyOptionsOf() {
    return {
      subdomains: options.subdomains === true,
      ipv4Prefixes: [...prefixes.ipv4.keys()],
      ipv6Prefixes: [...prefixes.ipv6.keys()],
    };
  }

  function countPrefix(observable: Observable, step: 1 | -1): void {
    const { groups, bits } = parsePrefix(observable.value)!;
    const counts = groups.length === 2 ? prefixes.ipv4 : prefixes.ipv6;
    const count = (counts.get(bits) ?? 0) + step;
    if (count === 0) counts.delete(bits);
    else counts.set(bits, count);
    keyOptions = keyOptionsOf();
  }

  function find({ kind, value }: Observable): Entry {
    return table.find(KIND_NUMBERS[kind], matchKey(kind, value));
  }

  function findPair(observable: Observable, handle: Handle): Entry {
    let entry = find(observable);
    while (
      entry >= 0 && (table.handle(entry) !== handle || table.text(entry) !== observable.value)
    ) entry = table.next(entry);
    return entry;
  }

  function append(observable: Observable, handle: Handle): Entry {
    const { kind, value } = observable;
    const skip = value.length - matchKey(kind, value).length;
    if (kind === "cidr") countPrefix(observable, 1);
    version++;
    return table.addText(KIND_NUMBERS[kind], value, skip, handle);
  }

  function removeEntry(entry: Entry): void {
    const observable = table.observable(entry);
    if (observable.kind === "cidr") countPrefix(observable, -1);
    version++;
    table.remove(entry);
  }

  /** Calls back with the first entry of each key that a text has; `inside` as in `KeyVisitor`. */
  function lookUp(text: string, found: (first: Entry, inside?: Observable) => void): void {
    if (table.size === 0 || misses.has(text, version)) return;
    let missed = true;
    visitKeys(text, keyOptions, (kind, key, inside) => {
      const entry = table.find(KIND_NUMBERS[kind], key);
      if (entry < 0) return;
      missed = false;
      found(entry, inside);
    });
    if (missed) misses.add(text);
  }

  function has(text: string): boolean {
    let any = false;
    lookUp(text, () => any = true);
    return any;
  }

  function hits(event: Parameters<IocSet["hits"]>[0]): Hit[] {
    const hits: Hit[] = [];
    const seen = new Set<string>();
    /** Asked once for each value of an event, as `spare` may count. */
    const spared = new Map<string, boolean>();
    const isSpared = (inside: Observable) => {
      let is = spared.get(inside.value);
      if (is === undefined) spared.set(inside.value, is = options.spare!(inside));
      return is;
    };
    walkEvent(event, (text, field) =>
      lookUp(text, (first, inside) => {
        if (inside !== undefined && options.spare !== undefined && isSpared(inside)) return;
        for (let entry = first; entry >= 0; entry = table.next(entry)) {
          const observable = table.observable(entry);
          const handle = table.handle(entry);
          const pair = `${handle} ${observable.kind} ${observable.value}`;
          if (seen.has(pair)) continue;
          seen.add(pair);
          hits.push({ handle, observable, field: field(), seen: text });
        }
      }));
    return hits;
  }

  function* entries(): Iterable<readonly [Observable, Handle]> {
    for (const entry of table.live()) yield [table.observable(entry), table.handle(entry)];
  }

  return {
    options,
    get size() {
      return table.size;
    },
    get version() {
      return version;
    },
    add(observable, handle) {
      if (findPair(observable, handle) < 0) append(observable, handle);
    },
    remove(observable, handle) {
      const entry = findPair(observable, handle);
      if (entry >= 0) removeEntry(entry);
      return entry >= 0;
    },
    has,
    hits,
    entries,
    view: (): IocView => table.view(),
    reserve: table.reserve,
    append,
    appendBytes(kind, bytes, start, end, skip, handle, again) {
      version++;
      return again
        ? table.addBytes(kind, bytes, start, end, skip, handle)
        : table.addNewBytes(kind, bytes, start, end, skip, handle);
    },
    columns: table.columns,
    adopt(columns) {
      version++;
      table.adopt(columns);
    },
    find,
    next: table.next,
    observable: table.observable,
    handle: table.handle,
    removeEntry,
  };
}

/** Texts that come again and again (`tcp`, addresses at home) and are known to be no IoC. */
function createMisses() {
  const texts = new Set<string>();
  let known = -1;
  return {
    /** `version` is that of the set: each change makes all of it unknown. */
    has(text: string, version: number): boolean {
      if (version !== known) texts.clear();
      known = version;
      return texts.has(text);
    },
    add(text: string): void {
      if (text.length > LONGEST_MISS) return;
      if (texts.size >= MOST_MISSES) texts.clear();
      texts.add(text);
    },
  };
}
