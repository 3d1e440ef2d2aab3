import { Command, Option } from "commander";
import { FORMATS } from "../../formats/registry.ts";
import { type CliContext, withExamples } from "../context.ts";
import { type FilterFlags, MIN_CONFIDENCE, TLP } from "../filter_flags.ts";
import { LOG_LEVELS } from "../logging.ts";
import { collect, optionOf } from "../options.ts";

/** Options of `bridge run` as commander hands them over; undefined leaves the word to the configuration. */
export interface RunFlags extends FilterFlags {
  readonly config?: string;
  readonly threatbus?: string;
  readonly bus?: "remote" | "embedded";
  readonly snapshot?: string;
  readonly engine?: string;
  readonly logs: readonly string[];
  readonly vast?: string;
  readonly vastBinary?: string;
  readonly live?: boolean;
  readonly retro?: boolean;
  readonly retroMatchMaxEvents?: string;
  readonly subdomains?: true;
  readonly transformContext?: string;
  readonly sink: readonly string[];
  readonly format?: string;
  readonly report?: string;
  readonly stateDir?: string;
  readonly spool?: boolean;
  readonly metricsListen?: string;
  readonly failFast?: true;
  readonly logLevel?: string;
  readonly liveMatch?: true;
  readonly retroMatch?: true;
  readonly loglevel?: string;
}

/** A spelling of the ancestor (pyvast-threatbus), understood but not shown. */
const hidden = (flags: string) => new Option(flags).hideHelp();

/** `bridge run`: the long-running app on the bus. */
export function command(context: CliContext): Command {
  const run = new Command("run")
    .description("Subscribe to Threat Bus, match its indicators, report sightings.")
    .option("-c, --config <file>", "the configuration file")
    .option("-t, --threatbus <endpoint>", "management endpoint of Threat Bus, host:port")
    .addOption(
      new Option("--bus <where>", "use a Threat Bus elsewhere, or start one inside")
        .choices(["remote", "embedded"]),
    )
    .option("--snapshot <days>", "days of history to ask for")
    .addOption(new Option("--engine <engine>", "where to look").choices(["logs", "vast"]))
    .addOption(
      new Option("--logs <path>", "a log file, folder or glob").argParser(collect)
        .default([], "none"),
    )
    .option("--vast <endpoint>", "the VAST node, host:port")
    .option("--vast-binary <path>", "the vast executable")
    .option("--live", "match new events")
    .addOption(hidden("--live-match"))
    .option("--no-live", "don't match new events")
    .option("--retro", "match past events")
    .addOption(hidden("--retro-match"))
    .option("--no-retro", "don't match past events")
    .option("--retro-match-max-events <number>", "most events an indicator in retro matching")
    .option("--subdomains", "domains match their subdomains too")
    .addOption(optionOf(MIN_CONFIDENCE))
    .addOption(optionOf(TLP))
    .option("--transform-context <command>", "command that turns an event into another")
    .addOption(
      new Option("-s, --sink <sink>", "where matches go instead of Threat Bus")
        .argParser(collect).default([], "none"),
    )
    .addOption(
      new Option("--format <format>", "form of what goes to sinks").choices(Object.keys(FORMATS)),
    )
    .addOption(
      new Option("--report <where>", "report to the bus, to the sinks, or to both")
        .choices(["auto", "threatbus", "sinks", "both"]),
    )
    .option("--state-dir <folder>", "where the spool and all that is remembered lies")
    .option("--no-spool", "keep nothing on disk: what is under way is lost with the process")
    .option("--metrics-listen <address>", "serve /metrics, /healthz and /readyz at host:port")
    .option("--fail-fast", "exit 2 when Threat Bus can't be reached at the start")
    .addOption(
      new Option("-l, --log-level <level>", "least level of log lines").choices(LOG_LEVELS),
    )
    .addOption(hidden("--loglevel <level>"))
    .action(async (flags: RunFlags) => {
      const { runRun } = await import("../run.ts");
      context.exitWith(await runRun(flags, context));
    });
  return withExamples(run, [
    ["as config.yaml says", "bridge run"],
    [
      "a bus of its own, live and retro over Suricata's logs, hits on standard output",
      "bridge run --bus embedded --live --logs /var/log/suricata --sink stdout",
    ],
    ["another bus, metrics for Prometheus", "bridge run -t bus:13370 --metrics-listen :9464"],
  ]);
}
