import { getLogger } from "../../log.ts";
import type { JsonObject } from "../../json.ts";
import { withTimeout } from "../../wait.ts";
import type { Match, RetroHooks, RetroQuery } from "../engine.ts";
import type { Answers } from "./answer.ts";
import type { VastClient } from "./client.ts";
import { isFirst, type VastContext } from "./context.ts";
import { NodeAwayError, VastError } from "./errors.ts";
import { insteadOf } from "./fallback.ts";
import { isExact } from "./forms.ts";
import { chunk, planQuestions, queryOf, type Question, scalarQuestions } from "./plan.ts";
import { type FormContext, isAskable, type Layouts } from "./predicates.ts";
import type { Unit } from "./units.ts";
import { waitToRetry } from "./waiting.ts";

/** A node that is overloaded so often in a row is not going to bear this query. */
const OVERLOADS = 12;

/** A node that takes so long for a few rows tells nothing of its query forms, ms. */
const CHECK_TIMEOUT = 60_000;

/** What is to be done about a question that was not answered. */
type Verdict = "again" | "otherwise" | "refused" | "empty";

/** Makes a hunt: it asks for some units and delivers what comes. */
export function createHunt(
  context: VastContext,
  query: RetroQuery,
  answers: Answers,
  hooks: RetroHooks,
  deliver: (matches: readonly Match[]) => Promise<void>,
  signal: AbortSignal,
): (units: readonly Unit[]) => Promise<void> {
  const { client, health, lanes, pace, trust, timeout, patience } = context;
  const logger = getLogger(["bridge", "vast"]);
  const windowed = query.since !== undefined || query.until !== undefined;
  let bytesRead = 0, eventsRead = 0;
  let form: FormContext;
  /** Layouts whose events are all read. */
  const read = new Set<string>();
  /** Questions in recorded forms that were refused: of those a value is the cause. */
  let refusals = 0;

  return async (units) => {
    const subdomains = query.indicators.iocs.options.subdomains === true;
    form = { layouts: await knownLayouts(), subdomains };
    for (const unit of units) if (!isAskable(unit.value)) unaskable(unit);
    const questions = planQuestions(units, form, pace.size, trust);
    for (const { where } of questions) if (where.type === "layout") read.add(where.layout);
    const checked = questions.some(isNamed) ? checkForms() : undefined;
    await askAll(questions);
    if (checked !== undefined && !(await checked)) {
      const named = questions.filter(isNamed).flatMap(({ units }) => units);
      await askAll(scalarQuestions(named, form, pace.size, "plain"));
    }
    const last = answers.end();
    if (last.length > 0) await deliver(last);
  };

  /** Asks all to the end before it rejects with the first error, so that none is left behind. */
  async function askAll(questions: readonly Question[]): Promise<void> {
    const results = await Promise.allSettled(questions.map(ask));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  /** Whether the node finds what it holds by the forms that were not recorded; if it can't tell, it does. */
  async function checkForms(): Promise<boolean> {
    try {
      return await trust.check(askRows, form.layouts);
    } catch (error) {
      if (!signal.aborted) logger.debug`The query forms could not be checked: ${error}`;
      return true;
    }
  }

  async function askRows(query: string, maxEvents: number): Promise<JsonObject[]> {
    const leave = await lanes.enter(signal);
    try {
      return await client.rows({ query, maxEvents }, withTimeout(signal, CHECK_TIMEOUT));
    } finally {
      leave();
    }
  }

  /** A version that does not tell its layouts is asked for all that VAST's schemas have. */
  async function knownLayouts(): Promise<Layouts> {
    for (let attempt = 0, start = Date.now();; attempt++) {
      try {
        const layouts = await client.layouts(signal);
        health.up();
        return layouts;
      } catch (error) {
        if (error instanceof NodeAwayError) await waitForNode(error, attempt, start);
        else if (!(error instanceof VastError)) throw error;
        else if (error.failure === "overloaded" && attempt < OVERLOADS) {
          await waitToRetry(attempt, signal);
        } else return undefined;
      }
    }
  }

  async function waitForNode(error: NodeAwayError, attempt: number, start: number): Promise<void> {
    if (isFirst(context) || Date.now() - start > patience) throw error;
    health.away(error);
    await waitToRetry(attempt, signal);
  }

  async function ask(question: Question): Promise<void> {
    const start = Date.now();
    const told = { overloads: 0, unknown: 0, empty: 0 };
    for (let attempt = 0;; attempt++) {
      const leave = await lanes.enter(signal);
      // The pace may have changed while the question waited.
      const parts = split(question);
      if (parts.length > 1) {
        leave();
        return await askAll(parts);
      }
      try {
        const rest = await attemptOnce(question);
        health.up();
        lanes.widen();
        leave();
        return await askAll(rest);
      } catch (error) {
        leave();
        signal.throwIfAborted();
        const verdict = await judge(error, told, attempt, start);
        if (verdict === "empty") return;
        if (verdict !== "again") {
          return await askOtherwise(question, verdict === "refused", error as Error);
        }
      }
    }
  }

  function split({ units, where }: Question): Question[] {
    if (where.type !== "scalars" || units.length <= pace.size * 1.5) return [{ units, where }];
    return chunk(units, pace.size, () => 1).map((units) => ({ units, where }));
  }

  async function judge(
    error: unknown,
    told: { overloads: number; unknown: number; empty: number },
    attempt: number,
    start: number,
  ): Promise<Verdict> {
    if (error instanceof NodeAwayError) {
      if (error.reason === "cut_short" && ++told.empty === 1) return "again";
      // VAST says the same of a query that no partition of its index can answer; then it is still there.
      const away = error.reason === "cut_short" ? await stillThere() : error;
      if (away === undefined) return "empty";
      told.empty = 0;
      await waitForNode(away, attempt, start);
      return "again";
    }
    if (!(error instanceof VastError)) throw error;
    switch (error.failure) {
      case "overloaded":
        lanes.narrow();
        if (++told.overloads > OVERLOADS && patience !== Infinity) throw error;
        logger.debug`${error.message}; ${lanes.width} queries at once from now on`;
        await waitToRetry(told.overloads, signal);
        return "again";
      case "unknown":
        return ++told.unknown > 1 ? "otherwise" : "again";
      case "timeout":
        return "otherwise";
      case "refused":
        return "refused";
      default:
        throw error;
    }
  }

  /** Why the node does not answer; undefined if it does. */
  async function stillThere(): Promise<NodeAwayError | undefined> {
    try {
      await client.check(signal);
      return undefined;
    } catch (error) {
      if (error instanceof NodeAwayError) return error;
      throw error;
    }
  }

  async function askOtherwise(question: Question, refused: boolean, error: Error): Promise<void> {
    const others = insteadOf(question, refused, form, pace.size, trust, read);
    const named = isNamed(question);
    if (refused && !named) refusals++;
    if (others === undefined) return culprit(question, error);
    const before = refusals;
    await askAll(others);
    if (refused && named && refusals === before) {
      trust.distrustNamed("refuses lists of texts on fields by name");
    }
  }

  function culprit({ units, where }: Question, { message }: Error): void {
    const what = where.type === "layout" ? `events of ${where.layout}` : units[0]!.value;
    hooks.trouble?.({
      source: client.endpoint,
      what: `${what} could not be looked up (${message})`,
      count: 1,
      unread: true,
    });
  }

  function unaskable({ value }: Unit): void {
    hooks.trouble?.({
      source: client.endpoint,
      what: `${JSON.stringify(value)} can't be asked for, as no query can hold it`,
      count: 1,
      unread: false,
    });
  }

  /** Asks once; returns what is to be asked anew because the limit of events cut the answer. */
  async function attemptOnce(question: Question): Promise<readonly Question[]> {
    const text = queryOf(question, form);
    if (text === "") return [];
    const started = performance.now();
    const limit = withTimeout(signal, timeout);
    const maxEvents = limitOf(question);
    const answer = answers.begin();
    const output = client.export({ query: text, maxEvents }, limit);
    try {
      const limited = await readAnswer(output, question, answer);
      if (question.where.type === "scalars") {
        pace.took(question.units.length, (performance.now() - started) / 1000);
      }
      return limited ? anew(question, answers) : [];
    } catch (error) {
      if (limit.aborted && !signal.aborted) {
        throw new VastError("timeout", `no answer within ${timeout / 1000} s`);
      }
      throw error;
    } finally {
      if (answer.odd > 0) oddRows(answer.odd);
    }
  }

  async function readAnswer(
    output: ReturnType<VastClient["export"]>,
    { units, where }: Question,
    answer: ReturnType<Answers["begin"]>,
  ): Promise<boolean> {
    try {
      while (true) {
        const next = await output.next();
        if (next.done) {
          // Its log may be silenced: then only the node itself tells that it did not stop midway.
          if (!next.value.sure) await client.check(signal);
          return next.value.limited;
        }
        // A row that was cut is no answer; how the query ended tells why.
        if (next.value.cut) continue;
        const before = answer.rows;
        const matches = answer.take(next.value);
        progress(next.value.bytes.length, answer.rows - before);
        if (matches.length > 0) await deliver(matches);
        if (where.type !== "layout" && units.every(isDone)) return false;
      }
    } finally {
      // Left early, it takes its process with it.
      await output.return({ limited: false, sure: false });
    }
  }

  function isDone({ handles, compound }: Unit): boolean {
    return !compound && handles.every(answers.isFull);
  }

  /** VAST counts events for the whole query, so greedy members may use up what others need. */
  function limitOf({ units, where }: Question): number {
    if (query.maxEvents === 0 || windowed || where.type === "layout") return 0;
    if (units.some(({ compound }) => compound)) return 0;
    if (units.length > 1) return Math.max(1000, 2 * query.maxEvents * units.length);
    return isExact(units[0]!) && units[0]!.handles.length === 1 ? query.maxEvents : 0;
  }

  function anew({ units, where }: Question, answers: Answers): Question[] {
    const rest = units.filter(({ handles }) => !handles.every(answers.isFull));
    if (units.length === 1 || rest.length === 0) return [];
    if (rest.length < units.length) return [{ units: rest, where }];
    const middle = rest.length >> 1;
    return [{ units: rest.slice(0, middle), where }, { units: rest.slice(middle), where }];
  }

  function oddRows(count: number): void {
    const what = "rows that VAST gave are no JSON objects";
    hooks.trouble?.({ source: client.endpoint, what, count, unread: true });
  }

  function progress(bytes: number, rows: number): void {
    bytesRead += bytes;
    eventsRead += rows;
    hooks.progress?.({ bytesRead, eventsRead, source: client.endpoint });
  }
}

function isNamed({ where }: Question): boolean {
  return where.type === "scalars" && where.style === "named";
}
