/** Events as STIX cyber observables, by the table of fields. */
import type { JsonObject, JsonValue } from "../../json.ts";
import { eventTime } from "../../stix/event_time.ts";
import type { Observation } from "../../stix/eval/observation.ts";
import { type ObjectPath, parsePath } from "../../stix/pattern/mod.ts";
import { isSuricata, zeekGroup } from "./log_name.ts";
import { compileLook, type Look } from "./lookup.ts";
import { concerns, urlConcerns } from "./relevance.ts";
import { type FieldGroup, type FieldKind, FIELDS } from "./table.ts";
import { readHash, readObjects, readPlain, readText, type ValueObject } from "./values.ts";

type Mutable = Record<string, JsonValue>;

/** The objects of one event, growing. */
interface Graph {
  readonly objects: Record<string, Mutable>;
  /** Ids of what is there once per event (`network-traffic`, `email-message`, …). */
  readonly single: Map<string, string>;
  /** Ids of value objects by type and value. */
  readonly values: Map<string, string>;
  /** Name that a reference gives the other end, besides its address. */
  readonly names: Set<string>;
  size: number;
}

function add(graph: Graph, object: Mutable): string {
  const id = String(graph.size++);
  graph.objects[id] = object;
  return id;
}

function valueObject(graph: Graph, { type, value }: ValueObject): string {
  const key = `${type} ${value}`;
  let id = graph.values.get(key);
  if (id === undefined) graph.values.set(key, id = add(graph, { type, value }));
  return id;
}

function singleObject(graph: Graph, type: string): Mutable {
  let id = graph.single.get(type);
  if (id === undefined) graph.single.set(type, id = add(graph, { type }));
  return graph.objects[id]!;
}

/** Puts one value of a field where it belongs. */
type Put = (graph: Graph, value: JsonValue) => void;

/** Types that are nothing but their `value`. */
const VALUE_TYPES: ReadonlySet<string> = new Set([
  "ipv4-addr",
  "ipv6-addr",
  "domain-name",
  "email-addr",
  "url",
  "mac-addr",
]);

/** Where a reference is held: `src_ref`, or one of the list `to_refs`. */
function putReference(type: string, name: string, kind: FieldKind): Put {
  const list = name.endsWith("_refs");
  return (graph, value) => {
    const text = readText(value);
    if (text === undefined) return;
    for (const found of readObjects(kind, text)) {
      const id = valueObject(graph, found);
      if (name === "dst_ref" && found.type === "domain-name") {
        graph.names.add(id);
        continue;
      }
      const holder = type === "domain-name" ? askedDomain(graph) : singleObject(graph, type);
      if (holder === undefined) continue;
      if (!list) holder[name] ??= id;
      else {
        const ids = (holder[name] ??= []) as string[];
        if (!ids.includes(id)) ids.push(id);
      }
    }
  };
}

/** The first domain of an event: the one that a DNS answer is about. */
function askedDomain(graph: Graph): Mutable | undefined {
  for (const id in graph.objects) {
    if (graph.objects[id]!["type"] === "domain-name") return graph.objects[id];
  }
  return undefined;
}

function putHash(type: string): Put {
  return (graph, value) => {
    const hash = typeof value === "string" ? readHash(value) : undefined;
    if (hash === undefined) return;
    const object = singleObject(graph, type);
    const hashes = (object["hashes"] ??= {}) as Mutable;
    hashes[hash[0]] ??= hash[1];
  };
}

function putValue(type: string, kind: FieldKind): Put {
  return (graph, value) => {
    const text = readText(value);
    if (text === undefined) return;
    const found = readObjects(kind, text);
    if (found.length > 0) { for (const object of found) valueObject(graph, object); }
    else if (kind === "lower" || kind === "text") {
      const plain = kind === "lower" ? text.toLowerCase() : text;
      if (type !== "url" || plain.includes("/")) {
        valueObject(graph, { type: type as "url", value: plain });
      }
    }
  };
}

/** A property of the event's one object of a type; lists collect, other properties keep the first value. */
function putProperty({ objectType, steps }: ObjectPath, kind: FieldKind): Put {
  const names = steps.flatMap((step) => step.type === "key" ? [step.name] : []);
  const last = names.pop()!;
  const list = steps.at(-1)!.type === "every" && kind !== "header";
  return (graph, value) => {
    const plain = readPlain(kind, value);
    if (plain === undefined) return;
    let object = singleObject(graph, objectType);
    for (const name of names) object = (object[name] ??= {}) as Mutable;
    if (!list) {
      object[last] ??= plain;
      return;
    }
    const items = (object[last] ??= []) as JsonValue[];
    // `ssl,http` is Zeek's way to name two.
    const parts = typeof plain === "string" ? plain.split(",") : [plain];
    for (const part of parts) if (!items.includes(part)) items.push(part);
  };
}

function compilePut(path: ObjectPath, kind: FieldKind): Put {
  const { objectType, steps } = path;
  const [first] = steps;
  const name = first?.type === "key" ? first.name : "";
  if (kind === "hash") return putHash(objectType);
  if (/_refs?$/.test(name)) return putReference(objectType, name, kind);
  if (VALUE_TYPES.has(objectType)) return putValue(objectType, kind);
  return putProperty(path, kind);
}

interface Rule {
  readonly path: ObjectPath;
  readonly kind: FieldKind;
  readonly look: Look;
  readonly put: Put;
}

interface Rules {
  readonly group: FieldGroup;
  readonly rules: readonly Rule[];
  /** The member that holds all of the group's fields, if there is one. */
  readonly sections: ReadonlySet<string> | undefined;
  readonly url?: (event: JsonObject, graph: Graph) => void;
}

function firstText(look: Look, event: JsonObject): string | undefined {
  let text: string | undefined;
  look(event, (value) => text ??= readText(value));
  return text;
}

/** The URL that host and path make up; the port is written where it is not HTTP's. */
function compileUrl([host, path, port]: readonly [string, string, string]) {
  const looks = [host, path, port, "dest_port"].map(compileLook) as [Look, Look, Look, Look];
  return (event: JsonObject, graph: Graph) => {
    const target = firstText(looks[1], event);
    const name = firstText(looks[0], event);
    if (target === undefined) return;
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(target)) {
      valueObject(graph, { type: "url", value: target });
    } else if (name !== undefined && target.startsWith("/")) {
      const number = firstText(looks[2], event) ?? firstText(looks[3], event) ?? "80";
      const shown = number === "80" || /:\d+$/.test(name) ? "" : `:${number}`;
      valueObject(graph, { type: "url", value: `http://${name}${shown}${target}` });
      if (shown !== "") valueObject(graph, { type: "url", value: `http://${name}${target}` });
    }
  };
}

function compileGroup(group: FieldGroup): Rules {
  const rules = group.rows.map(([field, text, kind]): Rule => {
    const path = parsePath(text);
    return { path, kind, look: compileLook(field), put: compilePut(path, kind) };
  });
  const heads = group.rows.map(([field]) => field.split(/[.[]/, 1)[0]!);
  const sections = group.source === "Suricata" && group.log !== "*" ? new Set(heads) : undefined;
  return { group, rules, sections, ...(group.url && { url: compileUrl(group.url) }) };
}

const COMPILED = FIELDS.map(compileGroup);
const SURICATA = COMPILED.filter(({ group }) => group.source === "Suricata");
const SURICATA_ALWAYS = SURICATA.filter(({ sections }) => sections === undefined);
const ALWAYS_IN_ZEEK = COMPILED.find(({ group }) => group.source === "Zeek" && group.log === "*")!;
const BY_GROUP = new Map(COMPILED.map((rules) => [rules.group, rules]));

/** Groups of Suricata's sections by the member that holds them. */
type Sections = ReadonlyMap<string, readonly Rules[]>;

function sectionsOf(groups: readonly Rules[]): Sections {
  const sections = new Map<string, Rules[]>();
  for (const rules of groups) {
    for (const section of rules.sections ?? []) {
      sections.set(section, [...sections.get(section) ?? [], rules]);
    }
  }
  return sections;
}

const SECTIONS = sectionsOf(SURICATA);

function suricataRules(event: JsonObject, sections: Sections): Rules[] {
  const found = [...SURICATA_ALWAYS];
  if (sections.size === 0) return found;
  for (const key in event) {
    const dot = key.indexOf(".");
    const held = sections.get(dot < 0 ? key : key.slice(0, dot));
    if (held === undefined) continue;
    for (const rules of held) if (!found.includes(rules)) found.push(rules);
  }
  return found;
}

function rulesFor(event: JsonObject, sections: Sections): readonly Rules[] {
  if (isSuricata(event)) return suricataRules(event, sections);
  const group = zeekGroup(event);
  const log = group === undefined ? ALWAYS_IN_ZEEK : BY_GROUP.get(group)!;
  return log === ALWAYS_IN_ZEEK ? [log] : [ALWAYS_IN_ZEEK, log];
}

/** A copy of the connection for each name of its other end, so that `dst_ref` can be asked for either. */
function addNames(graph: Graph): void {
  const id = graph.single.get("network-traffic");
  if (id === undefined) return;
  const traffic = graph.objects[id]!;
  for (const name of graph.names) {
    if (traffic["dst_ref"] === undefined) traffic["dst_ref"] = name;
    else add(graph, { ...traffic, dst_ref: name });
  }
}

/**
 * What an event says, as STIX 2.1 cyber observables that refer to each other, and
 * when. Ids are numbers in the order of appearance, as in STIX 2.0.
 */
export interface ObservedData extends Observation {
  readonly objects: Readonly<Record<string, JsonObject>>;
  /** Whether the event tells its time; `first` and `last` are 0 if not. */
  readonly timed: boolean;
}

/** The part of the table that some paths ask for. */
export interface Projection {
  readonly kept: ReadonlyMap<Rules, Pick<Rules, "rules" | "url">>;
  readonly sections: Sections;
}

/** What of the table can change what any of the paths selects. */
export function projectTable(asked: readonly ObjectPath[]): Projection {
  const kept = new Map<Rules, Pick<Rules, "rules" | "url">>();
  for (const group of COMPILED) {
    const rules = group.rules.filter(({ path, kind }) =>
      asked.some((one) => concerns(path, kind, one))
    );
    const url = asked.some(urlConcerns) ? group.url : undefined;
    if (rules.length > 0 || url !== undefined) {
      kept.set(group, { rules, ...(url && { url }) });
    }
  }
  return { kept, sections: sectionsOf(SURICATA.filter((group) => kept.has(group))) };
}

/** The objects of an event; with a projection only those that its paths ask for. */
export function observedObjects(
  event: JsonObject,
  projection?: Projection,
): ObservedData["objects"] {
  const graph: Graph = {
    objects: {},
    single: new Map(),
    values: new Map(),
    names: new Set(),
    size: 0,
  };
  for (const group of rulesFor(event, projection?.sections ?? SECTIONS)) {
    const kept = projection === undefined ? group : projection.kept.get(group);
    if (kept === undefined) continue;
    for (const { look, put } of kept.rules) look(event, (value) => put(graph, value));
    kept.url?.(event, graph);
  }
  addNames(graph);
  return graph.objects;
}

/** When an event happened, microseconds since the epoch; undefined if it doesn't tell. */
export function observedTime(event: JsonObject): number | undefined {
  const instant = eventTime(event);
  return instant && instant.seconds * 1e6 + instant.micros;
}

export function observedData(event: JsonObject): ObservedData {
  const time = observedTime(event);
  const [first, timed] = [time ?? 0, time !== undefined];
  return { objects: observedObjects(event), first, last: first, timed };
}
