/** The table of fields made ready for looking into events. */
import type { JsonObject } from "../../json.ts";
import { type ObjectPath, parsePath } from "../../stix/pattern/mod.ts";
import { isSuricata, zeekGroup } from "./log_name.ts";
import { compileLook, type Look } from "./lookup.ts";
import { type FieldGroup, type FieldKind, FIELDS } from "./table.ts";
import { readText } from "./values.ts";

/** A row of the table. */
export interface Row {
  readonly field: string;
  readonly path: ObjectPath;
  readonly kind: FieldKind;
  readonly look: Look;
}

/** The rows for one sort of event. */
export interface Group {
  readonly field: FieldGroup;
  readonly rows: readonly Row[];
  /** Members of an event that tell of the group; undefined if it is for all events of its source. */
  readonly sections: readonly string[] | undefined;
  /** The URLs that host and path make up, with a port where it is not HTTP's, and without. */
  readonly urls?: (event: JsonObject) => string[];
}

function firstText(look: Look, event: JsonObject): string | undefined {
  let text: string | undefined;
  look(event, (value) => text ??= readText(value));
  return text;
}

function compileUrls([host, path, port]: readonly [string, string, string]) {
  const looks = [host, path, port, "dest_port"].map(compileLook) as [Look, Look, Look, Look];
  return (event: JsonObject): string[] => {
    const target = firstText(looks[1], event);
    if (target === undefined) return [];
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(target)) return [target];
    const name = firstText(looks[0], event);
    if (name === undefined || !target.startsWith("/")) return [];
    const number = firstText(looks[2], event) ?? firstText(looks[3], event) ?? "80";
    const url = `http://${name}${target}`;
    const isPlain = number === "80" || /:\d+$/.test(name);
    return isPlain ? [url] : [`http://${name}:${number}${target}`, url];
  };
}

function compileGroup(field: FieldGroup): Group {
  const rows = field.rows.map(([name, path, kind]): Row => ({
    field: name,
    path: parsePath(path),
    kind,
    look: compileLook(name),
  }));
  const heads = field.rows.map(([name]) => name.split(/[.[]/, 1)[0]!);
  const sections = field.source === "Suricata" && field.log !== "*"
    ? [...new Set(heads)]
    : undefined;
  return { field, rows, sections, ...(field.url && { urls: compileUrls(field.url) }) };
}

export const GROUPS: readonly Group[] = FIELDS.map(compileGroup);

const SURICATA_ALWAYS = GROUPS.filter(({ field, sections }) =>
  field.source === "Suricata" && sections === undefined
);
const BY_FIELD = new Map(GROUPS.map((group) => [group.field, group]));
const ALWAYS_IN_ZEEK = GROUPS.find(({ field }) => field.source === "Zeek" && field.log === "*")!;

/** Groups of Suricata's sections by the member that holds them. */
export type Sections = ReadonlyMap<string, readonly Group[]>;

/** The sections that some groups are in. */
export function sectionsOf(groups: ReadonlyMap<Group, unknown>): Sections {
  const sections = new Map<string, Group[]>();
  for (const group of GROUPS) {
    if (!groups.has(group)) continue;
    for (const section of group.sections ?? []) {
      sections.set(section, [...sections.get(section) ?? [], group]);
    }
  }
  return sections;
}

function suricataGroups(event: JsonObject, sections: Sections): readonly Group[] {
  if (sections.size === 0) return SURICATA_ALWAYS;
  const found = [...SURICATA_ALWAYS];
  for (const key in event) {
    const dot = key.indexOf(".");
    const held = sections.get(dot < 0 ? key : key.slice(0, dot));
    if (held === undefined) continue;
    for (const group of held) if (!found.includes(group)) found.push(group);
  }
  return found;
}

/** The groups whose fields an event may have, of those in the sections. */
export function groupsFor(event: JsonObject, sections: Sections): readonly Group[] {
  if (isSuricata(event)) return suricataGroups(event, sections);
  const field = zeekGroup(event);
  const log = field === undefined ? ALWAYS_IN_ZEEK : BY_FIELD.get(field)!;
  return log === ALWAYS_IN_ZEEK ? [log] : [ALWAYS_IN_ZEEK, log];
}
