import { extname } from "node:path";
import { defaultsOf } from "../src/config/config.ts";
import { fromText } from "../src/config/load.ts";
import { ConfigError, UsageError } from "../src/errors.ts";
import { readForm } from "./form.ts";
import type { SinkModule, SinkOptions } from "./sink.ts";

/** A sink by the schemes of its short forms; its module is loaded when it is named. */
interface SinkEntry {
  readonly schemes: readonly string[];
  readonly load: () => Promise<SinkModule>;
}

/** Every sink, one line each. */
export const SINKS: Readonly<Record<string, SinkEntry>> = {
  stdout: { schemes: ["stdout", "-"], load: () => import("./stdout.ts") },
  file: { schemes: ["file"], load: () => import("./file.ts") },
  syslog: {
    schemes: ["syslog", "syslog+udp", "syslog+tcp", "syslog+tls"],
    load: () => import("./syslog/mod.ts"),
  },
  webhook: { schemes: ["https", "http", "webhook"], load: () => import("./webhook/mod.ts") },
  process: { schemes: ["process"], load: () => import("./process.ts") },
};

/** A sink with its options, checked and ready to open. */
export interface ResolvedSink {
  /** For logs, metrics and the spool: the short form or the name, without secrets. */
  readonly label: string;
  readonly module: SinkModule;
  readonly options: SinkOptions;
  /** The sink's own format, where its entry names one. */
  readonly format?: string;
}

/** An entry of `sinks` in the configuration: a short form, or a mapping with `sink` and its options. */
export type SinkEntryConfig = string | Readonly<Record<string, unknown>>;

/** Where entries come from, and what they may be there. */
export interface ParseOptions {
  /** A text that is no short form is a command, started for each match (the ancestor's key `sink`). */
  readonly commands?: boolean;
  /** The configuration key or flag, for errors. */
  readonly key?: string;
}

/**
 * Reads a sink as `--sink` and the configuration name it, loads its module and
 * checks its options.
 *
 * @throws UsageError when there is no such sink, ConfigError when an option is wrong
 */
export async function parseSinkSpec(
  entry: SinkEntryConfig,
  { commands = false, key = "sink" }: ParseOptions = {},
): Promise<ResolvedSink> {
  const { sink, format, options, ...others } = typeof entry === "string" ? { sink: entry } : entry;
  if (typeof sink !== "string" || sink.trim() === "") {
    throw new ConfigError("An entry needs the key sink with a short form", {
      place: { key },
      hint: "Write for example {sink: file:/var/log/bridge/hits.json, format: match}.",
    });
  }
  const module = await moduleOf(sink, commands, key);
  const raw = { ...module.parse(sink), ...others, ...(options as Record<string, unknown> ?? {}) };
  return {
    label: await module.label?.(raw) ?? labelOf(sink, module),
    module,
    options: await checkSinkOptions(module, raw, key),
    ...(typeof format === "string" ? { format } : {}),
  };
}

/** The sink of ours whose scheme a short form begins with, if any. */
export async function builtInSink(form: string): Promise<SinkModule | undefined> {
  const scheme = /^(-|[a-z][a-z0-9+]*)(?=:|$)/i.exec(form.trim())?.[0].toLowerCase();
  if (scheme === undefined) return undefined;
  return await Object.values(SINKS).find(({ schemes }) => schemes.includes(scheme))?.load();
}

async function moduleOf(sink: string, commands: boolean, key: string): Promise<SinkModule> {
  const builtIn = await builtInSink(sink);
  if (builtIn !== undefined) return builtIn;
  const path = readForm(sink).rest;
  if (isModulePath(path)) {
    const { loadUserSink } = await import("./user_sink.ts");
    return await loadUserSink(path);
  }
  if (commands) return await SINKS["process"]!.load();
  const known = Object.values(SINKS).flatMap((known) => known.schemes).join(", ");
  // A mistyped URL may hold secrets all the same.
  const shown = sink.replace(/^([^\s:]+:\/\/).+$/s, "$1…");
  throw new UsageError(`There is no sink ${JSON.stringify(shown)}`, {
    place: { key },
    hint: `Sinks begin with ${known}, or are the path of a module (.js, .mjs, .ts). ` +
      "See bridge sinks list.",
  });
}

const MODULE_ENDINGS = [".js", ".mjs", ".ts", ".mts"];

function isModulePath(path: string): boolean {
  return MODULE_ENDINGS.includes(extname(path)) && !/\s/.test(path);
}

/** Converts texts from short forms, checks all, fills in defaults. */
async function checkSinkOptions(
  { spec }: SinkModule,
  raw: Record<string, unknown>,
  key: string,
): Promise<SinkOptions> {
  const entries = Object.entries(raw).filter(([, value]) => value !== undefined);
  // Without options there is nothing to check, and the checker need not be loaded.
  const required = Object.values(spec.options).some((option) => option.required === true);
  if (entries.length === 0 && !required) return defaultsOf(spec.options);
  const given = Object.fromEntries(entries.map(([name, value]) => {
    const option = spec.options[name];
    return [name, typeof value === "string" && option ? fromText(option, value) : value];
  }));
  const { checkOptions } = await import("../src/config/check.ts");
  return checkOptions(spec.options, given, () => ({ file: `${key} ${spec.name}` }));
}

/** Names a sink in logs: credentials and options, where secrets may stand, are left out. */
function labelOf(sink: string, { spec }: SinkModule): string {
  const { rest } = readForm(sink.trim());
  if (rest.toLowerCase() === spec.name) return spec.name;
  if (spec.name === "process") return `process:${rest.replace(/^process:/i, "").split(/\s/)[0]}`;
  return rest.replace(/\/\/[^/@]*@/, "//").replace(/[?#].*$/s, "").slice(0, 80);
}
