import { UsageError } from "../errors.ts";
import type { Format, FormatModule, FormatOptions } from "./format.ts";

/** A format as help shows it; its module is loaded when it is used. */
interface FormatEntry {
  readonly summary: string;
  readonly load: () => Promise<FormatModule>;
}

/** All formats by name. */
export const FORMATS: Readonly<Record<string, FormatEntry>> = {
  context: { summary: "the event alone, as it is", load: () => import("./context.ts") },
  match: { summary: "the event with what matched and where", load: () => import("./match.ts") },
  sighting: { summary: "a STIX 2.1 sighting", load: () => import("./sighting.ts") },
  csv: { summary: "comma separated values with a header", load: () => import("./csv.ts") },
  table: { summary: "aligned columns for people", load: () => import("./table.ts") },
};

/**
 * Loads a format and makes an instance for one document.
 *
 * @throws UsageError when there is none of that name
 */
export async function loadFormat(name: string, options: FormatOptions = {}): Promise<Format> {
  const entry = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
  if (entry === undefined) {
    throw new UsageError(`There is no format ${JSON.stringify(name)}`, {
      hint: `The formats are ${Object.keys(FORMATS).join(", ")}.`,
    });
  }
  return (await entry.load()).create(options);
}
