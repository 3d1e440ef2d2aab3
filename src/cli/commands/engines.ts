import { Command } from "commander";
import type { EngineSpec } from "../../engines/engine.ts";
import { ENGINES } from "../../engines/registry.ts";
import { type CliContext, withExamples } from "../context.ts";

/** `bridge engines list [--json]`: what the engine modules say of themselves. */
export function command(context: CliContext): Command {
  const list = withExamples(
    new Command("list")
      .description("List every engine with what it can look up, and its limits.")
      .option("--json", "print a JSON array")
      .action(async (options: { json?: boolean }) => {
        const modules = await Promise.all(Object.values(ENGINES).map((engine) => engine.load()));
        const specs = modules.map((module) => module.spec);
        const text = options.json
          ? JSON.stringify(specs, null, 2) + "\n"
          : specs.map(describe).join("\n");
        await context.print(text);
      }),
    [
      ["show all engines", "bridge engines list"],
      [
        "the limits of one",
        "bridge engines list --json | jq '.[] | select(.name == \"vast\").limits'",
      ],
    ],
  );
  return withExamples(
    new Command("engines").description("Show where telemetry can be.").addCommand(list),
    [["every engine, what it can do and its limits", "bridge engines list"]],
  );
}

function describe(spec: EngineSpec): string {
  return [
    `${spec.name}: ${spec.summary}`,
    `  kinds     ${spec.kinds.join(", ")}`,
    `  retro     ${spec.retro}`,
    `  live      ${spec.live}`,
    `  batching  ${spec.batching}`,
    ...spec.limits.map((limit, at) => `  ${at === 0 ? "limits  " : "        "}  ${limit}`),
    "",
  ].join("\n");
}
