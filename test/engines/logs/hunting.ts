import type { Match, Trouble } from "../../../src/engines/engine.ts";
import { type LogsOptions, open } from "../../../src/engines/logs/mod.ts";
import type { Indicator, IndicatorChange, IndicatorSet } from "../../../src/intel/indicator.ts";
import { createIocSet } from "../../../src/match/ioc_set.ts";
import type { Observable, ObservableKind } from "../../../src/match/observable.ts";
import type { IocSetOptions } from "../../../src/match/set.ts";

/** Plain IoCs as `kind:value`, canonical. */
export function iocs(names: readonly string[], options: IocSetOptions = {}): IndicatorSet {
  const set = createIocSet(options);
  const indicators = new Map<number, Indicator>();
  const listeners: ((change: IndicatorChange) => void)[] = [];
  const put = (indicator: Indicator) => {
    const handle = indicators.size;
    indicators.set(handle, indicator);
    for (const point of indicator.points) set.add(point, handle);
    for (const listener of listeners) listener({ type: "add", handle, indicator });
    return { type: "added", handle } as const;
  };
  for (const name of names) put(ioc(name));
  return {
    get size() {
      return indicators.size;
    },
    iocs: set,
    compounds: new Set(),
    sweeping: new Set(),
    get: (handle) => indicators.get(handle)!,
    withId: (id) => [...indicators.values()].find((indicator) => indicator.id === id),
    handles: () => indicators.keys(),
    put,
    remove: () => false,
    onChange: (listener) => listeners.push(listener),
  };
}

/** One plain IoC, `kind:value`. */
export function ioc(name: string): Indicator {
  const colon = name.indexOf(":");
  const point: Observable = {
    kind: name.slice(0, colon) as ObservableKind,
    value: name.slice(colon + 1),
  };
  return { id: name, pattern: "", stix: {}, points: [point] };
}

/** What a hunt gave. */
export interface Hunted {
  readonly matches: readonly Match[];
  readonly troubles: readonly Trouble[];
  /** `ioc file:line field`, files by their names. */
  readonly spots: readonly string[];
}

/** Hunts to the end. */
export async function hunt(
  paths: readonly string[],
  indicators: IndicatorSet,
  query: { since?: number; until?: number; maxEvents?: number } = {},
  options: Omit<LogsOptions, "paths"> = {},
): Promise<Hunted> {
  const engine = await open({ paths, ...options });
  const matches: Match[] = [];
  const troubles: Trouble[] = [];
  const hooks = { trouble: (trouble: Trouble) => troubles.push(trouble) };
  const signal = new AbortController().signal;
  for await (
    const batch of engine.retro({ indicators, maxEvents: 0, ...query }, hooks, signal)
  ) {
    matches.push(...batch);
  }
  await engine.close();
  return { matches, troubles, spots: matches.map(spot) };
}

/** `ioc file:line field` */
export function spot({ indicator, where }: Match): string {
  const file = where.source.slice(where.source.lastIndexOf("/") + 1);
  return `${indicator.id} ${file}:${where.line} ${where.field}`;
}

/** Text of a match's event. */
export function eventText(match: Match): string {
  return new TextDecoder().decode(match.event.bytes);
}

/** Runs with a new folder that is gone afterwards. */
export async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
