/** Which rows of the table can change what a path selects, so that the others need not be read. */
import type { ObjectPath } from "../../stix/pattern/mod.ts";
import type { FieldKind } from "./table.ts";

/** The keys of a path. */
export const namesOf = ({ steps }: ObjectPath): string[] =>
  steps.flatMap((step) => step.type === "key" ? [step.name] : []);

/** Whether a property leads to other objects. */
export const isReference = (name: string): boolean => /_refs?$/.test(name);

/** Types of the objects that a field of a kind may become, besides its row's own. */
export const MADE: Partial<Record<FieldKind, readonly string[]>> = {
  address: ["ipv4-addr", "ipv6-addr"],
  host: ["ipv4-addr", "ipv6-addr", "domain-name"],
  domain: ["domain-name"],
  mail: ["email-addr"],
};

/**
 * Whether a row can change what `asked` selects in an event: rather once too often
 * than once too rarely.
 */
export function concerns(row: ObjectPath, kind: FieldKind, asked: ObjectPath): boolean {
  const names = namesOf(asked);
  // Through two references anything may be reached; so may what is no value behind one.
  const references = names.findIndex(isReference);
  if (references > 0 || names.some((name, at) => at > 1 && isReference(name))) return true;
  if (references === 0 && names.length !== 1 && names[1] !== "value" && names[1] !== "type") {
    return true;
  }
  if (row.objectType !== asked.objectType) return MADE[kind]?.includes(asked.objectType) ?? false;
  // Which object holds a reference depends on all that make such objects.
  if (references === 0 || names[0] === "type" || names[0] === "value") return true;
  if (kind === "hash") return names[0] === "hashes";
  return namesOf(row).every((name, at) => at >= names.length || name === names[at]);
}

/** Whether the URL that fields make up can change what `asked` selects. */
export function urlConcerns(asked: ObjectPath): boolean {
  return asked.objectType === "url";
}
