import { Command } from "commander";
import { type CliContext, withExamples } from "../context.ts";
import { optionOf } from "../options.ts";
import { RETRO_FLAGS, type RetroFlags } from "../retro_flags.ts";

/** `bridge retro`: looks IoCs up in past events. */
export function command(context: CliContext): Command {
  const retro = new Command("retro")
    .description("Hunt: look IoCs up in logs, or in the past of a VAST node.")
    .addHelpText("after", "\nExit codes: 0 matched, 1 nothing matched, 2 error or incomplete.")
    .action(async (flags: RetroFlags) => {
      const { runRetro } = await import("../retro.ts");
      context.exitWith(await runRetro(flags, context));
    });
  for (const flag of RETRO_FLAGS) retro.addOption(optionOf(flag));
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
