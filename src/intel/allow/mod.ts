/** Values that never produce sightings: allow-lists and the built-in guard. */
import type { Observable } from "../../match/observable.ts";
import type { Guard, GuardSieve } from "../admission.ts";
import type { IocInput } from "../readers/input.ts";
import type { AllowList } from "./allow_list.ts";
import { type BuiltinOptions, mayBeNoise, noiseReason, noiseSieve } from "./builtin.ts";
import { readAllowList } from "./read.ts";

/** A guard for `createIndicatorSet`: `guard` for what comes in, `spare` for what is seen. */
export interface AllowGuard extends Guard {
  /** For `IndicatorSetOptions.spare`; counts what it spares. */
  spare(seen: Observable): boolean;
  /** Sightings that were not made, by list; what was held back as it came is in `heldBack` of the set. */
  readonly spared: ReadonlyMap<string, number>;
}

/** What guards. */
export interface GuardOptions {
  readonly lists?: readonly AllowList[];
  /** The built-in guard against values that match almost everything; unset is none. */
  readonly builtin?: BuiltinOptions;
  /** Told of each sighting that is not made, by list. */
  readonly onSpared?: (list: string) => void;
}

const NO_SIEVE = { pairs: new Uint8Array(8192), shapes: new Uint32Array(256) };

/** Joins allow-lists and the built-in guard. */
export function createGuard({ lists = [], builtin, onSpared }: GuardOptions): AllowGuard {
  let sieve: GuardSieve | undefined;
  const spared = new Map<string, number>();
  const listOf = (observable: Observable) => lists.find((list) => list.holds(observable));

  return {
    spared,
    reason(observable, explicit) {
      // Who names 10.0.0.0/8 by itself means it.
      const noise = builtin && !explicit ? noiseReason(observable, builtin) : undefined;
      if (noise !== undefined) return `matches almost everything: ${noise}`;
      const list = listOf(observable);
      return list && `allow-listed by ${list.name}`;
    },
    concerns(kind, bytes, start, end) {
      return lists.length > 0 || (builtin !== undefined && mayBeNoise(kind, bytes, start, end));
    },
    get sieve() {
      if (lists.length > 0) return undefined;
      return sieve ??= builtin === undefined ? NO_SIEVE : noiseSieve();
    },
    spare(seen) {
      const list = listOf(seen);
      if (list === undefined) return false;
      spared.set(list.name, (spared.get(list.name) ?? 0) + 1);
      onSpared?.(list.name);
      return true;
    },
  };
}

/** Reads all lists and joins them with the built-in guard. */
export async function loadGuard(
  inputs: readonly IocInput[],
  builtin?: BuiltinOptions,
  onSpared?: GuardOptions["onSpared"],
): Promise<AllowGuard> {
  const lists = await Promise.all(inputs.map(readAllowList));
  return createGuard({ lists, ...(builtin && { builtin }), ...(onSpared && { onSpared }) });
}
