/** Hunts with the engine against a recorded node. */
import type { Engine, Match, RetroQuery, Trouble } from "../../../src/engines/engine.ts";
import { open, type VastOptions } from "../../../src/engines/vast/mod.ts";
import type { Indicator } from "../../../src/intel/indicator.ts";
import type { IocSetOptions } from "../../../src/match/set.ts";
import { startVast, type Vast, type VastOptions as NodeOptions } from "../../recorded_node/mod.ts";
import { indicatorSet } from "./indicators.ts";

/** Runs with an engine that is closed and a node that is gone at the end. */
export async function withEngine(
  body: (engine: Engine, vast: Vast) => Promise<void>,
  options: VastOptions & { readonly node?: NodeOptions } = {},
): Promise<void> {
  await using vast = await startVast(options.node);
  const { node: { endpoint }, binary, folder } = vast;
  const engine = await open({ vast: endpoint, vast_binary: binary, folder, ...options });
  try {
    await body(engine, vast);
  } finally {
    await engine.close();
  }
}

/** What a hunt gave. */
export interface Hunted {
  readonly matches: Match[];
  readonly troubles: Trouble[];
  /** Rows by the value that was seen, sorted. */
  readonly rows: Record<string, string[]>;
}

/** Hunts for some values. */
export async function hunt(
  engine: Engine,
  texts: Iterable<string | Indicator>,
  query: Partial<RetroQuery> = {},
  signal = new AbortController().signal,
): Promise<Hunted> {
  const troubles: Trouble[] = [];
  const matches: Match[] = [];
  const whole = { indicators: indicatorSet(texts), maxEvents: 0, ...query };
  const hooks = { trouble: (trouble: Trouble) => void troubles.push(trouble) };
  for await (const batch of engine.retro(whole, hooks, signal)) matches.push(...batch);
  const rows: Record<string, string[]> = {};
  const decoder = new TextDecoder();
  for (const { observable, event } of matches) {
    (rows[observable!.value] ??= []).push(decoder.decode(event.bytes));
  }
  for (const list of Object.values(rows)) list.sort();
  return { matches, troubles, rows };
}

/** What the exact matcher finds in the events themselves: the whole truth. */
export function truth(
  events: readonly Uint8Array[],
  texts: Iterable<string>,
  options: IocSetOptions = {},
) {
  const set = indicatorSet(texts, options);
  const decoder = new TextDecoder();
  const rows: Record<string, string[]> = {};
  for (const bytes of events) {
    const text = decoder.decode(bytes);
    const hits = set.iocs.hits(JSON.parse(text));
    const seen = new Set<number>();
    for (const { handle, observable } of hits) {
      if (seen.has(handle)) continue;
      seen.add(handle);
      (rows[observable.value] ??= []).push(text);
    }
  }
  for (const list of Object.values(rows)) list.sort();
  return rows;
}
