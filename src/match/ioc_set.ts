import { parsePrefix } from "./address.ts";
import { keyStart, matchKey, urlKeySkip } from "./canonical.ts";
import { createEndings } from "./endings.ts";
import { visitKeys } from "./keys.ts";
import type { Observable } from "./observable.ts";
import { PackedObservable } from "./packed_observable.ts";
import type { TableColumns } from "./columns.ts";
import type { OnMove } from "./compaction.ts";
import type { Entry, Handle, Hit, IocSet, IocSetOptions, IocView } from "./set.ts";
import { createTable, KIND_NUMBERS } from "./table.ts";
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

/** What a text stands for in a set. */
interface Found {
  readonly handle: Handle;
  readonly observable: Observable;
  /** The value that the text is, where an IoC covers it (see `KeyVisitor`). */
  readonly inside: Observable | undefined;
}

/** Longer texts seldom come again. */
const LONGEST_KNOWN = 128;
const MOST_KNOWN = 8192;

/** Of one more text not even the findings are kept: many indicators may share a value. */
const MOST_FOUND = 65_536;

const NOTHING: readonly Found[] = [];

/** Makes an empty IoC set; `onMove` tells who keeps entries that one has a new number. */
export function createIocSet(options: IocSetOptions = {}, onMove?: OnMove): OwnIocSet {
  const table = createTable(onMove);
  const prefixes = { ipv4: new Map<number, number>(), ipv6: new Map<number, number>() };
  const endings = createEndings(table, options.subdomains === true);
  let keyOptions = keyOptionsOf();
  let version = 0;

  const known = createKnown();

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
    // Of a prefix more than its bytes counts.
    if (observable instanceof PackedObservable && observable.number !== KIND_NUMBERS.cidr) {
      version++;
      const { number, bytes, start, end } = observable;
      const skip = number === KIND_NUMBERS.url ? urlKeySkip(bytes, start, end) : 0;
      return table.addBytes(number, bytes, start, end, skip, handle);
    }
    const { kind, value } = observable;
    if (kind === "cidr") countPrefix(observable, 1);
    version++;
    return table.addText(KIND_NUMBERS[kind], value, keyStart(kind, value), handle);
  }

  function removeEntry(entry: Entry): void {
    const observable = table.observable(entry);
    if (observable.kind === "cidr") countPrefix(observable, -1);
    version++;
    table.remove(entry);
  }

  /** Everything that a text stands for, in the order of its keys. */
  function lookUp(text: string): readonly Found[] {
    if (table.size === 0 || !endings.admits(text, version) || isTime(text)) return NOTHING;
    return known.of(version).get(text) ?? known.add(text, findAll(text));
  }

  function findAll(text: string): readonly Found[] {
    let found: Found[] | undefined;
    visitKeys(text, keyOptions, (kind, key, inside) => {
      let entry = table.find(KIND_NUMBERS[kind], key);
      for (; entry >= 0; entry = table.next(entry)) {
        // Of a URL the key is not all.
        const observable = kind === "url" ? table.observable(entry) : { kind, value: key };
        const one = { handle: table.handle(entry), observable, inside };
        if (found === undefined) found = [one];
        else found.push(one);
      }
    });
    return found ?? NOTHING;
  }

  function hits(event: Parameters<IocSet["hits"]>[0]): Hit[] {
    const hits: Hit[] = [];
    let pairs: Set<string> | undefined;
    /** Asked once for each value of an event, as `spare` may count. */
    let spared: Map<string, boolean> | undefined;
    const isSpared = (inside: Observable) => {
      spared ??= new Map();
      let is = spared.get(inside.value);
      if (is === undefined) spared.set(inside.value, is = options.spare!(inside));
      return is;
    };
    if (table.size === 0) return hits;
    const texts = known.of(version);
    const visit = (text: string, field: () => string) => {
      if (!endings.admits(text, version) || isTime(text)) return;
      const found = texts.get(text) ?? known.add(text, findAll(text));
      for (let at = 0; at < found.length; at++) {
        const { handle, observable, inside } = found[at]!;
        if (inside !== undefined && options.spare !== undefined && isSpared(inside)) continue;
        const isSeen = hits.length <= FEW_HITS
          ? isAmong(hits, handle, observable)
          : (pairs = pairsOf(hits, pairs)).has(pairOf(handle, observable));
        if (isSeen) continue;
        hits.push({ handle, observable, field: field(), seen: text });
      }
    };
    walkEvent(event, visit, (path) => endings.admitsPath(path, version));
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
    has: (text) => lookUp(text).length > 0,
    hits,
    entries,
    view: (): IocView => table.view(),
    cursor: table.cursor,
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

/** Texts that come again and again (`tcp`, addresses at home) and what they stand for, mostly nothing. */
function createKnown() {
  const texts = new Map<string, readonly Found[]>();
  let current = -1;
  let count = 0;
  const clear = () => {
    texts.clear();
    count = 0;
  };
  return {
    /** `version` is that of the set: each change makes all of it unknown. */
    of(version: number): ReadonlyMap<string, readonly Found[]> {
      if (version !== current) clear();
      current = version;
      return texts;
    },
    add(text: string, found: readonly Found[]): readonly Found[] {
      if (text.length > LONGEST_KNOWN) return found;
      if (texts.size >= MOST_KNOWN || count + found.length > MOST_FOUND) clear();
      if (found.length > MOST_FOUND) return found;
      texts.set(text, found);
      count += found.length;
      return found;
    },
  };
}

/** More hits than these are looked through by a set instead of one by one. */
const FEW_HITS = 8;

const pairOf = (handle: Handle, { kind, value }: Observable) => `${handle} ${kind} ${value}`;

function isAmong(hits: readonly Hit[], handle: Handle, { kind, value }: Observable): boolean {
  for (const { handle: other, observable } of hits) {
    if (other === handle && observable.value === value && observable.kind === kind) return true;
  }
  return false;
}

/** The pairs of some hits; `pairs` are those of the first of them. */
function pairsOf(hits: readonly Hit[], pairs = new Set<string>()): Set<string> {
  for (let at = pairs.size; at < hits.length; at++) {
    pairs.add(pairOf(hits[at]!.handle, hits[at]!.observable));
  }
  return pairs;
}

/** Each event has times, each other ones: `2026-11-21T10:00:00.123456+0000` is no IoC in any spelling. */
function isTime(text: string): boolean {
  return text.charCodeAt(10) === 0x54 && text.charCodeAt(13) === 0x3a &&
    text.charCodeAt(16) === 0x3a && /^\d{4}-\d\d-\d\dT[\d:.+-]*Z?$/.test(text);
}
