import { Command } from "commander";
import type { DatabaseSync } from "node:sqlite";
import { loadConfig } from "../../config/load.ts";
import { oneLine } from "../../controls.ts";
import {
  type Choice,
  type DeadLetter,
  dropDead,
  dropWaiting,
  listDead,
  retryDead,
} from "../../delivery/dead_letters.ts";
import { prepareSpool, spoolSummary } from "../../delivery/spool_tables.ts";
import { UsageError } from "../../errors.ts";
import { stateDirectory } from "../../state/directory.ts";
import { openExisting } from "../../state/state.ts";
import { type CliContext, EXIT, withExamples } from "../context.ts";

interface SpoolFlags {
  readonly config?: string;
  readonly stateDir?: string;
  readonly sink?: string;
  readonly all?: true;
  readonly waiting?: true;
  readonly json?: true;
}

/** `bridge spool list|retry|drop`: what waits for sinks, and what was given up. Works beside a running bridge. */
export function command(context: CliContext): Command {
  const list = common("list", "Show what waits for each sink, and the dead letters.")
    .option("--json", "print a JSON object for each dead letter, its body included")
    .action((flags: SpoolFlags) => withSpool(flags, context, (db) => print(db, flags, context)));
  const retry = choosing("retry", "Put dead letters back, to be delivered again.")
    .action((names: string[], flags: SpoolFlags) =>
      withSpool(
        flags,
        context,
        (db) => tell(context, "put back", retryDead(db, choiceOf(names, flags), Date.now())),
      )
    );
  const drop = choosing("drop", "Forget dead letters for good.")
    .option("--waiting", "all that still waits for the sink named by --sink, too")
    .action((names: string[], flags: SpoolFlags) =>
      withSpool(
        flags,
        context,
        (db) => tell(context, "dropped", dropChosen(db, names, flags)),
      )
    );
  const spool = new Command("spool")
    .description("Show and mend what could not be delivered.");
  withExamples(list, [["why was it given up", "bridge spool list"]]);
  withExamples(retry, [[
    "after mending a sink",
    "bridge spool retry --sink syslog+tcp://siem:601",
  ]]);
  withExamples(drop, [["one of them", "bridge spool drop 17"]]);
  withExamples(spool, [
    ["what waits, and what was given up", "bridge spool list"],
    ["try again what was given up", "bridge spool retry --all"],
  ]);
  return spool.addCommand(list).addCommand(retry).addCommand(drop);
}

function common(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option("-c, --config <file>", "the configuration file")
    .option("--state-dir <folder>", "where the spool lies")
    .option("--sink <label>", "only those of one sink");
}

function choosing(name: string, description: string): Command {
  return common(name, description)
    .argument("[dead...]", "numbers or ids, as spool list shows them")
    .option("--all", "all of them");
}

/** Nothing is chosen by accident: names, a sink, or --all. */
function choiceOf(names: readonly string[], { sink, all }: SpoolFlags): Choice {
  if (names.length === 0 && sink === undefined && all === undefined) {
    throw new UsageError("Which dead letters?", {
      hint: "Name them by number or id, or say --sink LABEL or --all. See bridge spool list.",
    });
  }
  return {
    ...(names.length === 0 ? {} : { names }),
    ...(sink === undefined ? {} : { sink }),
  };
}

function dropChosen(db: DatabaseSync, names: readonly string[], flags: SpoolFlags): number {
  if (flags.waiting && (flags.sink === undefined || names.length > 0)) {
    throw new UsageError("--waiting goes with --sink alone", {
      hint: "It gives up all that waits for one sink.",
    });
  }
  const dead = dropDead(db, choiceOf(names, flags));
  return flags.waiting ? dead + dropWaiting(db, flags.sink!) : dead;
}

async function withSpool(
  flags: SpoolFlags,
  context: CliContext,
  work: (db: DatabaseSync) => Promise<void>,
): Promise<void> {
  const { values } = await loadConfig({ file: flags.config, env: context.env });
  const db = openExisting(stateDirectory(flags.stateDir ?? values.state_dir, context.env));
  try {
    prepareSpool(db);
    await work(db);
  } finally {
    db.close();
  }
}

async function print(db: DatabaseSync, flags: SpoolFlags, context: CliContext): Promise<void> {
  const choice = flags.sink === undefined ? {} : { sink: flags.sink };
  if (!flags.json) {
    for (const { sink, waiting, dead } of spoolSummary(db)) {
      if (flags.sink !== undefined && flags.sink !== sink) continue;
      await context.print(`${oneLine(sink)}: ${waiting} waiting, ${dead} given up\n`);
    }
  }
  for (const letter of listDead(db, choice)) {
    await context.print(flags.json ? asJson(letter) : asLine(letter));
  }
}

function asLine(letter: DeadLetter): string {
  const { seq, sink, ioc, attempts, diedAt, error } = letter;
  const time = new Date(diedAt).toISOString().slice(0, 19) + "Z";
  const shown = ioc.length > 60 ? `${ioc.slice(0, 59)}…` : ioc;
  return `  ${seq}  ${time}  ${oneLine(sink)}  ${oneLine(shown)}  after ${attempts} tries: ${
    oneLine(error)
  }\n`;
}

function asJson({ body, queuedAt, diedAt, matchType, indicatorId, ...letter }: DeadLetter): string {
  return JSON.stringify({
    ...letter,
    match_type: matchType,
    indicator_id: indicatorId,
    queued_at: new Date(queuedAt).toISOString(),
    died_at: new Date(diedAt).toISOString(),
    body: new TextDecoder().decode(body),
  }) + "\n";
}

async function tell(context: CliContext, what: string, count: number): Promise<void> {
  await context.print(`${count} ${what}\n`);
  if (count === 0) context.exitWith(EXIT.nothing);
}
