import { Command } from "commander";
import { UsageError } from "../../errors.ts";
import { fieldGroups, fieldRecords, renderFields } from "../../match/fields/render.ts";
import { type CliContext, withExamples } from "../context.ts";

/** `bridge fields [NAME] [--json]`: which log field is which STIX property. */
export function command(context: CliContext): Command {
  return withExamples(
    new Command("fields")
      .description("Show which field of which log STIX patterns find at which object path.")
      .argument("[name]", "a log (http, conn, …) or a source (zeek, suricata)")
      .option("--json", "print one JSON object a line")
      .action(async (name: string | undefined, options: { json?: boolean }) => {
        const groups = fieldGroups(name);
        if (groups.length === 0) {
          throw new UsageError(`No log or source is called "${name}"`, {
            hint: "bridge fields without a name shows them all.",
          });
        }
        const text = options.json
          ? fieldRecords(groups).map((record) => JSON.stringify(record) + "\n").join("")
          : renderFields(groups);
        await context.print(text);
      }),
    [["everything that Zeek's logs give", "bridge fields zeek"], [
      "where user agents are",
      "bridge fields --json | jq -c 'select(.path | test(\"User-Agent\"))'",
    ]],
  );
}
