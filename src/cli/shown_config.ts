/** The configuration as `config print` may show it: without what may be a secret. */
import { readForm } from "../../sinks/form.ts";
import { builtInSink } from "../../sinks/registry.ts";
import type { SinkSpec } from "../../sinks/sink.ts";
import type { Config } from "../config/config.ts";
import { CONFIG_KEYS, type ConfigKey } from "../config/keys.ts";
import type { OptionSpec } from "../config/options.ts";

/** Stands in the place of what nobody is to see. */
const HIDDEN = "(hidden)";

/** A value of the configuration, or what stands for it; undefined where it is unset. */
export async function shownValue(key: ConfigKey, values: Config): Promise<unknown> {
  const spec: OptionSpec = CONFIG_KEYS[key];
  const value = values[key];
  if (value === undefined) return undefined;
  if (spec.secret) return HIDDEN;
  if (key === "sinks") {
    return await Promise.all((value as typeof values.sinks ?? []).map(shownSink));
  }
  return key === "sink" || key === "transform_context" ? shownCommand(String(value)) : value;
}

/** Of a person's own sink nobody knows what is secret: none of its options is shown. */
async function shownSink(entry: string | Readonly<Record<string, unknown>>): Promise<unknown> {
  if (typeof entry === "string") return shownForm(entry, (await builtInSink(entry))?.spec);
  const { sink } = entry;
  // `config check` and whoever opens it say what is wrong with another one.
  const spec = typeof sink === "string" ? (await builtInSink(sink))?.spec : undefined;
  const shown = Object.entries(entry).map(([name, value]) => {
    if (name === "sink" && typeof sink === "string") return [name, shownForm(sink, spec)];
    return [name, name === "format" || isPublic(spec, name) ? value : HIDDEN];
  });
  return Object.fromEntries(shown);
}

function isPublic(spec: SinkSpec | undefined, name: string): boolean {
  const option = spec?.options[name];
  return option !== undefined && option.secret !== true;
}

function shownForm(form: string, spec: SinkSpec | undefined): string {
  const marker = spec?.name === "webhook" ? "#" : "?";
  const { rest, options } = readForm(form, marker);
  const shown = spec?.name === "webhook" ? shownUrl(rest) : shownCommand(rest);
  const tail = Object.entries(options).map(([name, value]) =>
    `${name}=${isPublic(spec, name) ? value : HIDDEN}`
  );
  return tail.length === 0 ? shown : `${shown}${marker}${tail.join("&")}`;
}

/** Credentials, path and query may each be what lets one in (chat services have it in the path). */
function shownUrl(text: string): string {
  const url = URL.parse(text.replace(/^webhook:/i, ""));
  if (url === null) return HIDDEN;
  return `${url.origin}/${url.pathname.length > 1 || url.search !== "" ? HIDDEN : ""}`;
}

/** What follows a word such as `--token` or `Bearer`, or stands before the host of a URL. */
const SECRETS =
  /([\w-]*(?:passw(?:or)?d|secret|token|api[-_]?key|bearer|basic)[\w-]*["']?(?:=|:\s*|\s+))("[^"]*"|'[^']*'|[^\s"']+)/gi;

function shownCommand(text: string): string {
  return text.replace(/\/\/[^/@\s]*@/g, `//${HIDDEN}@`).replace(SECRETS, `$1${HIDDEN}`);
}
