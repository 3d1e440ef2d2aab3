import { Command, Option } from "commander";
import { FORMATS } from "../../formats/registry.ts";
import { OBSERVABLE_KINDS } from "../../match/observable.ts";
import { type CliContext, collect, withExamples } from "../context.ts";
import { LOG_LEVELS } from "../logging.ts";
import { type FilterFlags, filterOptions } from "./filter_options.ts";

/** Options of `bridge retro` as commander hands them over. */
export interface RetroFlags extends FilterFlags {
  readonly ioc: readonly string[];
  readonly iocFile: readonly string[];
  readonly iocFormat?: string;
  readonly iocType?: string;
  readonly pattern: readonly string[];
  readonly skipInvalid?: true;
  readonly logs: readonly string[];
  readonly engine?: string;
  readonly vast?: string;
  readonly vastBinary?: string;
  readonly subdomains?: true;
  readonly expired?: true;
  readonly since?: string;
  readonly until?: string;
  readonly maxEvents?: string;
  readonly timeout?: string;
  readonly count?: true;
  readonly format?: string;
  readonly bundle?: true;
  readonly aggregate?: string;
  readonly sink: readonly string[];
  readonly allowList: readonly string[];
  readonly guard: boolean;
  readonly config?: string;
  readonly quiet?: true;
  readonly logLevel: string;
  readonly color: "auto" | "always" | "never";
}

function repeatable(flags: string, description: string): Option {
  return new Option(flags, `${description}; repeatable`).argParser(collect).default([], "none");
}

/** `bridge retro`: looks IoCs up in past events. */
export function command(context: CliContext): Command {
  const [minConfidence, tlp] = filterOptions();
  const retro = new Command("retro")
    .description("Hunt: look IoCs up in logs, or in the past of a VAST node.")
    .addOption(repeatable("--ioc <value>", "an IoC: address, network, domain, URL, e-mail, hash"))
    .addOption(repeatable("--ioc-file <file>", "a list of IoCs, - for standard input"))
    .addOption(
      new Option("--ioc-format <format>", "format of the lists, else told by content")
        .choices(["plain", "csv", "stix", "misp"]),
    )
    .addOption(
      new Option("--ioc-type <kind>", "kind of the IoCs, else told by their form")
        .choices(OBSERVABLE_KINDS),
    )
    .addOption(repeatable("--pattern <pattern>", "a STIX pattern"))
    .option("--skip-invalid", "leave out what is no IoC and list it at the end")
    .addOption(repeatable("--logs <path>", "a file, folder or glob, - for standard input"))
    .addOption(new Option("--engine <engine>", "where to look").choices(["logs", "vast"]))
    .option("--vast <endpoint>", "the VAST node, host:port")
    .option("--vast-binary <path>", "the vast executable")
    .option("--subdomains", "domains match their subdomains too")
    .addOption(minConfidence)
    .addOption(tlp)
    .option("--expired", "look for STIX indicators past their valid_until too")
    .option(
      "--since <time>",
      "only events at or after this time: RFC 3339, an age such as 7d, or epoch seconds",
    )
    .option("--until <time>", "only events before this time")
    .option("--max-events <number>", "most events an IoC, 0 for all")
    .option("--timeout <duration>", "stop after so long, with what was found")
    .option("--count", "print the number of hits of each IoC instead")
    .addOption(
      new Option("--format <format>", "form of the output (default: context)")
        .choices(Object.keys(FORMATS)),
    )
    .option("--bundle", "with --format sighting: one STIX bundle")
    .option(
      "--aggregate <duration>",
      "with --format sighting: one sighting for the hits of an indicator within so long",
    )
    .addOption(
      repeatable(
        "--sink <sink>",
        "where hits go, see bridge sinks list (default: as configured, else stdout)",
      ),
    )
    .addOption(repeatable("--allow-list <file>", "values that never count as hits"))
    .option(
      "--no-guard",
      "look for what matches almost everything, too: private ranges and the like",
    )
    .option("-c, --config <file>", "the configuration file")
    .option("-q, --quiet", "no progress, no summary, no warnings")
    .addOption(
      new Option("--log-level <level>", "least level of log lines").choices(LOG_LEVELS)
        .default("warning"),
    )
    .addOption(
      new Option("--color <when>", "colours").choices(["auto", "always", "never"]).default("auto"),
    )
    .addHelpText("after", "\nExit codes: 0 matched, 1 nothing matched, 2 error or incomplete.")
    .action(async (flags: RetroFlags) => {
      const { runRetro } = await import("../retro.ts");
      context.exitWith(await runRetro(flags, context));
    });
  return withExamples(retro, [
    ["a domain in the usual log folders of this machine", "bridge retro --ioc example.com"],
    [
      "a defanged URL in one folder, since last week",
      "bridge retro --ioc 'hxxp://evil[.]example/a' --logs /var/log/suricata --since 7d",
    ],
    [
      "a list, counted",
      "bridge retro --ioc-file iocs.txt --logs 'eve-*.json.gz' --count",
    ],
    [
      "logs from a pipe, hits into another",
      "zcat conn.*.gz | bridge retro --ioc 203.0.113.0/24 --logs - | jq -r .uid",
    ],
    [
      "a STIX bundle with one sighting an hour and indicator",
      "bridge retro --ioc-file iocs.txt --format sighting --bundle --aggregate 1h",
    ],
    [
      "STIX sightings to a webhook",
      "bridge retro --ioc-file misp-event.json --format sighting --sink https://siem.example/hook",
    ],
  ]);
}
