import { FORMATS } from "../formats/registry.ts";
import { OBSERVABLE_KINDS } from "../match/observable.ts";
import { type FilterFlags, MIN_CONFIDENCE, TLP } from "./filter_flags.ts";
import type { Flag } from "./flags.ts";
import type { IndicatorFlags } from "./indicators.ts";
import { LOG_LEVELS } from "./logging.ts";

/** Options of `bridge retro` as they are read. */
export interface RetroFlags extends IndicatorFlags, FilterFlags {
  readonly logs: readonly string[];
  readonly engine?: string;
  readonly vast?: string;
  readonly vastBinary?: string;
  readonly since?: string;
  readonly until?: string;
  readonly maxEvents?: string;
  readonly timeout?: string;
  readonly count?: true;
  readonly format?: string;
  readonly bundle?: true;
  readonly aggregate?: string;
  readonly sink: readonly string[];
  readonly guard: boolean;
  readonly config?: string;
  readonly quiet?: true;
  readonly logLevel: string;
  readonly color: "auto" | "always" | "never";
}

function repeatable(flags: string, doc: string): Flag {
  return { flags, doc: `${doc}; repeatable`, repeatable: "none" };
}

/** The options of `bridge retro`, in the order of its help. */
export const RETRO_FLAGS: readonly Flag[] = [
  repeatable("--ioc <value>", "an IoC: address, network, domain, URL, e-mail, hash"),
  repeatable("--ioc-file <file>", "a list of IoCs, - for standard input"),
  {
    flags: "--ioc-format <format>",
    doc: "format of the lists, else told by content",
    choices: ["plain", "csv", "stix", "misp"],
  },
  {
    flags: "--ioc-type <kind>",
    doc: "kind of the IoCs, else told by their form",
    choices: OBSERVABLE_KINDS,
  },
  repeatable("--pattern <pattern>", "a STIX pattern"),
  { flags: "--skip-invalid", doc: "leave out what is no IoC and list it at the end" },
  repeatable("--logs <path>", "a file, folder or glob, - for standard input"),
  { flags: "--engine <engine>", doc: "where to look", choices: ["logs", "vast"] },
  { flags: "--vast <endpoint>", doc: "the VAST node, host:port" },
  { flags: "--vast-binary <path>", doc: "the vast executable" },
  { flags: "--subdomains", doc: "domains match their subdomains too" },
  MIN_CONFIDENCE,
  TLP,
  { flags: "--expired", doc: "look for STIX indicators past their valid_until too" },
  {
    flags: "--since <time>",
    doc: "only events at or after this time: RFC 3339, an age such as 7d, or epoch seconds",
  },
  { flags: "--until <time>", doc: "only events before this time" },
  { flags: "--max-events <number>", doc: "most events an IoC, 0 for all" },
  { flags: "--timeout <duration>", doc: "stop after so long, with what was found" },
  { flags: "--count", doc: "print the number of hits of each IoC instead of events" },
  {
    flags: "--format <format>",
    doc: "form of the output (default: context)",
    choices: Object.keys(FORMATS),
  },
  { flags: "--bundle", doc: "with --format sighting: one STIX bundle" },
  {
    flags: "--aggregate <duration>",
    doc: "with --format sighting: one sighting for the hits of an indicator within so long",
  },
  repeatable(
    "--sink <sink>",
    "where hits go, see bridge sinks list (default: as configured, else stdout)",
  ),
  repeatable("--allow-list <file>", "values that never count as hits"),
  {
    flags: "--no-guard",
    doc: "look for what matches almost everything, too: private ranges and the like",
  },
  { flags: "-c, --config <file>", doc: "the configuration file" },
  { flags: "-q, --quiet", doc: "no progress, no warnings" },
  {
    flags: "--log-level <level>",
    doc: "least level of log lines",
    choices: LOG_LEVELS,
    default: "warning",
  },
  {
    flags: "--color <when>",
    doc: "colours",
    choices: ["auto", "always", "never"],
    default: "auto",
  },
];
