import { formatPlace, InputError, UsageError } from "../errors.ts";
import { counted } from "./terminal.ts";
import type { AllowGuard } from "../intel/allow/mod.ts";
import type { IndicatorFilter } from "../intel/filter.ts";
import type { IndicatorSet } from "../intel/indicator.ts";
import { createIndicatorSet } from "../intel/indicator_set.ts";
import type { OwnIndicatorSet } from "../intel/own_indicator_set.ts";
import type { ReadReport } from "../intel/readers/mod.ts";
import { addValue } from "../intel/readers/value.ts";
import type { ObservableKind } from "../match/observable.ts";
import { type FilterConfig, filterOf } from "./indicator_sets.ts";

/** The flags that name IoCs. */
export interface IndicatorFlags {
  readonly ioc: readonly string[];
  readonly iocFile: readonly string[];
  readonly iocFormat?: string;
  readonly iocType?: string;
  readonly pattern: readonly string[];
  readonly skipInvalid?: true;
  readonly subdomains?: true;
  readonly allowList: readonly string[];
  readonly guard?: boolean;
  readonly expired?: true;
}

/** What of the configuration decides about IoCs. */
export interface IndicatorConfig extends FilterConfig {
  readonly allow_lists?: readonly string[] | undefined;
  readonly guard: boolean;
}

/** The indicators, and what there is to say of them when the hunt is over. */
export interface Gathered {
  readonly set: IndicatorSet;
  /** Warnings, each a line: invalid and ignored values, what allow-lists suppressed. */
  remarks(): Iterable<string>;
}

/** @throws UsageError when the command line names nothing to look for */
export function requireIndicators({ ioc, iocFile, pattern }: IndicatorFlags): void {
  if (ioc.length + iocFile.length + pattern.length > 0) return;
  throw new UsageError("Nothing to look for", {
    hint: "Name an IoC with --ioc, a list with --ioc-file, or a STIX pattern with --pattern.",
  });
}

/**
 * Gathers the indicators that the command line names.
 *
 * @throws InputError when one can't be read
 */
export async function gatherIndicators(
  flags: IndicatorFlags,
  config: IndicatorConfig,
): Promise<Gathered> {
  const guard = await guardOf(flags, config);
  let filter: IndicatorFilter | undefined = filterOf(config);
  const set = createIndicatorSet({
    subdomains: flags.subdomains === true,
    keepExpired: flags.expired === true,
    ...(guard && { guard, spare: guard.spare }),
    get filter() {
      return filter;
    },
  });
  const kind = flags.iocType as ObservableKind | undefined;
  const reports: ReadReport[] = [];
  const { skipInvalid } = flags;
  for (const value of flags.ioc) reports.push(addValue(set, value, { kind, skipInvalid }));
  for (const path of flags.iocFile) {
    const { fileInput, readIndicators } = await import("../intel/readers/mod.ts");
    reports.push(
      await readIndicators(set, fileInput(path), { format: flags.iocFormat, kind, skipInvalid }),
    );
  }
  // Like single values, patterns of the command line say nothing of themselves.
  filter = undefined;
  for (const pattern of flags.pattern) await putPattern(set, pattern);
  return { set, remarks: () => remarksOn(reports, set, guard) };
}

/** Who hunts may well hunt for a machine of their own, or for who called a group. */
const HUNTING = { privateAddresses: false, groupAddresses: false };

/** Allow-lists hold for all IoCs; the built-in guard only for those from files. */
async function guardOf(
  flags: IndicatorFlags,
  config: IndicatorConfig,
): Promise<AllowGuard | undefined> {
  const lists = [...config.allow_lists ?? [], ...flags.allowList];
  const builtIn = config.guard && flags.guard !== false;
  if (lists.length === 0 && (!builtIn || flags.iocFile.length === 0)) return undefined;
  const { loadGuard } = await import("../intel/allow/mod.ts");
  const { fileInput } = await import("../intel/readers/mod.ts");
  return await loadGuard(lists.map(fileInput), builtIn ? HUNTING : undefined);
}

function* remarksOn(
  reports: readonly ReadReport[],
  set: OwnIndicatorSet,
  guard: AllowGuard | undefined,
): Iterable<string> {
  for (const report of reports) {
    const { name, ignored, invalid, invalidCount, notes } = report;
    if (report.added + report.repeated + report.held + invalidCount + ignored.size === 0) {
      yield `${name}: there are no IoCs in it`;
    }
    for (const [note, count] of notes) yield `${name}: ${note} (${count})`;
    for (const [reason, count] of ignored) {
      // What the set held back is told below, for all sources.
      if (!set.heldBack.has(reason)) yield `${name}: ${count} not looked for: ${reason}`;
    }
    for (const { place, text, reason } of invalid) {
      yield `${formatPlace(place)}: skipped ${JSON.stringify(text)}: ${reason}`;
    }
    if (invalidCount > 0) yield `${name}: ${counted(invalidCount, "invalid value")} skipped`;
  }
  for (const [reason, count] of set.heldBack) {
    yield `${counted(count, "IoC")} not looked for: ${reason}${wayAround(reason)}`;
  }
  for (const [list, count] of guard?.spared ?? []) {
    yield `${counted(count, "hit")} not reported: allow-listed by ${list}`;
  }
}

/** The flag that looks for them all the same, if there is one. */
function wayAround(reason: string): string {
  if (reason === "expired") return " (--expired looks for them)";
  return reason.startsWith("matches almost everything") ? " (--no-guard looks for them)" : "";
}

async function putPattern(set: OwnIndicatorSet, pattern: string): Promise<void> {
  const { indicatorFromStix } = await import("../intel/from_stix.ts");
  const { stixUuid } = await import("../stix/ids.ts");
  const now = new Date().toISOString();
  const reading = indicatorFromStix({
    type: "indicator",
    spec_version: "2.1",
    id: `indicator--${stixUuid(pattern)}`,
    created: now,
    modified: now,
    pattern,
    pattern_type: "stix",
    valid_from: now,
  });
  if (reading.type !== "indicator") {
    throw new InputError(`Not a STIX pattern: ${reading.reason}`, {
      place: { key: "--pattern" },
      hint: `bridge pattern check ${JSON.stringify(pattern)} explains it.`,
    });
  }
  set.put(reading.indicator);
}
