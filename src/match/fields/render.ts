/** The table of fields for people: `bridge fields` and docs/fields.md. */
import { type FieldGroup, FIELDS } from "./table.ts";

const KINDS: readonly (readonly [kind: string, meaning: string])[] = [
  ["text, number", "as it stands"],
  ["lower", "in lower case"],
  ["time", "as a STIX timestamp"],
  ["address", "an IPv4 or IPv6 address object"],
  ["host", "an address or a domain object; a port is cut off"],
  ["domain", "a domain object"],
  ["mail", "an e-mail address object for each mailbox"],
  ["hash", "under its algorithm, told from its length: `hashes.MD5`, `hashes.'SHA-256'`, …"],
  ["header", "a list of one text"],
];

/** What a group is about: `Suricata EVE, http`, `Zeek conn.log`. */
function titleOf({ source, log }: FieldGroup): string {
  if (log === "*") return source === "Zeek" ? "Zeek, every log" : "Suricata EVE, every event";
  return source === "Zeek" ? `Zeek ${log}.log` : `Suricata EVE, ${log}`;
}

/** The rows of a group, with the URL that it makes up. */
function rowsOf({ rows, url }: FieldGroup): (readonly [string, string, string])[] {
  return url === undefined ? [...rows] : [...rows, [`${url[0]} + ${url[1]}`, "url:value", "text"]];
}

/** Groups of one log (`http`, `conn`, …) or source (`zeek`), or all. */
export function fieldGroups(name?: string): FieldGroup[] {
  const wanted = name?.toLowerCase();
  return FIELDS.filter(({ source, log }) =>
    wanted === undefined || log === wanted || source.toLowerCase() === wanted
  );
}

/** Plain text in columns. */
export function renderFields(groups: readonly FieldGroup[]): string {
  const rows = groups.flatMap(rowsOf);
  const width = Math.max(0, ...rows.map(([field]) => field.length));
  return groups.map((group) => {
    const lines = rowsOf(group).map(([field, path, kind]) =>
      `  ${field.padEnd(width)}  ${path}  (${kind})`
    );
    return [titleOf(group), ...lines, ""].join("\n");
  }).join("\n");
}

/** One object a row. */
export function fieldRecords(groups: readonly FieldGroup[]) {
  return groups.flatMap((group) =>
    rowsOf(group).map(([field, path, kind]) => ({
      source: group.source,
      log: group.log,
      field,
      path,
      kind,
    }))
  );
}

/** docs/fields.md. */
export function renderFieldsDocs(): string {
  const parts = FIELDS.flatMap((group) => [
    `## ${titleOf(group)}`,
    "",
    "| field | STIX object path | taken as |",
    "| --- | --- | --- |",
    ...rowsOf(group).map(([field, path, kind]) => `| \`${field}\` | \`${path}\` | ${kind} |`),
    "",
  ]);
  return [
    "<!-- Made by `deno task docs` from src/match/fields/table.ts; edit that. -->",
    "# Fields that STIX patterns can ask for",
    "",
    "STIX patterns are about cyber observables, logs are about fields. This table says which field",
    "is which property; `bridge fields` prints it. Dots step into objects (a flat `id.orig_h` and a",
    "nested one are the same), `[]` into each element of a list. Paths with `x_` are ours, since STIX",
    "has no property for them.",
    "",
    "Objects of one event are linked: `network-traffic` refers to its two addresses, and where the",
    "other end was called by name (HTTP `Host`, TLS SNI) a second `network-traffic` object refers to",
    "the domain. `domain-name:resolves_to_refs` holds the answers of a DNS event.",
    "",
    "| taken as | |",
    "| --- | --- |",
    ...KINDS.map(([kind, meaning]) => `| ${kind} | ${meaning} |`),
    "",
    ...parts,
  ].join("\n").trimEnd() + "\n";
}
