import { getLogger } from "../../log.ts";
import { parseSinkSpec, type ResolvedSink } from "../../../sinks/registry.ts";
import type { Config } from "../../config/config.ts";
import { openNowOrLater } from "../../delivery/open_later.ts";
import { oneAtATime } from "../../delivery/serial.ts";
import { ConfigError } from "../../errors.ts";
import { loadFormat } from "../../formats/registry.ts";
import { BUS_BACKOFF, busSink } from "../../pipeline/run/bus_sink.ts";
import type { Channel, Channels } from "../../pipeline/run/lanes.ts";
import type { ThreatBusClient } from "../../threatbus/client.ts";
import { sleep } from "../../wait.ts";
import type { RunFlags } from "../commands/run.ts";
import type { CliContext } from "../context.ts";
import { sinksInUse } from "../settings.ts";

const logger = getLogger(["bridge", "run"]);

/** Open channels that follow the configuration. */
export interface ConfiguredChannels extends Channels {
  /**
   * Opens what the configuration has that was not there, and closes what it no longer
   * has; what stays opens its files anew. Nothing changes if something can't be opened.
   */
  configure(config: Config): Promise<{ readonly added: string[]; readonly removed: string[] }>;
  /** Closes all; those that take longer, ms, are left to end by themselves. */
  close(within: number): Promise<void>;
}

/** A channel with the words of the configuration that it was made from. */
interface Entry {
  readonly key: string;
  readonly channel: Channel;
}

/** What a channel is to be made from. */
interface Plan {
  readonly key: string;
  readonly label: string;
  readonly open: () => Promise<Channel>;
}

/** Makes channels for sinks of flags or configuration and for the bus; none is open yet. */
export function createChannels(
  flags: RunFlags,
  client: ThreatBusClient,
  context: CliContext,
): ConfiguredChannels {
  let entries: readonly Entry[] = [];
  const channels: ConfiguredChannels = {
    get current() {
      return entries.map(({ channel }) => channel);
    },
    async configure(config) {
      const plans = await plan(config, flags, client, context);
      const before = new Map(entries.map((entry) => [entry.key, entry]));
      const opened: Entry[] = [];
      const next: Entry[] = [];
      try {
        for (const { key, open } of plans) {
          const known = before.get(key);
          const entry = known ?? { key, channel: await open() };
          if (known === undefined) opened.push(entry);
          next.push(entry);
        }
      } catch (error) {
        for (const { channel } of opened) await channel.sink.close().catch(() => {});
        throw error;
      }
      const kept = new Set(next);
      const gone = entries.filter((entry) => !kept.has(entry));
      const stayed = next.filter((entry) => !opened.includes(entry));
      entries = next;
      channels.onChange?.();
      await Promise.all([
        ...gone.map(({ channel }) => closeLoudly(channel)),
        ...stayed.map(({ channel }) => reopen(channel)),
      ]);
      return { added: labelsOf(opened), removed: labelsOf(gone) };
    },
    async close(within) {
      await Promise.all(entries.map(({ channel }) => closeInTime(channel, within)));
    },
  };
  return channels;
}

function labelsOf(entries: readonly Entry[]): string[] {
  return entries.map(({ channel }) => channel.label);
}

async function reopen({ label, sink }: Channel): Promise<void> {
  try {
    await sink.reopen?.();
  } catch (error) {
    // The next write tries again and says more.
    logger.warn("{label} could not be opened anew: {error}", { label, error });
  }
}

async function closeLoudly({ label, sink }: Channel): Promise<void> {
  try {
    await sink.close();
  } catch (error) {
    logger.warn("{label} did not close well: {error}", { label, error });
  }
}

/** A child that does not end must not keep us from ending. */
async function closeInTime(channel: Channel, within: number): Promise<void> {
  const over = new AbortController();
  const late = sleep(within, over.signal).then(() => "late");
  if (await Promise.race([closeLoudly(channel), late]) === "late") {
    logger.warn("{label} did not close within shutdown_timeout", { label: channel.label });
  }
  over.abort();
}

async function plan(
  config: Config,
  flags: RunFlags,
  client: ThreatBusClient,
  context: CliContext,
): Promise<Plan[]> {
  const { report } = config;
  const entries = sinksInUse(flags.sink, config);
  const plans: Plan[] = [];
  if (report === "threatbus" || report === "both" || (report === "auto" && entries.length === 0)) {
    const open = async () => ({
      label: "threatbus",
      format: await loadFormat("sighting", { bus: true }),
      sink: busSink(client, context.signal),
      backoff: BUS_BACKOFF,
    });
    plans.push({ key: "threatbus", label: "threatbus", open });
  }
  if (report === "threatbus") return plans;
  if (report === "sinks" && entries.length === 0) {
    throw new ConfigError("Matches are to go to sinks, and none is named", {
      place: { key: "report" },
      hint: "Name one with --sink or the key sinks, or leave report out.",
    });
  }
  const labels = new Set<string>();
  for (const entry of entries) {
    const resolved = await parseSinkSpec(entry, { commands: true });
    let label = resolved.label;
    for (let number = 2; labels.has(label); number++) label = `${resolved.label} #${number}`;
    labels.add(label);
    const format = resolved.format ?? config.format;
    plans.push({
      key: JSON.stringify([label, entry, format]),
      label,
      open: () => openChannel(resolved, label, format, context),
    });
  }
  return plans;
}

async function openChannel(
  { module, options }: ResolvedSink,
  label: string,
  formatName: string,
  { env, signal }: CliContext,
): Promise<Channel> {
  const format = await loadFormat(formatName as Config["format"]);
  const head = format.head?.();
  const lent = { env, ...(head === undefined ? {} : { head }) };
  const sink = await openNowOrLater(
    label,
    (signal) => module.open(options, lent, signal),
    signal,
  );
  return { label, format, sink: oneAtATime(sink) };
}
