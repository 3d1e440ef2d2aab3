import { getLogger } from "../log.ts";
import { type Sink, SinkError } from "../../sinks/sink.ts";
import { backoff, type BackoffOptions } from "../backoff.ts";
import { isClosedPipe } from "../errors.ts";
import { sleep, toError } from "../wait.ts";
import type { Queue, Queued } from "./queue.ts";
import { createReceipts, type Receipts } from "./receipts.ts";

const logger = getLogger(["bridge", "delivery"]);

/** When a sink's failures become dead letters. */
export interface WorkerOptions {
  /** Tries before a delivery is given up; 0 is unlimited. */
  readonly maxAttempts: number;
  /** Age at which an undelivered match is given up, ms; 0 is unlimited. */
  readonly maxAge: number;
  readonly backoff?: BackoffOptions;
  readonly onDelivered?: (count: number) => void;
  readonly onFailure?: (error: Error) => void;
  readonly onDead?: (count: number) => void;
}

const BACKOFF: BackoffOptions = { initial: 200, maximum: 60_000 };
/** Most deliveries handed to a sink at once. */
const BATCH = 2000;
/** After so many failures in a row one delivery may be to blame rather than the sink. */
const SUSPICIOUS = 3;

/**
 * Takes what waits for one sink to it, in order and at least once, until the
 * signal aborts; a failure is tried again with backoff. The first try after one is with
 * a single delivery and each success doubles that: a receiver that takes what it is sent
 * and answers too late gets little of it again. Where failures go on, those that fail let
 * the others pass, so that one that a sink can't take does not hold up the rest. After `drain` aborts
 * it ends as soon as nothing waits, or at the first failure.
 *
 * @throws ClosedPipe when the reader of standard output is gone
 */
export async function deliverQueue(
  label: string,
  sink: Sink,
  queue: Queue,
  options: WorkerOptions,
  drain: AbortSignal,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  /** Deliveries to try at once. */
  let window = BATCH;
  /** Deliveries to try alone, after a batch was refused for good. */
  let single = 0;
  const receipts = createReceipts(queue, label, options.onDelivered);
  /** Deliveries that let others pass, by their place in the queue, with when they are due. */
  const held = new Map<number, number>();
  const either = AbortSignal.any([drain, signal]);
  while (!signal.aborted) {
    const batch = takeNext(queue, label, held, single > 0 ? 1 : window, failures);
    if (batch.length === 0) {
      if (drain.aborted) return;
      await arrivalOrDue(queue, held, either);
      continue;
    }
    const outcome = await attempt(sink, batch, receipts, signal);
    const isProbe = batch.length === 1 && held.delete(batch[0]!.seq);
    single = Math.max(0, single - (batch.length - outcome.undelivered.length));
    if (outcome.error === undefined) {
      if (failures > 0) logger.info("{label} takes deliveries again", { label });
      failures = 0;
      window = Math.min(BATCH, window * 2);
      continue;
    }
    if (signal.aborted) return;
    const { error } = outcome;
    options.onFailure?.(error);
    if (!isProbe && failures++ === 0) logger.warn("{label} failed: {error}", { label, error });
    if (isFinal(error) && batch.length > 1) {
      // One of them is to blame: each is tried alone, so that only that one is given up.
      single = outcome.undelivered.length;
      continue;
    }
    const dead = await giveUp(label, queue, outcome.undelivered, error, options);
    single = Math.max(0, single - dead);
    if (dead > 0 && dead === outcome.undelivered.length) continue;
    if (drain.aborted) return;
    const [first] = outcome.undelivered;
    if (isAway(error)) single = 0;
    else {
      window = 1;
      if (batch.length === 1 && first !== undefined && (isProbe || failures >= SUSPICIOUS)) {
        held.set(
          first.seq,
          performance.now() + backoff(first.attempts + 1, options.backoff ?? BACKOFF),
        );
        if (isProbe) continue;
      }
    }
    await sleep(retryDelay(error, failures, options), either);
  }
}

/**
 * The oldest that are not held back, at most `limit`. One that was held back and is
 * due again comes alone, while the sink is well or when nothing else waits.
 */
function takeNext(
  queue: Queue,
  label: string,
  held: Map<number, number>,
  limit: number,
  failures: number,
): readonly Queued[] {
  const rows = queue.peek(label, 0, limit + held.size);
  if (held.size === 0) return rows;
  forgetGone(held, rows);
  const now = performance.now();
  const fresh = rows.filter(({ seq }) => !held.has(seq)).slice(0, limit);
  const due = rows.find(({ seq }) => (held.get(seq) ?? Infinity) <= now);
  return due !== undefined && (failures === 0 || fresh.length === 0) ? [due] : fresh;
}

/** Those that were dropped meanwhile (the spool was full, or `bridge spool drop`) are due no more. */
function forgetGone(held: Map<number, number>, rows: readonly Queued[]): void {
  const here = new Set(rows.map(({ seq }) => seq));
  const last = rows.at(-1)?.seq ?? Infinity;
  for (const seq of held.keys()) if (seq < last && !here.has(seq)) held.delete(seq);
}

/** Shortest wait for what is due: it may lie behind much that is read first. */
const LEAST_WAIT = 20;

async function arrivalOrDue(
  queue: Queue,
  held: Map<number, number>,
  signal: AbortSignal,
): Promise<void> {
  const due = Math.min(...held.values());
  if (due === Infinity) return await queue.arrival(signal);
  const timer = new AbortController();
  const clock = setTimeout(() => timer.abort(), Math.max(LEAST_WAIT, due - performance.now()));
  await queue.arrival(AbortSignal.any([signal, timer.signal]));
  clearTimeout(clock);
}

interface Outcome {
  readonly undelivered: readonly Queued[];
  readonly error?: Error;
}

/** What is confirmed is out of the queue when this resolves. */
async function attempt(
  sink: Sink,
  batch: readonly Queued[],
  receipts: Receipts,
  signal: AbortSignal,
): Promise<Outcome> {
  let told = 0;
  const progress = (count: number) => receipts.add(batch.slice(told, told += count));
  let outcome: Outcome = { undelivered: [] };
  try {
    await sink.write(batch, signal, progress);
  } catch (error) {
    outcome = { undelivered: undeliveredOf(batch.slice(told), error), error: toError(error) };
  }
  const missing = new Set(outcome.undelivered);
  receipts.add(batch.slice(told).filter((one) => !missing.has(one)));
  await receipts.done();
  return outcome;
}

/** What may not have arrived of those that the sink has not told of. */
function undeliveredOf(rest: readonly Queued[], error: unknown): readonly Queued[] {
  if (isClosedPipe(error)) throw error;
  // An error that names nothing leaves open what arrived: all of it goes again.
  if (!(error instanceof SinkError) || error.undelivered.length === 0) return rest;
  const missing = new Set(error.undelivered.map(({ id }) => id));
  return rest.filter(({ id }) => missing.has(id));
}

function isAway(error: Error): boolean {
  return error instanceof SinkError && error.away;
}

function isFinal(error: Error): boolean {
  return error instanceof SinkError && !error.retryable;
}

/** Buries what will never arrive or has waited too long; counts a try for the rest. */
async function giveUp(
  label: string,
  queue: Queue,
  undelivered: readonly Queued[],
  error: Error,
  { maxAttempts, maxAge, onDead }: WorkerOptions,
): Promise<number> {
  const now = Date.now();
  const isOver = (one: Queued) =>
    isFinal(error) || (maxAttempts > 0 && one.attempts + 1 >= maxAttempts) ||
    (maxAge > 0 && now - one.queuedAt > maxAge);
  const dead = undelivered.filter(isOver);
  const alive = undelivered.filter((one) => !isOver(one));
  if (alive.length > 0) await queue.failed(label, alive);
  if (dead.length === 0) return 0;
  await queue.bury(label, dead, error.message);
  onDead?.(dead.length);
  logger.error("Gave up {count} deliveries to {label}: {error}. See bridge spool list", {
    count: dead.length,
    label,
    error,
  });
  return dead.length;
}

function retryDelay(error: Error, failures: number, options: WorkerOptions): number {
  const asked = error instanceof SinkError ? error.retryAfter : undefined;
  return Math.max(asked ?? 0, backoff(failures - 1, options.backoff ?? BACKOFF));
}
