import { Command, Option } from "commander";
import { FORMATS } from "../../formats/registry.ts";
import { type CliContext, withExamples } from "../context.ts";
import { type FilterFlags, MIN_CONFIDENCE, TLP } from "../filter_flags.ts";
import { LOG_LEVELS } from "../logging.ts";
import { collect, optionOf } from "../options.ts";

/** Options of `bridge snapshot` as commander hands them over. */
export interface SnapshotFlags extends FilterFlags {
  readonly days?: string;
  readonly threatbus?: string;
  readonly idle: string;
  readonly maxTime: string;
  readonly dump?: true | string;
  readonly logs: readonly string[];
  readonly engine?: string;
  readonly vast?: string;
  readonly vastBinary?: string;
  readonly subdomains?: true;
  readonly sink: readonly string[];
  readonly format?: string;
  readonly aggregate?: string;
  readonly report: "threatbus" | "sinks" | "both";
  readonly config?: string;
  readonly quiet?: true;
  readonly logLevel: string;
}

/** `bridge snapshot`: the bus's past, matched once. */
export function command(context: CliContext): Command {
  const snapshot = new Command("snapshot")
    .description("Match the past of a Threat Bus once, print a summary, and exit.")
    .option("-d, --days <number>", "days of history to ask for")
    .option("-t, --threatbus <endpoint>", "management endpoint of Threat Bus, host:port")
    .option("--idle <duration>", "the snapshot is over when nothing came for so long", "10s")
    .option("--max-time <duration>", "longest time to wait for the snapshot, 0 for ever", "0")
    .option("--dump [file]", "write the indicators as a STIX bundle instead, to hunt with later")
    .addOption(
      new Option("--logs <path>", "a log file, folder or glob").argParser(collect)
        .default([], "none"),
    )
    .addOption(new Option("--engine <engine>", "where to look").choices(["logs", "vast"]))
    .option("--vast <endpoint>", "the VAST node, host:port")
    .option("--vast-binary <path>", "the vast executable")
    .option("--subdomains", "domains match their subdomains too")
    .addOption(optionOf(MIN_CONFIDENCE))
    .addOption(optionOf(TLP))
    .addOption(
      new Option("-s, --sink <sink>", "where hits go (default: as configured, else stdout)")
        .argParser(collect)
        .default([], "none"),
    )
    .addOption(
      new Option("--format <format>", "form of the output (default: context)")
        .choices(Object.keys(FORMATS)),
    )
    .option(
      "--aggregate <duration>",
      "one sighting for the hits of an indicator within so long, where sightings are told",
    )
    .addOption(
      new Option("--report <where>", "hits to the sinks, as sightings to the bus, or both")
        .choices(["sinks", "threatbus", "both"]).default("sinks"),
    )
    .option("-c, --config <file>", "the configuration file")
    .option("-q, --quiet", "no summary, no warnings")
    .addOption(
      new Option("--log-level <level>", "least level of log lines").choices(LOG_LEVELS)
        .default("warning"),
    )
    .addHelpText("after", "\nExit codes: 0 matched, 1 nothing matched, 2 error or incomplete.")
    .action(async (flags: SnapshotFlags) => {
      const { runSnapshot } = await import("../snapshot.ts");
      context.exitWith(await runSnapshot(flags, context));
    });
  return withExamples(snapshot, [
    ["the last month, in this machine's logs", "bridge snapshot --days 30"],
    ["keep the indicators and hunt elsewhere", "bridge snapshot --days 7 --dump iocs.json"],
  ]);
}
