import { UsageError } from "../src/errors.ts";

/** A short form taken apart: what comes after the scheme, and the options at its end. */
export interface Form {
  readonly rest: string;
  readonly options: Record<string, string>;
}

/**
 * Takes a short form apart: `file:/p?fsync=true` is the path and one option. Only
 * `key=value` pairs count as options, so a path may well hold a question mark.
 * URLs keep their query and take options after `#` instead, which is never sent.
 */
export function readForm(form: string, marker: "?" | "#" = "?"): Form {
  const at = form.lastIndexOf(marker);
  const tail = at < 0 ? "" : form.slice(at + 1);
  if (!/^[a-z_]+=[^&]*(&[a-z_]+=[^&]*)*$/.test(tail)) return { rest: form, options: {} };
  const pairs = tail.split("&").map((pair) => {
    const equals = pair.indexOf("=");
    return [pair.slice(0, equals), decode(pair.slice(equals + 1), form)];
  });
  return { rest: form.slice(0, at), options: Object.fromEntries(pairs) };
}

/** What comes after `scheme:`; an empty one is an error that shows the form. */
export function afterScheme(text: string, wanted: string): string {
  const rest = text.slice(text.indexOf(":") + 1);
  if (rest !== "" && text.includes(":")) return rest;
  throw new UsageError(`Something is missing in the sink ${JSON.stringify(text)}`, {
    hint: `Write ${wanted}.`,
  });
}

function decode(text: string, form: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UsageError(`The sink ${JSON.stringify(form)} holds a broken percent escape`, {
      hint: "Write %25 for a percent sign.",
    });
  }
}
