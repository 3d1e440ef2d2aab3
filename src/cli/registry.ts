import type { CommandModule } from "./context.ts";

/** A command as the tree shows it; its module is loaded when it is called. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

/** The command tree, in the order of `bridge --help`. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "retro",
    summary: "hunt: look IoCs up in logs, or in the past of a VAST node",
    load: () => import("./commands/retro.ts"),
  },
  {
    name: "run",
    summary: "subscribe to Threat Bus, match its indicators, report sightings",
    load: () => import("./commands/run.ts"),
  },
  {
    name: "snapshot",
    summary: "match the past of a Threat Bus once and print a summary",
    load: () => import("./commands/snapshot.ts"),
  },
  {
    name: "bus",
    summary: "run a Threat Bus",
    load: () => import("./commands/bus.ts"),
  },
  {
    name: "sinks",
    summary: "list where matches can go",
    load: () => import("./commands/sinks.ts"),
  },
  {
    name: "spool",
    summary: "show and mend what could not be delivered",
    load: () => import("./commands/spool.ts"),
  },
  {
    name: "engines",
    summary: "list where telemetry can be",
    load: () => import("./commands/engines.ts"),
  },
  {
    name: "fields",
    summary: "show which log field is which STIX property",
    load: () => import("./commands/fields.ts"),
  },
  {
    name: "pattern",
    summary: "explain a STIX pattern, or evaluate it on observed-data",
    load: () => import("./commands/pattern.ts"),
  },
  {
    name: "config",
    summary: "check, print or describe the configuration",
    load: () => import("./commands/config.ts"),
  },
  {
    name: "completions",
    summary: "print a completion script for a shell",
    load: () => import("./commands/completions.ts"),
  },
];
