/** Events as STIX cyber observables, by the table of fields. */
import type { JsonObject, JsonValue } from "../../json.ts";
import { eventTime } from "../../stix/event_time.ts";
import type { Observation } from "../../stix/eval/observation.ts";
import type { ObjectPath } from "../../stix/pattern/mod.ts";
import { type Group, GROUPS, groupsFor, type Row, type Sections, sectionsOf } from "./groups.ts";
import { concerns, urlConcerns } from "./relevance.ts";
import type { FieldKind } from "./table.ts";
import {
  isValueType,
  partsOf,
  readHash,
  readObjects,
  readPlain,
  readText,
  readValueObjects,
  type ValueObject,
  type ValueType,
} from "./values.ts";

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

function putValue(type: ValueType, kind: FieldKind): Put {
  return (graph, value) => {
    for (const object of readValueObjects(type, kind, value)) valueObject(graph, object);
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
    for (const part of partsOf(plain)) if (!items.includes(part)) items.push(part);
  };
}

function compilePut(path: ObjectPath, kind: FieldKind): Put {
  const { objectType, steps } = path;
  const [first] = steps;
  const name = first?.type === "key" ? first.name : "";
  if (kind === "hash") return putHash(objectType);
  if (/_refs?$/.test(name)) return putReference(objectType, name, kind);
  if (isValueType(objectType)) return putValue(objectType, kind);
  return putProperty(path, kind);
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

interface Rule extends Row {
  readonly put: Put;
}

/** The part of the table that some paths ask for. */
export interface Projection {
  readonly kept: ReadonlyMap<Group, { readonly rules: readonly Rule[]; readonly urls: boolean }>;
  readonly sections: Sections;
}

function project(isWanted: (row: Row) => boolean, urlsWanted: boolean): Projection {
  const kept = new Map<Group, { rules: readonly Rule[]; urls: boolean }>();
  for (const group of GROUPS) {
    const rules = group.rows.filter(isWanted)
      .map((row) => ({ ...row, put: compilePut(row.path, row.kind) }));
    const urls = urlsWanted && group.urls !== undefined;
    if (rules.length > 0 || urls) kept.set(group, { rules, urls });
  }
  return { kept, sections: sectionsOf(kept) };
}

const EVERYTHING = project(() => true, true);

/** What of the table can change what any of the paths selects. */
export function projectTable(asked: readonly ObjectPath[]): Projection {
  return project(
    ({ path, kind }) => asked.some((one) => concerns(path, kind, one)),
    asked.some(urlConcerns),
  );
}

/** The objects of an event; with a projection only those that its paths ask for. */
export function observedObjects(
  event: JsonObject,
  projection: Projection = EVERYTHING,
): ObservedData["objects"] {
  const graph: Graph = {
    objects: {},
    single: new Map(),
    values: new Map(),
    names: new Set(),
    size: 0,
  };
  for (const group of groupsFor(event, projection.sections)) {
    const kept = projection.kept.get(group);
    if (kept === undefined) continue;
    for (const { look, put } of kept.rules) look(event, (value) => put(graph, value));
    if (!kept.urls) continue;
    for (const value of group.urls!(event)) valueObject(graph, { type: "url", value });
  }
  addNames(graph);
  return graph.objects;
}

/** When an event happened, microseconds since the epoch; undefined if it doesn't tell. */
export function observedTime(event: JsonObject): number | undefined {
  const instant = eventTime(event);
  return instant && instant.seconds * 1e6 + instant.micros;
}
