import { getLogger } from "../../log.ts";
import type { Queue } from "../../delivery/queue.ts";
import type { Engine, Match } from "../../engines/engine.ts";
import type { IndicatorSet } from "../../intel/indicator.ts";
import type { OwnIndicatorSet } from "../../intel/own_indicator_set.ts";
import type { Handle } from "../../match/set.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { ThreatBusClient } from "../../threatbus/client.ts";
import { sleep } from "../../wait.ts";
import type { Aggregation } from "../aggregate.ts";
import { createGatherer } from "../gather.ts";
import { createReport, type Transform } from "../report.ts";
import { type Channels, createLanes } from "./lanes.ts";
import type { IndicatorStore } from "./indicator_store.ts";
import { createBegun } from "./begun.ts";
import { catchUp, tasksFor } from "./hunts.ts";
import { takeIn } from "./intake.ts";
import { liveLoop } from "./live_loop.ts";
import { type Filters, readmitOnChange } from "./readmit.ts";
import { createUnsupportedTeller } from "./unsupported.ts";
import { retroLoop, type RetroTask } from "./retro_loop.ts";

const logger = getLogger(["bridge", "run"]);

/** The parts that `run` joins, all open. */
export interface RunParts {
  readonly client: Pick<ThreatBusClient, "batches">;
  readonly engine: Engine;
  readonly indicators: OwnIndicatorSet;
  /** Makes a set for one retro hunt for so many, with the same ways of matching. */
  readonly createSet: (count: number) => IndicatorSet;
  readonly filters: Filters;
  readonly store: IndicatorStore | undefined;
  readonly queue: Queue;
  readonly channels: Channels;
  readonly transform?: Transform;
  /** Makes one sighting of many events, for who takes that. */
  readonly aggregation?: Aggregation | undefined;
  readonly metrics: Metrics;
}

/** What `run` does with them; times in ms. */
export interface RunSettings {
  readonly live: boolean;
  readonly retro: boolean;
  readonly maxEvents: number;
  readonly retroTimeout: number;
  readonly batchSize: number;
  readonly batchDelay: number;
  readonly maxBackgroundTasks: number;
  readonly maxAttempts: number;
  readonly maxAge: number;
  readonly shutdownTimeout: number;
  /** Sinks that take no windows get nothing while hits are aggregated. */
  readonly dropEvents: boolean;
}

const ALIVE_EVERY = 10_000;
/** How long at most after its `valid_from` or `valid_until` an indicator begins or ends, ms. */
const LATENESS = 1000;
/** Most indicators that begin or end to be valid at once. */
const TICK = 500;
/** Most messages of the bus that are taken at once. */
const INTAKE = 1000;

/**
 * Takes indicators in, matches them against past and stream, and delivers until
 * the signal aborts; then drains for at most `shutdownTimeout`. What is not done
 * by then stays in the state.
 *
 * @throws ClosedPipe when standard output is a sink and its reader is gone
 */
export async function run(
  parts: RunParts,
  settings: RunSettings,
  signal: AbortSignal,
): Promise<void> {
  const { engine, indicators, filters, queue, channels, metrics, store, aggregation } = parts;
  /** Ends everything at once. */
  const end = new AbortController();
  /** Nothing new comes in; what is there goes out. */
  const drain = new AbortController();
  const stopping = AbortSignal.any([signal, end.signal]);
  const report = countedReport(parts, settings);
  const tasks = createGatherer<RetroTask>({ size: settings.batchSize, delay: settings.batchDelay });
  // An engine that is not followed has no moments to tell apart.
  const mark = settings.live && settings.retro ? engine.mark : undefined;
  const atStart = mark?.();
  const push = settings.retro ? tasks.push : () => Promise.resolve();

  const fail = (error: unknown) => {
    failure ??= { error };
    end.abort(error);
  };
  let failure: { readonly error: unknown } | undefined;
  const watch = (work: Promise<void>) =>
    work.catch((error) => stopping.aborted ? undefined : fail(error));

  const unsupported = createUnsupportedTeller(engine, metrics);
  await unsupported.tellOf(indicators);
  const intake = async () => {
    // Whoever sees an indicator here may count on it: events from then on are matched.
    if (settings.live) await engine.begun?.(stopping);
    await takeIn(parts.client.batches(INTAKE), {
      set: indicators,
      store,
      metrics,
      mark,
      hunt: settings.retro
        ? (fresh, given) =>
          push(tasksFor(fresh, (handle) => store?.heldAs(handle), settings.live), given)
        : undefined,
      onTaken: unsupported.tell,
    }, stopping);
  };

  const onTaken = unsupported.tell;
  const begun = createBegun({ indicators, store, mark, push, onTaken });
  const sources = [
    watch(intake()),
    ...(store === undefined || !settings.retro ? [] : [
      watch(
        catchUp({ store, engine, indicators, live: settings.live, end: atStart, push }, stopping),
      ),
    ]),
    watch(keepTime({ indicators, store, metrics, onBegun: begun.add }, stopping)),
    watch(begun.run(stopping)),
    watch(readmitOnChange({
      set: indicators,
      filters,
      store,
      hunt: (handle, indicator, given) =>
        push([{ handle, indicator, revision: store?.revision ?? 0, end: mark?.() }], given),
      onChanged: (added, removed) => tellOfChange(metrics, indicators.size, added, removed),
    }, stopping)),
    ...(aggregation === undefined ? [] : [watch(aggregation.run(stopping))]),
    ...(settings.live ? [watch(liveLoop({ engine, indicators, metrics, report }, stopping))] : []),
  ];
  const retro = retroLoop({
    engine,
    tasks,
    holds: indicators.holds,
    createSet: parts.createSet,
    maxEvents: settings.maxEvents,
    timeout: settings.retroTimeout,
    report,
    metrics,
    ...(store === undefined ? {} : { onDone: store.done }),
  }, end.signal).catch(fail);
  const lanes = createLanes(
    { queue, metrics, ...settings, onFailed: fail },
    drain.signal,
    end.signal,
  );
  lanes.follow(channels);

  await untilAborted(stopping);
  if (signal.aborted) logger.info("Stopping: what was found is delivered, a second signal ends it");
  const late = setTimeout(() => {
    logger.warn("Not all was done within shutdown_timeout; the rest stays for the next start");
    end.abort();
  }, settings.shutdownTimeout);
  try {
    // What waits for a disk without room, or for a sink that hears no signal, must not hold us.
    const inTime = (work: Promise<unknown>) => Promise.race([work, untilAborted(end.signal)]);
    await inTime(Promise.all(sources));
    tasks.end();
    await inTime(retro);
    await inTime(aggregation?.emit("all", end.signal) ?? Promise.resolve());
    drain.abort();
    await inTime(lanes.ended());
    await inTime(store?.alive(Date.now()) ?? Promise.resolve());
    tellOfRest(parts);
  } finally {
    clearTimeout(late);
    end.abort();
  }
  if (failure !== undefined) throw failure.error;
}

/** What could not be delivered on the way out. */
function tellOfRest({ queue, channels, store }: RunParts): void {
  for (const { label } of channels.current) {
    const waiting = queue.waiting(label);
    if (waiting === 0) continue;
    if (store === undefined) {
      logger.error("{waiting} matches for {label} are lost: nothing keeps them", {
        waiting,
        label,
      });
    } else {
      logger.warn("{waiting} matches wait for {label} until the next start", { waiting, label });
    }
  }
}

function countedReport(parts: RunParts, settings: RunSettings) {
  const { queue, channels, transform, metrics, aggregation } = parts;
  return createReport({
    targets: () => channels.current,
    queue,
    aggregation,
    dropEvents: settings.dropEvents,
    parallel: Math.min(settings.maxBackgroundTasks, 64),
    ...(transform === undefined ? {} : { transform }),
    onReported(matches: readonly Match[], fresh) {
      const live = matches.filter(({ type }) => type === "LIVE").length;
      metrics.sighting("LIVE", live);
      metrics.sighting("RETRO", matches.length - live);
      metrics.suppressed("duplicate", matches.length - fresh);
      if (queue.dropped > 0) metrics.dropped(queue.dropped);
    },
  });
}

function tellOfChange(metrics: Metrics, size: number, added: number, removed: number): void {
  metrics.indicators(size);
  if (added + removed === 0) return;
  logger.info("By the new filters {added} more indicators are looked for, {removed} no longer", {
    added,
    removed,
  });
}

/** Lets indicators begin and end to be valid, and notes that this process is alive. */
async function keepTime(
  { indicators, store, metrics, onBegun }:
    & Pick<RunParts, "indicators" | "store" | "metrics">
    & { readonly onBegun: (handles: readonly Handle[]) => void },
  signal: AbortSignal,
): Promise<void> {
  for (let noted = -Infinity; !signal.aborted;) {
    const now = Date.now();
    // A whole feed may end at the same moment.
    for (; indicators.nextTick <= now && !signal.aborted; await sleep(0, signal)) {
      indicators.tick(now, TICK);
      onBegun(indicators.takeBegun());
    }
    // Some began as others were put.
    onBegun(indicators.takeBegun());
    metrics.indicators(indicators.size);
    if (now - noted >= ALIVE_EVERY) {
      noted = now;
      await store?.alive(now);
    }
    // What comes meanwhile may be due before what is known now.
    await sleep(Math.min(LATENESS, Math.max(100, indicators.nextTick - now)), signal);
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
