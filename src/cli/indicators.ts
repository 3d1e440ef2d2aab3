import { InputError, UsageError } from "../errors.ts";
import type { IndicatorSet } from "../intel/indicator.ts";
import { createIndicatorSet, type OwnIndicatorSet } from "../intel/indicator_set.ts";
import { observe } from "../intel/observe.ts";
import { OBSERVABLE_KINDS, type ObservableKind } from "../match/observable.ts";

/** The flags that name IoCs. */
export interface IndicatorFlags {
  readonly ioc: readonly string[];
  readonly iocFile: readonly string[];
  readonly iocFormat?: string;
  readonly iocType?: string;
  readonly pattern: readonly string[];
  readonly skipInvalid?: true;
  readonly subdomains?: true;
}

/**
 * Gathers the indicators that the command line names.
 *
 * @throws UsageError when none is named, InputError (or several) when one can't be read
 */
export async function gatherIndicators(flags: IndicatorFlags): Promise<IndicatorSet> {
  if (flags.ioc.length + flags.iocFile.length + flags.pattern.length === 0) {
    throw new UsageError("Nothing to look for", {
      hint: "Name an IoC with --ioc, a list with --ioc-file, or a STIX pattern with --pattern.",
    });
  }
  const set = createIndicatorSet({ subdomains: flags.subdomains === true, keepExpired: true });
  const kind = flags.iocType as ObservableKind | undefined;
  for (const value of flags.ioc) putValue(set, value, kind);
  for (const pattern of flags.pattern) await putPattern(set, pattern);
  return set;
}

function putValue(set: OwnIndicatorSet, value: string, kind: ObservableKind | undefined): void {
  const observable = observe(value, kind);
  if (observable === undefined) {
    throw new InputError(
      kind === undefined
        ? `Not an IoC: ${JSON.stringify(value)}`
        : `Not ${kind}: ${JSON.stringify(value)}`,
      {
        place: { key: "--ioc" },
        hint: `The kinds are ${OBSERVABLE_KINDS.join(", ")}; --ioc-type names one.`,
      },
    );
  }
  set.putPlain(observable, set.source("--ioc"), 0);
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
