/**
 * The properties of the two STIX objects that travel on a Threat Bus, in the
 * order of the specification (STIX 2.1, sections 4.7 and 5.2), which is the order
 * in which they are written.
 */

/** What a property may hold; decides how it is checked and written. */
export type PropertyKind =
  | "type"
  | "spec_version"
  | "id"
  | "string"
  | "pattern"
  | "strings"
  | "integer"
  /** Written only when true, since false is the default. */
  | "flag"
  | "ref"
  | "refs"
  /** A timestamp of at least milliseconds, filled in with now when missing. */
  | "version-time"
  /** A timestamp filled in with now when missing. */
  | "start-time"
  | "time"
  | { readonly list: readonly string[] }
  | "object";

/** One property of an object type. */
export interface Property {
  readonly name: string;
  readonly kind: PropertyKind;
  readonly required?: true;
}

/** A type of STIX object. */
export interface Layout {
  readonly type: "indicator" | "sighting";
  readonly properties: readonly Property[];
}

const HEAD: readonly Property[] = [
  { name: "type", kind: "type" },
  { name: "spec_version", kind: "spec_version" },
  { name: "id", kind: "id" },
  { name: "created_by_ref", kind: "ref" },
  { name: "created", kind: "version-time" },
  { name: "modified", kind: "version-time" },
];

const TAIL: readonly Property[] = [
  { name: "revoked", kind: "flag" },
  { name: "labels", kind: "strings" },
  { name: "confidence", kind: "integer" },
  { name: "lang", kind: "string" },
  {
    name: "external_references",
    kind: { list: ["source_name", "description", "url", "hashes", "external_id"] },
  },
  { name: "object_marking_refs", kind: "refs" },
  { name: "granular_markings", kind: { list: ["lang", "marking_ref", "selectors"] } },
  { name: "extensions", kind: "object" },
];

/** Indicator, STIX 2.1 section 4.7. */
export const INDICATOR: Layout = {
  type: "indicator",
  properties: [
    ...HEAD,
    { name: "name", kind: "string" },
    { name: "description", kind: "string" },
    { name: "indicator_types", kind: "strings" },
    { name: "pattern", kind: "pattern", required: true },
    { name: "pattern_type", kind: "string", required: true },
    { name: "pattern_version", kind: "string" },
    { name: "valid_from", kind: "start-time" },
    { name: "valid_until", kind: "time" },
    { name: "kill_chain_phases", kind: { list: ["kill_chain_name", "phase_name"] } },
    ...TAIL,
  ],
};

/** Sighting, STIX 2.1 section 5.2. */
export const SIGHTING: Layout = {
  type: "sighting",
  properties: [
    ...HEAD,
    { name: "description", kind: "string" },
    { name: "first_seen", kind: "time" },
    { name: "last_seen", kind: "time" },
    { name: "count", kind: "integer" },
    { name: "sighting_of_ref", kind: "ref", required: true },
    { name: "observed_data_refs", kind: "refs" },
    { name: "where_sighted_refs", kind: "refs" },
    { name: "summary", kind: "flag" },
    ...TAIL,
  ],
};

const NAMES = new Map(
  [INDICATOR, SIGHTING].map((layout) => [
    layout,
    new Set(layout.properties.map((property) => property.name)),
  ]),
);

/** Whether the specification names this property for the type. */
export function isSpecProperty(layout: Layout, name: string): boolean {
  return NAMES.get(layout)!.has(name);
}
